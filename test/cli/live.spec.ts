import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../../src/cli/api.ts';
import { live } from '../../src/cli/live.ts';

/** What the service answers to one request after the other; the last one again and again. */
let answers: ((response: ServerResponse) => void)[] = [];
const asked: (string | undefined)[] = [];
const server = createServer((request, response) => {
  asked.push(request.headers['last-event-id'] as string | undefined);
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  answer?.(response);
});

let api: Api;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  api = new Api({ url: `http://127.0.0.1:${port}`, key: 'a-key' });
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

/** By this crm-sync is known. */
const OURS = { 'x-correlation-id': 'a-correlation-id' };
const message = (id: number): string => `id: ${id}\ndata: ${id}\n\n`;
const tells =
  (text: string, end: (response: ServerResponse) => void) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { ...OURS, 'content-type': 'text/event-stream' });
    response.write(text, () => end(response));
  };
const refuses =
  (status: number) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, OURS).end(JSON.stringify({ status, detail: `Status ${status}.` }));

describe('a stream that is listened to', () => {
  it('goes on behind what was told last when the service ends it, breaks off, or is away for a while', async () => {
    const heard = Promise.withResolvers<void>();
    answers = [
      tells(message(1) + message(2), (response) => response.end()),
      refuses(503),
      tells(`: still here\n\n${message(3)}id: 4\ndata: ha`, (response) => {
        void heard.promise.then(() => response.destroy());
      }),
      tells(message(4), () => undefined),
    ];
    asked.length = 0;
    let lost = 0;
    const told: string[] = [];
    for await (const { data } of live(api, '/live', { patience: 60_000, lost: () => void (lost += 1) })) {
      told.push(data);
      if (data === '3') heard.resolve();
      if (told.length === 4) break;
    }
    expect(told).toEqual(['1', '2', '3', '4']);
    expect(asked).toEqual([undefined, '2', '2', '3']);
    // Once for each time that it was gone, however long.
    expect(lost).toBe(2);
  });

  it('is given up when nobody answers for too long, and at once when the answer is no', async () => {
    answers = [refuses(503)];
    const never = async (patience: number): Promise<void> => {
      for await (const _ of live(api, '/live', { patience, lost: () => undefined })) break;
    };
    await expect(never(0)).rejects.toThrow('Status 503.');
    answers = [refuses(404)];
    await expect(never(60_000)).rejects.toThrow('Status 404.');
  });
});
