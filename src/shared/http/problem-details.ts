import { HttpException } from '@nestjs/common';
import { Refusal } from '../errors.ts';
import type { FieldError, RefusalKind } from '../errors.ts';
import { databaseTrouble } from '../database/database-trouble.ts';
import { HttpRefusal } from './http-refusal.ts';
import type { HttpRefusalKind } from './http-refusal.ts';

/** The one table of statuses. */
export const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  timeout: 408,
  conflict: 409,
  'precondition-failed': 412,
  'content-too-large': 413,
  'unsupported-media-type': 415,
  'expectation-failed': 417,
  unprocessable: 422,
  'too-many-requests': 429,
  'headers-too-large': 431,
  internal: 500,
  'bad-gateway': 502,
  unavailable: 503,
} as const satisfies Record<RefusalKind | HttpRefusalKind | 'internal', number>;

export type ProblemKind = keyof typeof STATUS;

/** An error as a caller may see it (RFC 9457). Nothing in here comes from an error that is not ours. */
export type Problem = {
  status: number;
  code: string;
  detail: string;
  errors: FieldError[];
  members: Record<string, unknown>;
  headers: Record<string, string>;
};

const MOST_ERRORS = 50;

const problem = (kind: ProblemKind, code: string, detail: string, rest: Partial<Problem> = {}): Problem => ({
  status: STATUS[kind],
  code,
  detail,
  errors: [],
  members: {},
  headers: {},
  ...rest,
});

/** What Nest and Express refuse by themselves. Their messages can quote the request, so they are not passed on. */
const ofFramework = (status: number): Problem => {
  switch (status) {
    case 403:
      return problem(
        'forbidden',
        'cross-site-request',
        'A browser sent this on behalf of another site. crm-sync takes changes only from its own pages and from programs.',
      );
    case 404:
      return problem(
        'not-found',
        'not-found',
        'There is nothing at this address. GET /openapi.json lists every address there is.',
      );
    case 413:
      return problem('content-too-large', 'content-too-large', 'The request is larger than crm-sync takes.');
    default:
      return problem(
        'invalid',
        'bad-request',
        'The request cannot be read: its address or its form is broken.',
      );
  }
};

const ofRefusal = ({ kind, code, message, details }: Refusal): Problem =>
  problem(kind, code, message, {
    errors: (details.errors ?? []).slice(0, MOST_ERRORS),
    members: details.members ?? {},
    headers: {
      ...(details.retryAfter !== undefined && {
        'Retry-After': String(Math.max(1, Math.ceil(details.retryAfter))),
      }),
      ...(kind === 'unauthenticated' && { 'WWW-Authenticate': 'Bearer' }),
    },
  });

export const problemOf = (error: unknown): Problem => {
  if (error instanceof Refusal) return ofRefusal(error);
  if (error instanceof HttpRefusal) {
    return problem(error.kind, error.code, error.message, { headers: error.headers });
  }
  if (error instanceof HttpException && error.getStatus() < 500) return ofFramework(error.getStatus());
  const trouble = databaseTrouble(error);
  if (trouble !== null) return ofRefusal(trouble);
  return problem(
    'internal',
    'internal-error',
    'Something failed inside crm-sync; the request is not to blame. The log has it under the correlation id.',
  );
};

const titleOf = (code: string): string => {
  const words = code.replaceAll(/[-._]/g, ' ').replace(/^crm\b/, 'CRM');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** The addresses of webhooks hold their secret. */
const SECRET_PATH = /^\/hooks\/.*/is;

/** Percent-encodes whatever has no place in an address, so that it can be shown anywhere. */
const safePath = (path: string): string =>
  path
    .replace(SECRET_PATH, '/hooks')
    .slice(0, 500)
    .toWellFormed()
    .replaceAll(/[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]/g, encodeURIComponent);

/** The problem document. `path` is the request's, without its query. */
export const problemDocument = (
  { status, code, detail, errors, members }: Problem,
  path: string,
  correlationId: string,
): Record<string, unknown> => ({
  ...members,
  type: `tag:crm-sync,2026:problems/${code}`,
  title: titleOf(code),
  status,
  detail,
  instance: safePath(path),
  ...(errors.length > 0 && { errors }),
  correlationId,
});
