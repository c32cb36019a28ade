import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setImmediate as tick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startFaultProxy } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';

/** Answers each request (a text and a full stop) with as many bytes as it says, and remembers what it was asked. */
let server: Server;
let asked: string[];
let pieces: number;
let served: Socket[];
let proxy: FaultProxy;
beforeEach(async () => {
  asked = [];
  pieces = 0;
  served = [];
  server = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => undefined);
    let request = '';
    socket.on('data', (chunk) => {
      pieces += 1;
      request += chunk.toString();
      if (!request.endsWith('.')) return;
      asked.push(request.slice(0, -1));
      socket.write('x'.repeat(Number(/\d+/.exec(request)?.[0] ?? 0)));
      request = '';
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startFaultProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await proxy.close();
  server.close();
});

type Client = { socket: Socket; ask: (text: string) => void; end: Promise<string>; received: () => string[] };

/** `end`: how the connection ended: 'end', or the code of its error. */
const dial = async (): Promise<Client> => {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  const chunks: string[] = [];
  socket.on('data', (chunk) => chunks.push(chunk.toString()));
  const end = new Promise<string>((resolve) => {
    socket.on('end', () => resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  await Promise.race([once(socket, 'connect').catch(() => undefined), end]);
  return { socket, end, ask: (text) => void socket.write(`${text}.`), received: () => chunks };
};

const answer = async ({ socket, received }: Client, bytes: number): Promise<void> => {
  while (received().join('').length < bytes) await once(socket, 'data');
};

describe('a fault proxy', () => {
  it('hands everything on, both ways, and counts how often somebody waited for an answer', async () => {
    const client = await dial();
    for (const n of [1, 2, 3]) {
      client.ask('give 10');
      await answer(client, n * 10);
    }
    expect([asked, proxy.roundTrips()]).toEqual([['give 10', 'give 10', 'give 10'], 3]);
    client.socket.end();
    expect(await client.end).toBe('end');
  });

  it('delays', async () => {
    proxy.set({ kind: 'latency', ms: 30, jitter: 5 });
    const client = await dial();
    const before = performance.now();
    client.ask('give 1');
    await answer(client, 1);
    // Both ways; timers may fire a little early.
    expect(performance.now() - before).toBeGreaterThan(55);
  });

  it('cuts into single bytes, and loses none', async () => {
    proxy.set({ kind: 'slicer' });
    const client = await dial();
    client.ask('give 300');
    await answer(client, 300);
    expect(asked).toEqual(['give 300']);
    expect(pieces).toBeGreaterThan(4);
    expect(client.received().length).toBeGreaterThan(100);
  });

  it('resets after so many bytes of the answer', async () => {
    proxy.set({ kind: 'reset', after: 7 });
    const client = await dial();
    client.ask('give 100');
    expect(await client.end).toBe('ECONNRESET');
    expect(client.received().join('').length).toBeLessThanOrEqual(7);
  });

  it('ends the answer properly after so many bytes', async () => {
    proxy.set({ kind: 'limit', bytes: 7 });
    const client = await dial();
    client.ask('give 100');
    expect(await client.end).toBe('end');
    expect(client.received().join('')).toHaveLength(7);
  });

  it('falls silent on open connections, and serves new ones', async () => {
    const client = await dial();
    client.ask('give 1');
    await answer(client, 1);
    proxy.blackholeAll();
    client.ask('give 2');
    const other = await dial();
    other.ask('give 3');
    await answer(other, 3);
    expect([asked, client.received().join('')]).toEqual([['give 1', 'give 3'], 'x']);
    expect(client.socket.readyState).toBe('open');
    client.socket.destroy();
  });

  it('falls silent at the question of a number, and only on that connection', async () => {
    proxy.blackholeAt(2);
    const [heard, deaf] = [await dial(), await dial()];
    heard.ask('give 1');
    await answer(heard, 1);
    deaf.ask('give 2');
    while (proxy.roundTrips() < 2) await tick();
    heard.ask('give 3');
    await answer(heard, 4);
    expect([asked, deaf.received()]).toEqual([['give 1', 'give 3'], []]);
    heard.socket.destroy();
    deaf.socket.destroy();
  });

  it('loses the answer to a request that matches, which is carried out, and to no other', async () => {
    const client = await dial();
    const swallowed = proxy.swallowReplyAfter(/commit/i);
    client.ask('give 1');
    await answer(client, 1);
    client.ask('COMMIT 2');
    await swallowed;
    expect([await client.end, asked, client.received().join('')]).toEqual([
      'ECONNRESET',
      ['give 1', 'COMMIT 2'],
      'x',
    ]);
    const next = await dial();
    next.ask('COMMIT 4');
    await answer(next, 4);
  });

  it('closes one half and keeps the other', async () => {
    proxy.set({ kind: 'close-half' });
    const client = await dial();
    client.ask('give 5');
    await answer(client, 5);
    await once(served[0]!, 'end');
    expect(client.received().join('')).toBe('xxxxx');
    expect(client.socket.writable).toBe(true);
    client.socket.destroy();
  });

  it('resets what is open and refuses what comes, until it is told to pass again', async () => {
    const client = await dial();
    client.ask('give 1');
    await answer(client, 1);
    proxy.set({ kind: 'refuse' });
    expect(await client.end).toBe('ECONNRESET');
    expect(await (await dial()).end).toMatch(/end|ECONNRESET/);
    proxy.set(null);
    const next = await dial();
    next.ask('give 2');
    await answer(next, 2);
  });
});
