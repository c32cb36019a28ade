import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { boundServer, drain } from '../../src/shared/http/http-server.ts';
import { listen } from '../../src/shared/http/listen.ts';
import { sendRaw } from './http-edge-app.ts';

const HOUR = 3_600_000;

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A server that holds answers back until the test gives them, but those to HEAD. */
const started = async (
  limits?: Parameters<typeof boundServer>[1],
): Promise<{ port: number; asked: Promise<ServerResponse> }> => {
  const asked = Promise.withResolvers<ServerResponse>();
  server = createServer((request, response) => {
    if (request.method === 'HEAD') response.end();
    else asked.resolve(response);
  });
  boundServer(server, limits);
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  return { port: Number(new URL(url).port), asked: asked.promise };
};

const opened = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

const ASK = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a request that never ends', () => {
  it.each([
    ['its headers', 'GET / HTTP/1.1\r\nX-Slow: ', { headersTimeout: 50 }],
    [
      'its body',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nslow',
      { requestTimeout: 50, headersTimeout: 50 },
    ],
  ])('is refused when it takes too long over %s', async (_, bytes, limits) => {
    const { port } = await started({ ...limits, connectionsCheckingInterval: 10 });
    const answer = await sendRaw(port, bytes);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([408, 'application/problem+json']);
    expect(JSON.parse(answer.body)).toMatchObject({ type: 'tag:crm-sync,2026:problems/request-timeout' });
  });

  it('has less time than Node would give it', async () => {
    await started();
    expect(server.headersTimeout).toBeLessThanOrEqual(15_000);
    expect(server.requestTimeout).toBeLessThanOrEqual(60_000);
  });
});

describe('the end of the server', () => {
  it('waits for the answer that is under way, and not for who has nothing to ask', async () => {
    const { port, asked } = await started();
    const idle = await opened(port);
    idle.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(idle, 'data');
    const busy = await opened(port);
    busy.write(ASK);
    const response = await asked;
    const drained = drain(server, HOUR);
    await once(idle.resume(), 'close');
    response.end('done');
    expect(String(await once(busy, 'data'))).toContain('done');
    await once(busy, 'close');
    await expect(drained).resolves.toBeUndefined();
  });

  it('does not wait for ever', async () => {
    const { port, asked } = await started();
    const busy = await opened(port);
    busy.on('error', () => undefined).write(ASK);
    await asked;
    const closed = once(busy, 'close');
    await drain(server, 50);
    await expect(closed).resolves.toBeDefined();
  });
});
