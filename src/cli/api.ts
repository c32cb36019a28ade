import type { Access } from './access.ts';
import { Failure } from './failure.ts';
import { failureOf, NOT_OURS } from './problem.ts';
import { saidOf } from './unreachable.ts';

export type Page<Row> = { data: Row[]; page: { nextCursor: string | null } };

type Sent = { body?: object | undefined; headers: Record<string, string>; signal?: AbortSignal | undefined };

const ANSWER_WITHIN = 150_000; // ms, longer than a connection test

/** The service was not there, or has gone while it was listened to: it may come back. */
export class Unreachable extends Failure {}

/** The public API of a running service. Every failure is a `Failure` that says what happened and what to do. */
export class Api {
  constructor(private readonly access: Access) {}

  get<Body>(path: string, within = ANSWER_WITHIN): Promise<Body> {
    return this.ask<Body>('GET', path, undefined, {}, within);
  }

  post<Body>(path: string, body?: object, headers?: Record<string, string>): Promise<Body> {
    return this.ask<Body>('POST', path, body, headers);
  }

  async ask<Body>(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
    within = ANSWER_WITHIN,
  ): Promise<Body> {
    const signal = AbortSignal.timeout(within);
    const reply = await this.reach(method, path, { body, headers, signal });
    const text = await reply.text().catch((error: unknown) => {
      throw this.unreachable(error);
    });
    if (!reply.ok) throw refusalOf(reply.status, text);
    try {
      return (text === '' ? undefined : JSON.parse(text)) as Body;
    } catch {
      throw NOT_OURS('its answer is no JSON');
    }
  }

  /** All rows of a list, page by page, at most `most`. */
  async *rows<Row>(path: string, most = Infinity): AsyncGenerator<Row, void, undefined> {
    const separator = path.includes('?') ? '&' : '?';
    let left = most;
    let cursor = '';
    while (left > 0) {
      const limit = Math.min(left, 200);
      const page = await this.get<Page<Row> | undefined>(`${path}${separator}limit=${limit}${cursor}`);
      if (!Array.isArray(page?.data)) throw NOT_OURS('its answer is no list');
      yield* page.data;
      left -= page.data.length;
      if (page.page.nextCursor === null) return;
      cursor = `&cursor=${page.page.nextCursor}`;
    }
  }

  /** The answer as it comes, for what is long or has no end. */
  async *stream(
    path: string,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const reply = await this.reach('GET', path, { headers, signal });
    if (!reply.ok || reply.body === null) {
      const text = await reply.text().catch((error: unknown) => {
        throw this.unreachable(error);
      });
      throw refusalOf(reply.status, text);
    }
    try {
      yield* reply.body;
    } catch (error) {
      throw this.unreachable(error);
    }
  }

  private async reach(method: string, path: string, sent: Sent): Promise<Response> {
    const reply = await this.send(method, path, sent);
    // Whatever crm-sync answers has one; what comes without it is another program's, or that of a proxy on the way.
    if (reply.headers.has('x-correlation-id')) return reply;
    void reply.body?.cancel().catch(() => undefined);
    throw this.stranger(reply);
  }

  private async send(method: string, path: string, { body, headers, signal }: Sent): Promise<Response> {
    const { url, key } = this.access;
    try {
      return await fetch(`${url}${path}`, {
        method,
        // The key goes where we were told to bring it, and a POST that is sent on may arrive as a GET.
        redirect: 'manual',
        headers: {
          authorization: `Bearer ${key}`,
          // By this a run knows that it was started from a terminal.
          'user-agent': 'crm-sync-cli',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      throw this.unreachable(error);
    }
  }

  private stranger({ status, headers }: Response): Failure {
    const { url } = this.access;
    if ([502, 503, 504].includes(status)) {
      return new Unreachable(
        `${url} is a proxy that does not reach the service behind it (status ${status}).`,
        'See whether the service runs, and where the proxy looks for it.',
      );
    }
    const to = headers.get('location');
    if (status >= 300 && status < 400 && to !== null && URL.canParse(to, url)) {
      const { origin } = new URL(to, url);
      return new Failure(
        `${url} sends callers on to ${origin}.`,
        'Say with --url where the service itself is.',
      );
    }
    return NOT_OURS(`status ${status}`);
  }

  private unreachable(error: unknown): Failure {
    const { url } = this.access;
    const [said, advice] = saidOf(url, error);
    return new Unreachable(said, advice);
  }
}

const refusalOf = (status: number, text: string): Failure => {
  const { message, advice } = failureOf(status, text);
  return status === 503 ? new Unreachable(message, advice) : new Failure(message, advice);
};
