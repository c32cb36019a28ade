import type { Access } from './access.ts';
import { Failure } from './failure.ts';
import { failureOf, NOT_OURS } from './problem.ts';

export type Page<Row> = { data: Row[]; page: { nextCursor: string | null } };

const ANSWER_WITHIN = 150_000; // ms, longer than a connection test

/** The service was not there, or has gone while it was listened to: it may come back. */
export class Unreachable extends Failure {}

/** The public API of a running service. Every failure is a `Failure` that says what happened and what to do. */
export class Api {
  constructor(private readonly access: Access) {}

  get<Body>(path: string): Promise<Body> {
    return this.ask<Body>('GET', path);
  }

  post<Body>(path: string, body?: object, headers?: Record<string, string>): Promise<Body> {
    return this.ask<Body>('POST', path, body, headers);
  }

  async ask<Body>(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Body> {
    const signal = AbortSignal.timeout(ANSWER_WITHIN);
    const reply = await this.reach(method, path, { body, headers, signal });
    const text = await reply.text().catch((error: unknown) => {
      throw this.unreachable(error);
    });
    if (!reply.ok) throw failureOf(reply.status, text);
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
    if (!reply.ok || reply.body === null) throw await refused(reply);
    try {
      yield* reply.body;
    } catch (error) {
      throw this.unreachable(error);
    }
  }

  private async reach(
    method: string,
    path: string,
    {
      body,
      headers,
      signal,
    }: { body?: object | undefined; headers: Record<string, string>; signal?: AbortSignal | undefined },
  ): Promise<Response> {
    const { url, key } = this.access;
    try {
      return await fetch(`${url}${path}`, {
        method,
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

  private unreachable(error: unknown): Failure {
    const { url } = this.access;
    if (error instanceof DOMException && error.name === 'TimeoutError')
      return new Unreachable(`${url} has not answered within ${ANSWER_WITHIN / 1000} seconds.`);
    const reason = reasonOf(error);
    const [said, advice] = REASONS[reason] ?? [
      'Nobody answers at',
      'Start the service with npm start, or say with --url where it is.',
    ];
    return new Unreachable(`${said} ${url}.`, advice);
  }
}

const refused = async (reply: Response): Promise<Failure> => {
  const { message, advice } = failureOf(reply.status, await reply.text());
  return reply.status === 503 ? new Unreachable(message, advice) : new Failure(message, advice);
};

/** By the code that the system or the TLS library gives. */
const REASONS: Record<string, [said: string, advice: string]> = {
  ENOTFOUND: ['Nobody knows the host of', 'Say with --url where the service is.'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['There is no https at', 'Say http:// with --url.'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['There is no https at', 'Say http:// with --url.'],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'The certificate is not trusted of',
    'Name its authority with NODE_EXTRA_CA_CERTS.',
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'The certificate is not trusted of',
    'Name its authority with NODE_EXTRA_CA_CERTS.',
  ],
  CERT_HAS_EXPIRED: ['The certificate has expired of', 'Renew it.'],
  UND_ERR_SOCKET: ['The connection broke to', 'Ask again: the service may have been restarted.'],
  ECONNRESET: ['The connection broke to', 'Ask again: the service may have been restarted.'],
};

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
};
