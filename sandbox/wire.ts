import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { failure, page, type Answer } from './answers.ts';
import type { Trouble, TroubleKind } from './troubles.ts';

const numberOr = (value: Trouble['value'], otherwise: number): number =>
  value === undefined || !Number.isFinite(Number(value)) ? otherwise : Number(value);

/** The answer that a trouble gives without anything being done; null: it strikes on the way back, or writes itself. */
export const insteadOf = ({ kind, value }: Trouble): Answer | null => {
  if (kind === 'status') return failure(numberOr(value, 500), 'Something went wrong');
  if (kind === 'html') return page(numberOr(value, 200), 'Down for maintenance');
  if (kind === 'too-many') return failure(403, 'Too many requests');
  if (kind === 'body') {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: String(value ?? '') };
  }
  if (kind === 'redirect') {
    return { status: 302, headers: { location: String(value ?? 'https://elsewhere.example/') }, body: '' };
  }
  if (kind !== 'rate-limit') return null;
  const { headers, ...rest } = failure(429, 'Too many requests');
  return {
    ...rest,
    headers: { ...headers, ...(value === undefined ? {} : { 'retry-after': String(value) }) },
  };
};

type Sent = Omit<Answer, 'body'> & { body: string | Buffer };

export const plainly = (res: ServerResponse, { status, headers, body }: Sent): void => {
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(body);
};

const MEGABYTE = Buffer.alloc(1_048_576, ' ');

type Wire = (
  res: ServerResponse,
  answer: Answer,
  value: Trouble['value'],
  signal: AbortSignal,
) => Promise<void> | void;

const half = ({ body }: Answer): Buffer =>
  Buffer.from(body).subarray(0, Math.floor(Buffer.byteLength(body) / 2));

/** Waits until what was written has left, so that the half is really there when the connection ends. */
const breakOff = (res: ServerResponse, answer: Answer, end: 'destroy' | 'resetAndDestroy'): void => {
  res.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  res.write(half(answer), () => res.socket?.[end]());
};

const drip: Wire = async (res, answer, value, signal) => {
  const bytes = Buffer.from(answer.body);
  res.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length });
  for (let at = 0; at < bytes.length && !res.destroyed; at += 1) {
    res.write(bytes.subarray(at, at + 1));
    await pause(numberOr(value, 100), undefined, { signal });
  }
  res.end();
};

const drained = (res: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      res.off('drain', settle);
      res.off('close', settle);
      resolve();
    };
    res.on('drain', settle);
    res.on('close', settle);
  });

const huge: Wire = async (res, _answer, value) => {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.write('{"data":[');
  for (let sent = 0; sent < numberOr(value, 1000) && !res.destroyed; sent += 1) {
    if (!res.write(MEGABYTE)) await drained(res);
  }
  res.end(']}');
};

/** gzip members may follow one another, so one small one, repeated, unpacks to any size. */
const gzipBomb: Wire = (res, _answer, value) => {
  const bomb = Buffer.concat(Array<Buffer>(numberOr(value, 1000)).fill(gzipSync(MEGABYTE)));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  res.writeHead(200, { ...headers, 'content-length': bomb.length });
  res.end(bomb);
};

const endlessHeaders: Wire = async (res, _answer, _value, signal) => {
  res.socket?.write('HTTP/1.1 200 OK\r\n');
  for (let count = 0; res.socket?.writable === true; count += 1) {
    res.socket.write(`X-Filler-${count}: ${'x'.repeat(1000)}\r\n`);
    await pause(5, undefined, { signal });
  }
};

const WIRES: Partial<Record<TroubleKind, Wire>> = {
  hang: () => undefined,
  huge,
  drip,
  'gzip-bomb': gzipBomb,
  'endless-headers': endlessHeaders,
  'not-http': (res) => void res.socket?.end('\u0000\u0001 this is no HTTP\r\n\r\n'),
  slow: async (res, answer, value, signal) => {
    await pause(numberOr(value, 1400), undefined, { signal });
    plainly(res, answer);
  },
  lost: (res) => void res.socket?.destroy(),
  truncate: (res, answer) => breakOff(res, answer, 'destroy'),
  reset: (res, answer) => breakOff(res, answer, 'resetAndDestroy'),
  cut: (res, answer) => plainly(res, { ...answer, body: half(answer) }),
  'gzip-garbage': (res, answer) =>
    plainly(res, {
      ...answer,
      headers: { ...answer.headers, 'content-encoding': 'gzip' },
      body: 'this is not gzip at all',
    }),
};

/** Nothing is done for these: they write what they write. */
export const isEmptyHanded = (kind: TroubleKind): boolean =>
  ['hang', 'huge', 'gzip-bomb', 'endless-headers', 'not-http'].includes(kind);

/** Puts the answer on the wire, with whatever the trouble does to it there. Rejects when `signal` ends it. */
export const send = async (
  res: ServerResponse,
  answer: Answer,
  trouble: Trouble | null,
  signal: AbortSignal,
): Promise<void> => {
  const wire = trouble === null ? undefined : WIRES[trouble.kind];
  if (wire === undefined) plainly(res, answer);
  else await wire(res, answer, trouble?.value, signal);
};
