import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';

/** What happens to everything that passes, until something else is set. Null: nothing. */
export type Fault =
  | { kind: 'latency'; ms: number; jitter?: number }
  /** Segments of one byte. */
  | { kind: 'slicer' }
  /** The reply is broken off by a reset after so many bytes. */
  | { kind: 'reset'; after: number }
  /** The reply ends properly, but after so many bytes. */
  | { kind: 'limit'; bytes: number }
  /** The server's side is closed as soon as it has answered, the client's is not. */
  | { kind: 'close-half' }
  /** New connections are closed at once, and there are no others. */
  | { kind: 'refuse' };

/** Stands between a program and a server and does to their talk what networks do. */
export type FaultProxy = {
  /** The server's address, by way of this proxy. */
  url: string;
  set(fault: Fault | null): void;
  /** Connections that are open now fall silent, and nobody is told. New ones are not concerned. */
  blackholeAll(): void;
  /** Of the questions to come, the one of this number (from 1) and its connection fall silent. */
  blackholeAt(question: number): void;
  /** Connections that are open now are reset. */
  resetAll(): void;
  /** The next request that matches is carried out; its answer is lost, then the line is reset. Resolves when it is. */
  swallowReplyAfter(request: RegExp): Promise<void>;
  /** How many times a question waited for its answer. */
  roundTrips(): number;
  close(): Promise<void>;
};

type Line = { near: Socket; far: Socket; silent: boolean; swallowing: (() => void) | null; answered: number };

/** `server`: its address, with the port. */
export const startFaultProxy = async (server: string): Promise<FaultProxy> => {
  const target = new URL(server);
  const lines = new Set<Line>();
  let fault: Fault | null = null;
  let lethal: { request: RegExp; done: () => void } | null = null;
  let asked = 0;
  let silentAt = Infinity;

  const open = (near: Socket): void => {
    if (fault?.kind === 'refuse') return void near.resetAndDestroy();
    const far = connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true });
    const line: Line = { near, far, silent: false, swallowing: null, answered: 0 };
    lines.add(line);
    let waits = false;
    void pump(near, far, line, (chunk) => {
      if (!waits) asked += 1;
      if (!waits && asked === silentAt) line.silent = true;
      waits = true;
      if (lethal?.request.test(chunk.toString('latin1')) !== true) return chunk;
      line.swallowing = lethal.done;
      lethal = null;
      return chunk;
    });
    void pump(far, near, line, (chunk) => {
      waits = false;
      return answered(line, chunk);
    });
  };

  /** What of the answer goes through. */
  const answered = (line: Line, chunk: Buffer): Buffer => {
    const { near, far, swallowing } = line;
    if (swallowing !== null) {
      near.resetAndDestroy();
      swallowing();
      return Buffer.alloc(0);
    }
    if (fault?.kind === 'close-half') far.end();
    const room = roomIn(fault) - line.answered;
    line.answered += chunk.length;
    if (chunk.length <= room) return chunk;
    const rest = chunk.subarray(0, Math.max(0, room));
    if (fault?.kind === 'limit') near.end(rest);
    else near.write(rest, () => near.resetAndDestroy());
    return Buffer.alloc(0);
  };

  /** Hands on, in order, what comes from one side to the other, and its end. */
  const pump = async (from: Socket, to: Socket, line: Line, through: (chunk: Buffer) => Buffer) => {
    from.on('error', () => from.destroy());
    from.on('close', () => {
      lines.delete(line);
      if (!line.silent) to.destroy();
    });
    try {
      for await (const chunk of from) await pass(to, line, through(chunk as Buffer));
      if (!line.silent) to.end();
    } catch {
      from.destroy();
    }
  };

  const pass = async (to: Socket, line: Line, chunk: Buffer): Promise<void> => {
    if (fault?.kind === 'latency') await sleep(fault.ms + Math.random() * (fault.jitter ?? 0));
    if (fault?.kind !== 'slicer') return void (line.silent || !to.writable || to.write(chunk));
    for (const byte of chunk) {
      if (line.silent || !to.writable) return;
      to.write(Buffer.of(byte));
      await tick();
    }
  };

  const listener = createServer({ noDelay: true, allowHalfOpen: true }, open);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(server);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);

  const resetAll = (): void => {
    for (const { near, far } of lines) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  return {
    url: url.href,
    resetAll,
    set: (next) => {
      fault = next;
      if (next?.kind === 'refuse') resetAll();
    },
    blackholeAll: () => {
      for (const line of lines) line.silent = true;
    },
    blackholeAt: (question) => {
      silentAt = asked + question;
    },
    swallowReplyAfter: (request) => new Promise((done) => (lethal = { request, done })),
    roundTrips: () => asked,
    close: async () => {
      resetAll();
      listener.close();
      await once(listener, 'close');
    },
  };
};

const roomIn = (fault: Fault | null): number => {
  if (fault?.kind === 'reset') return fault.after;
  return fault?.kind === 'limit' ? fault.bytes : Infinity;
};
