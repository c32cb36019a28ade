import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { disagreements, operationAt, type Document } from './openapi.ts';

export type Answer<Body> = {
  status: number;
  headers: Headers;
  /** The last part of a problem's type, '' for anything else. */
  code: string;
  body: Body;
  text: string;
};

/** How a test asks the service. A text or bytes are sent as they are, any other body as JSON. Every answer is held to the OpenAPI document and must not contain a secret. */
export type Api = <Body>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer<Body>>;

export type Service = {
  url: string;
  databaseUrl: string;
  api: Api;
  /** `GET /api/leads/{id}` and the like, with the statuses that were answered. */
  observed: ReadonlyMap<string, ReadonlySet<number>>;
  document: Document;
  /** Everything it has written, on both streams. */
  output: () => string;
  pid: number;
  /** SIGTERM. @throws when it does not end by itself, with 0. */
  stop: () => Promise<void>;
  /** SIGKILL. */
  kill: () => Promise<void>;
};

export type ServiceOptions = {
  databaseUrl: string;
  restUrl: string;
  /** Left out: there is no JSON-RPC. */
  rpcUrl?: string;
  /** Texts that no answer may contain. */
  secrets?: readonly string[];
  environment?: Record<string, string>;
  /** Another build than the one of this folder. */
  main?: string;
};

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Milliseconds. The service itself gives up after nine seconds; a machine that stands still takes longer over them. */
const LONGEST_END = 60_000;

/** Nothing may depend on the zone of the machine: the tests themselves run in that of whoever runs them. */
const ELSEWHERE = 'Asia/Tokyo';

/** Invented, for tests only: the key of the API, and what seals secrets. */
export const API_KEY = 'crs_the-key-of-the-end-to-end-tests-1';
export const ENCRYPTION_KEYS = `tests:${randomBytes(32).toString('base64')}`;

/** What has been compiled once in a run of the tests: a program starts a fifth faster with it. */
export const COMPILED = {
  NODE_COMPILE_CACHE: join(process.env['CRM_SYNC_TEST_DATA'] ?? tmpdir(), 'compiled'),
};

export type Program = ChildProcessByStdio<null, Readable, Readable>;

/** The built program with this environment and nothing else, on a machine that is set to another zone than the tests' own. */
export const startProgram = (
  environment: Record<string, string>,
  main = MAIN,
): { program: Program; output: () => string } => {
  const program = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', TZ: ELSEWHERE, ...COMPILED, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [program.stdout, program.stderr]) {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  }
  return { program, output: () => Buffer.concat(chunks).toString() };
};

/** Exit code or signal, once all output has been read. */
export const ended = async (program: Program): Promise<number | string> => {
  if (program.exitCode !== null || program.signalCode !== null) {
    return program.exitCode ?? String(program.signalCode);
  }
  const [code, signal] = await once(program, 'close');
  return (code ?? signal) as number | string;
};

/** The address of the ready line. @throws what was written, when the program ends without it. */
export const ready = (program: Program, output: () => string): Promise<string> =>
  new Promise((resolve, reject) => {
    const look = (): void => {
      const url = /^crm-sync is ready: (\S+)$/m.exec(output())?.[1];
      if (url === undefined) return;
      program.stdout.off('data', look);
      resolve(url);
    };
    program.stdout.on('data', look);
    program.once('close', (code) => reject(new Error(`The service ended with ${code}: ${output()}`)));
  });

export const environmentOf = ({
  databaseUrl,
  restUrl,
  rpcUrl,
  environment,
}: ServiceOptions): Record<string, string> => ({
  PORT: '0',
  DATABASE_URL: databaseUrl,
  CRM_SYNC_DATA_DIR: process.env['CRM_SYNC_TEST_DATA'] ?? join(tmpdir(), 'crm-sync-tests'),
  CRM_SYNC_API_KEY: API_KEY,
  CRM_SYNC_ENCRYPTION_KEYS: ENCRYPTION_KEYS,
  SIMPLYBOOK_REST_URL: restUrl,
  ...(rpcUrl === undefined ? {} : { SIMPLYBOOK_RPC_URL: rpcUrl }),
  SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: '0',
  ...environment,
});

/** Starts the built program and waits until it is ready. */
export const startService = async (options: ServiceOptions): Promise<Service> => {
  const { program, output } = startProgram(environmentOf(options), options.main);
  const url = await ready(program, output);
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const observed = new Map<string, Set<number>>();

  const api: Api = async <Body>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> => {
    const sent = body === undefined || isRaw(body) ? body : JSON.stringify(body);
    const reply = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${API_KEY}`,
        ...ownConnection(sent),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = isEndless(path, reply) ? await leave(reply) : await reply.text();
    const { status } = reply;
    const contentType = reply.headers.get('content-type') ?? '';
    const wrong = disagreements(document, { method, path, status, contentType, text });
    const spilt = (options.secrets ?? []).filter((secret) => text.includes(secret));
    if (wrong.length > 0) throw new Error(`The answer is not as documented. ${wrong.join('; ')}: ${text}`);
    if (spilt.length > 0) throw new Error(`${method} ${path} answered with a secret: ${text}`);
    note(observed, document, method, path, status);
    const parsed = contentType.includes('json') ? JSON.parse(text) : text;
    const code = status < 400 ? '' : String(parsed.type).replace('tag:crm-sync,2026:problems/', '');
    return { status, headers: reply.headers, code, body: parsed, text };
  };

  const stop = async (): Promise<void> => {
    const late = setTimeout(() => program.kill('SIGKILL'), LONGEST_END);
    program.kill('SIGTERM');
    const code = await ended(program);
    clearTimeout(late);
    if (code !== 0) throw new Error(`The service ended with ${code} on SIGTERM: ${output()}`);
  };
  const kill = async (): Promise<void> => {
    program.kill('SIGKILL');
    await ended(program);
  };
  const { databaseUrl } = options;
  return { url, databaseUrl, api, observed, document, output, pid: program.pid ?? 0, stop, kill };
};

/** Asks, and answers when the service has certainly got the request: with its answer, which may take longer. */
export const arrived = async <Body>(
  { url }: Service,
  method: string,
  path: string,
): Promise<{ answer: Promise<Pick<Answer<Body>, 'status' | 'body'>> }> => {
  const asked = request(`${url}${path}`, {
    method,
    agent: false,
    headers: { authorization: `Bearer ${API_KEY}`, expect: '100-continue', 'content-length': 0 },
  });
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  const answer = answered.then(async ([reply]) => ({
    status: reply.statusCode ?? 0,
    body: (await json(reply)) as Body,
  }));
  asked.flushHeaders();
  await Promise.race([once(asked, 'continue'), answer]);
  asked.end();
  return { answer };
};

/** The log as it grows is listened to by live-events.e2e.spec; for everybody else it has begun to answer, and that is all. */
const isEndless = (path: string, { status }: Response): boolean =>
  status === 200 && path.startsWith('/api/events/live');

const leave = async (reply: Response): Promise<string> => {
  await reply.body?.cancel();
  return '';
};

/** Characters or bytes. */
const LONG = 10_000;

/**
 * A connection of its own for a request: one that was kept may be closed by the other side, which stood still for a while, at
 * the very moment at which it is used again. A long body can be refused before it has been read, and is drained on a kept one only.
 */
export const ownConnection = (body: unknown): Record<string, string> =>
  (typeof body === 'string' || body instanceof Uint8Array) && body.length > LONG
    ? {}
    : { connection: 'close' };

const isRaw = (body: unknown): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array;

const note = (
  observed: Map<string, Set<number>>,
  document: Document,
  method: string,
  path: string,
  status: number,
): void => {
  const pattern = operationAt(document, method, path.split('?')[0] ?? '')?.pattern;
  if (pattern === undefined) return;
  const name = `${method} ${pattern}`;
  observed.set(name, (observed.get(name) ?? new Set()).add(status));
};
