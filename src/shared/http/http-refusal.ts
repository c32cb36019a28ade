/** What only HTTP can be refused for. Like `RefusalKind`, it gets its status in problem-details.ts. */
export type HttpRefusalKind =
  | 'forbidden'
  | 'method-not-allowed'
  | 'timeout'
  | 'content-too-large'
  | 'unsupported-media-type'
  | 'expectation-failed'
  | 'too-many-requests'
  | 'headers-too-large';

/** A request that HTTP itself rules out, before anybody looks at what it asks for. */
export class HttpRefusal extends Error {
  readonly kind: HttpRefusalKind;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(kind: HttpRefusalKind, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = 'HttpRefusal';
    this.kind = kind;
    this.code = code;
    this.headers = headers;
  }
}
