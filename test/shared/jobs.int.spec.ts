import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Refusal } from '../../src/shared/errors.ts';
import { Jobs } from '../../src/shared/jobs/jobs.ts';
import type { JobQueue } from '../../src/shared/jobs/jobs.ts';
import { Shutdown } from '../../src/shared/shutdown.ts';
import { openTestStore, until } from './event-store-harness.ts';
import type { Instance, TestStore } from './event-store-harness.ts';

const queue = (name: string, more: Partial<JobQueue> = {}): JobQueue => ({
  name,
  keep: 'all',
  heartbeat: 10,
  retries: 3,
  pause: 1,
  longestPause: 1,
  atATime: 2,
  ...more,
});

let store: TestStore;
let running: { jobs: Jobs; shutdown: Shutdown }[];
beforeAll(async () => {
  store = await openTestStore();
  running = [];
  Logger.overrideLogger(false);
});
afterAll(async () => {
  await Promise.all(running.map(({ jobs, shutdown }) => stop(jobs, shutdown)));
  await store.close();
});

const stop = async (jobs: Jobs, shutdown: Shutdown): Promise<void> => {
  shutdown.begin();
  await jobs.beforeApplicationShutdown();
};

/** An instance that does what comes in these queues. */
const working = async (
  on: Instance,
  ...work: [JobQueue, (data: { n: number }, signal: AbortSignal) => Promise<void>][]
): Promise<{ jobs: Jobs; shutdown: Shutdown }> => {
  const shutdown = new Shutdown();
  const jobs = new Jobs(on.database, shutdown);
  for (const [name, handler] of work)
    jobs.on<{ n: number }>(name, ({ data, signal }) => handler(data, signal));
  await jobs.onApplicationBootstrap();
  await jobs.start();
  running.push({ jobs, shutdown });
  return { jobs, shutdown };
};

const left = (name: string): string =>
  `not exists (select from jobs.job where name = '${name}' and state in ('created', 'retry', 'active'))`;

describe('a job', () => {
  it('is done when the transaction that sent it has committed, and never when that was rolled back', async () => {
    const done: number[] = [];
    const letters = queue('letters');
    const { jobs } = await working(store, [letters, async ({ n }) => void done.push(n)]);
    await store.database.transaction(() => jobs.send(letters, { n: 1 }));
    const failing = store.database.transaction(async () => {
      await jobs.send(letters, { n: 2 });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await store.database.transaction(() => jobs.send(letters, { n: 3 }));
    await until(store, left('letters'));
    expect(new Set(done)).toEqual(new Set([1, 3]));
    expect(done).toHaveLength(2);
  });

  it('is not seen before the transaction has committed', async () => {
    const slow = queue('slow');
    const { jobs } = await working(store, [slow, async () => undefined]);
    await store.database.transaction(async () => {
      await jobs.send(slow, { n: 1 }, { key: 'k' });
      expect(await store.rows("select from jobs.job where name = 'slow'")).toEqual([]);
    });
    expect(await store.rows("select from jobs.job where name = 'slow'")).toHaveLength(1);
  });

  it('is tried again when it failed, by whoever is there, and given up after the last try', async () => {
    const tries: number[] = [];
    const hopeless = queue('hopeless', { retries: 1, pause: 0 });
    const { jobs } = await working(store, [
      hopeless,
      async ({ n }) => {
        tries.push(n);
        throw new Error('Not today.');
      },
    ]);
    await jobs.send(hopeless, { n: 7 }, { key: 'seven' });
    expect(await jobs.has(hopeless, 'seven')).toBe(true);
    await until(store, "exists (select from jobs.job where name = 'hopeless' and state = 'failed')");
    expect(tries).toEqual([7, 7]);
    expect(await jobs.has(hopeless, 'seven')).toBe(false);
  });

  it('of which the latest is kept waits once while another one with its key is worked on', async () => {
    const looks = queue('looks', { keep: 'latest' });
    const gate = new EventTarget();
    let looked = 0;
    const begun = once(gate, 'begun');
    const { jobs } = await working(store, [
      looks,
      async () => {
        looked += 1;
        if (looked > 1) return;
        const opened = once(gate, 'opened');
        gate.dispatchEvent(new Event('begun'));
        await opened;
      },
    ]);
    await jobs.send(looks, { n: 1 }, { key: 'client 7' });
    await begun;
    for (let n = 0; n < 20; n += 1) await jobs.send(looks, { n }, { key: 'client 7' });
    gate.dispatchEvent(new Event('opened'));
    await until(store, left('looks'));
    expect(looked).toBe(2);
  });

  it('whose worker fell silent is given to another', async () => {
    const orders = queue('orders');
    const { jobs, shutdown } = await working(store, [orders, async () => undefined]);
    await stop(jobs, shutdown);
    await jobs.send(orders, { n: 5 });
    // As a worker leaves it that was killed in the middle.
    await store.rows(
      "update jobs.job set state = 'active', started_on = now() - interval '1 minute', heartbeat_on = now() - interval '1 minute' where name = 'orders'",
    );
    const done: number[] = [];
    await working(await store.another(), [orders, async ({ n }) => void done.push(n)]);
    await until(store, left('orders'));
    expect(done).toEqual([5]);
  });

  it('is waited for when the program ends, and no other one is begun', async () => {
    const errands = queue('errands', { atATime: 1 });
    const gate = new EventTarget();
    const begun = once(gate, 'begun');
    const ended: string[] = [];
    const { jobs, shutdown } = await working(store, [
      errands,
      async (_, signal) => {
        const aborted = once(signal, 'abort');
        gate.dispatchEvent(new Event('begun'));
        await aborted;
        ended.push('handed back');
        await jobs.send(errands, { n: 2 });
      },
    ]);
    await jobs.send(errands, { n: 1 });
    await begun;
    await stop(jobs, shutdown);
    expect(ended).toEqual(['handed back']);
    const rows = await store.rows<{ state: string }>(
      "select state::text from jobs.job where name = 'errands' order by created_on",
    );
    expect(rows.map(({ state }) => state)).toEqual(['completed', 'created']);
  });
});

describe('a queue whose database is away', () => {
  it('says so once, not for each worker at each look', async () => {
    const on = await store.another();
    const letters = queue('letters-to-nobody');
    const { jobs } = await working(on, [letters, async () => undefined]);
    const told: unknown[] = [];
    const collect = {
      log: () => undefined,
      error: () => undefined,
      warn: (...said: unknown[]) => told.push(said.at(-2)),
    };
    Logger.overrideLogger(collect);
    try {
      on.database.close(new Refusal('unavailable', 'database-away', 'It is away.'));
      for (const n of [1, 2, 3]) await expect(jobs.send(letters, { n })).rejects.toThrow('It is away.');
      expect(told).toEqual(['the queue cannot be read or written']);
    } finally {
      Logger.overrideLogger(false);
    }
  });
});

describe('the tables of the queue', () => {
  it('can be used but not changed by the role the service works as', async () => {
    await expect(store.database.run('alter table jobs.job add column extra int')).rejects.toThrow(
      /must be owner/,
    );
  });
});
