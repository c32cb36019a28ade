/** What kind of no this is. Only the problem-details filter knows which HTTP status belongs to each. */
export type RefusalKind =
  | 'invalid' // the request itself is wrong
  | 'unauthenticated' // nobody we know
  | 'not-found'
  | 'conflict' // right, but not now: it clashes with what is stored
  | 'precondition-failed' // right, but not for the version that it was meant for
  | 'unprocessable' // well-formed, yet it cannot be done
  | 'bad-gateway' // the CRM did not do its part
  | 'unavailable'; // we cannot do ours at the moment

/** One thing wrong with the request; `pointer` is a JSON pointer into the body or `?name` for a query parameter. */
export type FieldError = { pointer: string; detail: string };

export type RefusalDetails = {
  errors?: FieldError[];
  /** More members for the problem document (RFC 9457 section 3.2). */
  members?: Record<string, unknown>;
  /** Seconds after which another try makes sense; becomes Retry-After. */
  retryAfter?: number;
};

/**
 * A request or a run that cannot be served, said to a person: `message` tells what happened, why, and what to do.
 * `code` is public and stable: it is the last part of the problem's `type`.
 */
export class Refusal extends Error {
  readonly kind: RefusalKind;
  readonly code: string;
  readonly details: RefusalDetails;

  constructor(kind: RefusalKind, code: string, message: string, details: RefusalDetails = {}) {
    super(message);
    this.name = 'Refusal';
    this.kind = kind;
    this.code = code;
    this.details = details;
  }
}
