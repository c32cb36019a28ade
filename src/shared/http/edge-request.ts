import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../caller.ts';

/** What our middleware and Express leave on a request. */
export type EdgeRequest = IncomingMessage & {
  method: string;
  url: string;
  correlationId: string;
  /** Set by the guard; absent on public routes. */
  caller?: Caller;
  /** The secret by which the guard let the caller in: a key, or the token of a session. */
  credential?: string;
  /** The body as it came, decompressed; set with `body`. */
  rawBody?: Buffer;
  body?: unknown;
  /** Express: the route that answers, its `path` is the pattern. */
  route?: { path?: unknown };
};

export type EdgeResponse = ServerResponse;

/** The path as it was sent (still percent-encoded), without the query. */
export const pathOf = (request: { url: string; originalUrl?: string }): string =>
  (request.originalUrl ?? request.url).split('?', 1)[0] ?? '/';

/** The query as it was sent, without the question mark. */
export const searchOf = (request: { url: string; originalUrl?: string }): string => {
  const url = request.originalUrl ?? request.url;
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
};
