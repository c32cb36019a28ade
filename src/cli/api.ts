import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from './failure.ts';

export type Page<Row> = { data: Row[]; page: { nextCursor: string | null } };

type Problem = {
  title?: string;
  detail?: string;
  error?: string;
  errors?: { pointer: string; detail: string }[];
};

const DEFAULT_URL = 'http://127.0.0.1:3000';
const ANSWER_WITHIN = 150_000; // ms, longer than a connection test

/** Where the service is and the key that opens it, as the options and the environment say. */
export type Access = { url: string; key: string };

/** @throws Failure when there is no key to be found. */
export const findAccess = async (url: string | undefined, env: NodeJS.ProcessEnv): Promise<Access> => {
  const given = (name: string): string | undefined => env[name]?.trim() || undefined;
  const port = given('PORT');
  const address = url ?? given('CRM_SYNC_URL') ?? (port ? `http://127.0.0.1:${port}` : DEFAULT_URL);
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    throw new Failure(
      `"${address}" is no address of a service.`,
      'Give one like http://127.0.0.1:3000 with --url.',
    );
  }
  return {
    url: address.replace(/\/+$/, ''),
    key: given('CRM_SYNC_API_KEY') ?? (await keptKey(given('CRM_SYNC_DATA_DIR'))),
  };
};

const keptKey = async (directory = '.data'): Promise<string> => {
  try {
    return (await readFile(join(directory, 'api-key'), 'utf8')).trim();
  } catch {
    throw new Failure(
      `There is no API key: CRM_SYNC_API_KEY is not set, and ${directory} holds none that can be read.`,
      'Set CRM_SYNC_API_KEY, or run this where the service runs (CRM_SYNC_DATA_DIR says where its data directory is).',
    );
  }
};

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
    const reply = await this.reach(method, path, body, headers);
    const text = await reply.text();
    if (!reply.ok) throw failureOf(reply.status, text);
    return (text === '' ? undefined : JSON.parse(text)) as Body;
  }

  /** All rows of a list, page by page, at most `most`. */
  async *rows<Row>(path: string, most = Infinity): AsyncGenerator<Row, void, undefined> {
    const separator = path.includes('?') ? '&' : '?';
    let left = most;
    let cursor = '';
    while (left > 0) {
      const limit = Math.min(left, 200);
      const page = await this.get<Page<Row>>(`${path}${separator}limit=${limit}${cursor}`);
      yield* page.data;
      left -= page.data.length;
      if (page.page.nextCursor === null) return;
      cursor = `&cursor=${page.page.nextCursor}`;
    }
  }

  /** The answer as it comes, for what is long or has no end. */
  async stream(path: string, headers: Record<string, string> = {}): Promise<AsyncIterable<Uint8Array>> {
    const reply = await this.reach('GET', path, undefined, headers, null);
    if (!reply.ok || reply.body === null) throw failureOf(reply.status, await reply.text());
    return reply.body;
  }

  private async reach(
    method: string,
    path: string,
    body: object | undefined,
    headers: Record<string, string>,
    within: number | null = ANSWER_WITHIN,
  ): Promise<Response> {
    const { url, key } = this.access;
    try {
      return await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(within !== null && { signal: AbortSignal.timeout(within) }),
      });
    } catch {
      throw new Failure(
        `Nobody answers at ${url}.`,
        'Start the service with npm start, or say with --url where it is.',
      );
    }
  }
}

const failureOf = (status: number, text: string): Failure => {
  if (status === 401) {
    return new Failure(
      'The service does not accept this API key.',
      'Set CRM_SYNC_API_KEY to the key of this service; it stands in the file api-key of its data directory.',
    );
  }
  const problem = problemIn(text);
  if (problem === null) {
    return new Failure(
      `What answers there is not crm-sync (status ${status}).`,
      'Say with --url where it is.',
    );
  }
  const flaws = (problem.errors ?? []).map(({ pointer, detail }) => `  ${pointer} ${detail}`);
  const message = problem.error ?? problem.detail ?? problem.title ?? `Status ${status}.`;
  return new Failure([message, ...flaws].join('\n'));
};

const problemIn = (text: string): Problem | null => {
  try {
    const problem: unknown = JSON.parse(text);
    const isProblem = typeof problem === 'object' && problem !== null && 'status' in problem;
    return isProblem ? (problem as Problem) : null;
  } catch {
    return null;
  }
};
