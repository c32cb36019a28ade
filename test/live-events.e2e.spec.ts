import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, LogEvent } from './contract.ts';
import { API_KEY } from './service.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let company: Company;
let connection: Connection;
beforeAll(async () => {
  world = await startWorld();
  ({ company, connection } = await world.connected({ clients: 250 }));
  await world.sync(connection);
});
afterAll(() => world.stop());

type Listening = { until: (count: number) => Promise<LogEvent[]>; stop: () => Promise<LogEvent[]> };

/** Listens until told to stop; `until` waits for so many events. */
const listen = async (query = '', headers: Record<string, string> = {}): Promise<Listening> => {
  const over = new AbortController();
  const reply = await fetch(`${world.service.url}/api/events/live${query}`, {
    headers: { authorization: `Bearer ${API_KEY}`, ...headers },
    signal: over.signal,
  });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const events: LogEvent[] = [];
  let wake = (): void => undefined;
  const read = async (): Promise<void> => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of reply.body!) {
      text += decoder.decode(chunk, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(message) ?? [];
        if (data === undefined) continue;
        const event = JSON.parse(data) as LogEvent;
        expect(event.position).toBe(Number(id));
        events.push(event);
      }
      wake();
    }
  };
  const reading = read().catch(() => undefined);
  return {
    until: async (count) => {
      while (events.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return events;
    },
    stop: async () => {
      over.abort();
      await reading;
      return events;
    },
  };
};

const everything = (): Promise<LogEvent[]> => world.all<LogEvent>('/api/events');

describe('the log as it grows', () => {
  it('is told from its beginning and goes on with what comes, gapless, once and in order', async () => {
    const before = await everything();
    const listening = await listen('?after=0');
    await listening.until(before.length);
    company.crm.add({ name: 'Late Comer', email: 'late@live.example.com' });
    await world.sync(connection);
    const all = await everything();
    expect(all.length).toBe(before.length + 4);
    expect(await listening.until(all.length)).toEqual(all);
    await listening.stop();
  });

  it('goes on behind the last event that was seen, which a browser says by itself', async () => {
    const all = await everything();
    const seen = all.at(-3)!.position;
    const listening = await listen('?after=1', { 'last-event-id': String(seen) });
    expect(await listening.until(2)).toEqual(all.slice(-2));
    await listening.stop();
  });

  it('begins with what is to come when nobody says where', async () => {
    const listening = await listen();
    company.crm.add({ name: 'Next One', email: 'next@live.example.com' });
    await world.sync(connection);
    const told = await listening.until(4);
    expect(told.map(({ type }) => type)).toEqual([
      'SyncStarted',
      'ClientImported',
      'LeadUpserted',
      'SyncCompleted',
    ]);
    await listening.stop();
  });

  it('can be only of some types and streams', async () => {
    const listening = await listen('?after=0&type=SyncStarted,SyncCompleted&stream=sync-run-*');
    const wanted = (await everything()).filter(({ type }) => type.startsWith('Sync'));
    expect(await listening.until(wanted.length)).toEqual(wanted);
    await listening.stop();
  });

  it('loses nothing while many write', async () => {
    const listening = await listen('?after=0');
    const others = await Promise.all(Array.from({ length: 4 }, () => world.connected({ clients: 120 })));
    await Promise.all(others.map((other) => world.sync(other.connection)));
    const all = await everything();
    const told = await listening.until(all.length);
    expect(told.map(({ position }) => position)).toEqual(all.map((_, index) => index + 1));
    await listening.stop();
  });

  it.each([
    ['?after=-1', {}],
    ['?after=x', {}],
    ['?order=desc', {}],
    ['', { 'last-event-id': 'yesterday' }],
  ])('is refused for %s %o', async (query, headers: Record<string, string>) => {
    const { status } = await world.api('GET', `/api/events/live${query}`, undefined, headers);
    expect(status).toBe(400);
  });
});
