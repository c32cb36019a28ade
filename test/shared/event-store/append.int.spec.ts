import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Collision, decision } from '../../../src/shared/event-store/decider.ts';
import type { Decider } from '../../../src/shared/event-store/decider.ts';
import type { EventStore } from '../../../src/shared/event-store/event-store.ts';
import type { Event, Recorded } from '../../../src/shared/event-store/event.ts';
import {
  happened,
  holdTheHead,
  META,
  openTestStore,
  recording,
  until,
  areWaiting,
} from '../event-store-harness.ts';
import type { TestStore } from '../event-store-harness.ts';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

type Counted = Event<'Counted', { to: number }>;
const counter: Decider<number, Counted> = { initial: 0, evolve: (_, { data }) => data.to };
const count = (state: number): Counted[] => [{ type: 'Counted', data: { to: state + 1 } }];
const idOf = ({ data }: Recorded): string => (data as { id: string }).id;
const headOf = async (): Promise<number> =>
  Number((await store.rows<{ position: string }>('select position from event_log'))[0]!.position);

class ChangeOfMind extends Error {}

/** Somebody else was faster on one of its streams, five times in a row. */
const hasLostEveryRace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '23505';

/** A transaction as writers have them: work, an append, more work, and now and then a change of mind. */
const write = async (events: EventStore, streams: string[]): Promise<string[]> => {
  const ids = Array.from({ length: randomInt(1, 4) }, () => randomUUID());
  const decisions = ids.map((id) => recording(streams[randomInt(streams.length)]!, happened(id)));
  try {
    await events.transaction(async () => {
      await pause(randomInt(3));
      await events.transact(decisions, META);
      await pause(randomInt(3));
      if (randomInt(4) === 0) throw new ChangeOfMind();
    });
    return ids;
  } catch (error) {
    if (error instanceof ChangeOfMind || hasLostEveryRace(error)) return [];
    throw error;
  }
};

describe('appending', () => {
  it('lets a live reader see every committed event once, in order and without a gap, while sixteen write', async () => {
    const WRITERS = 16;
    const TRANSACTIONS = 20;
    const streams = Array.from({ length: 100 }, (_, n) => `busy-${n}`);
    const from = await headOf();
    const other = await store.another();
    const seen: Recorded[] = [];
    let writing = true;
    const read = async (): Promise<void> => {
      for (;;) {
        const isLast = !writing;
        const after = seen.at(-1)?.position ?? from;
        const page = await other.events.readAll({ after, limit: randomInt(1, 30) });
        seen.push(...page);
        if (isLast && page.length === 0) return;
      }
    };
    const reading = read();
    const written = await Promise.all(
      Array.from({ length: WRITERS }, async (_, n) => {
        const ids: string[] = [];
        const events = n % 2 === 0 ? store.events : other.events;
        for (let i = 0; i < TRANSACTIONS; i += 1) ids.push(...(await write(events, streams)));
        return ids;
      }),
    );
    writing = false;
    await reading;

    const committed = written.flat();
    expect(committed.length).toBeGreaterThan(WRITERS);
    expect(seen.map(({ position }) => position)).toEqual(committed.map((_, n) => from + n + 1));
    expect(seen.map(idOf).toSorted()).toEqual(committed.toSorted());
    const broken = await store.rows(`select stream from events group by stream
      having count(*) <> max(version) or min(version) <> 1`);
    expect(broken).toEqual([]);
    expect(await headOf()).toBe(from + committed.length);
  });

  it('gives the position of what was rolled back to whoever waited behind it', async () => {
    const from = await headOf();
    const { promise: appended, resolve: hasAppended } = Promise.withResolvers<void>();
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    const rolledBack = store.events.transaction(async () => {
      await store.events.transact([recording('first', happened())], META);
      hasAppended();
      await mayGoOn;
      throw new ChangeOfMind();
    });
    await appended;
    const waiting = store.events.transact([recording('second', happened())], META);
    await until(store, areWaiting(1));
    expect(await store.events.readAll({ after: from, limit: 10 })).toEqual([]);
    goOn();
    await expect(rolledBack).rejects.toThrow(ChangeOfMind);
    expect((await waiting)[0]![0]).toMatchObject({ position: from + 1, stream: 'second', version: 1 });
  });

  it('decides again on the new state when somebody else was faster on the same stream', async () => {
    const other = await store.another();
    const states: number[] = [];
    const watched = decision('race', counter, (state) => {
      states.push(state);
      return count(state);
    });
    const head = await holdTheHead(store);
    const both = [store.events.transact([watched], META), other.events.transact([watched], META)];
    await until(store, areWaiting(2));
    await head.release();
    const recorded = (await Promise.all(both)).flat(2);

    expect(states).toEqual([0, 0, 1]);
    const counted = recorded.map(({ version, data }) => `${version}: ${(data as Counted['data']).to}`);
    expect(new Set(counted)).toEqual(new Set(['1: 1', '2: 2']));
  });

  it('runs the transaction again when a decision finds that what it was prepared on is not so any more', async () => {
    const stream = `collision-${randomUUID()}`;
    let prepared = 0;
    const recorded = await store.events.transaction(async () => {
      prepared += 1;
      const isOutdated = prepared < 3;
      const decide = (): Event[] => {
        if (isOutdated) throw new Collision('Something');
        return [happened()];
      };
      return store.events.transact([{ stream, decide }], META);
    });
    expect([prepared, recorded.flat().length]).toEqual([3, 1]);
  });

  it('lets work of one name happen one at a time, in whichever instance', async () => {
    const another = await store.another();
    const done: string[] = [];
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = store.events.oneAtATime('a name', async () => {
      begun.resolve();
      await release.promise;
      done.push('first');
    });
    await begun.promise;
    const second = another.events.oneAtATime('a name', async () => void done.push('second'));
    await until(store, areWaiting(1));
    await another.events.oneAtATime('another name', async () => void done.push('other'));
    release.resolve();
    await Promise.all([first, second]);
    expect(done).toEqual(['other', 'first', 'second']);
  });

  it('lets a later decision of a batch see what an earlier one decided about the same stream', async () => {
    const one = decision('together', counter, count);
    const recorded = await store.events.transact([one, recording('apart', happened()), one], META);
    expect(recorded.map((events) => events.map(({ stream, version }) => `${stream}@${version}`))).toEqual([
      ['together@1'],
      ['apart@1'],
      ['together@2'],
    ]);
    expect((recorded[2]![0]!.data as Counted['data']).to).toBe(2);
  });

  it('records nothing when nothing was decided', async () => {
    const from = await headOf();
    expect(await store.events.transact([recording('quiet'), recording('still')], META)).toEqual([[], []]);
    expect(await headOf()).toBe(from);
  });

  it('returns what it recorded exactly as it is read afterwards', async () => {
    const person = { type: 'PersonMet', data: { n: 1 }, personal: { name: 'Ada' }, subject: 'ada' };
    const decided = { ...recording('exact', happened(), person), cause: 'event:1' };
    const [recorded] = await store.events.transact([decided], { ...META, runId: 'r-1' });
    expect((await store.events.read(['exact'])).get('exact')).toEqual([
      { ...recorded![0], personal: null },
      recorded![1],
    ]);
    expect(recorded![1]!.meta).toEqual({ ...META, runId: 'r-1', causationId: 'event:1' });
  });

  it('waits for its turn, whoever is ready first', async () => {
    const turn = Promise.withResolvers<void>();
    const late = store.events.transact([recording('turn', happened('late'))], META, turn.promise);
    await store.events.transact([recording('elsewhere', happened('early'))], META);
    const from = await headOf();
    turn.resolve();
    expect((await late)[0]![0]!.position).toBe(from + 1);
  });

  it('records nothing when its turn never comes', async () => {
    const from = await headOf();
    const skipped = Promise.reject(new ChangeOfMind());
    const waiting = store.events.transact([recording('turn', happened())], META, skipped);
    await expect(waiting).rejects.toThrow(ChangeOfMind);
    expect(await headOf()).toBe(from);
  });

  it('knows which event of a batch is the cause of another', async () => {
    const cause = recording('cause', happened(), happened());
    const decided = [recording('before', happened()), cause, { ...recording('effect', happened()), cause }];
    const recorded = await store.events.transact(decided, META);
    const [effect] = (await store.events.read(['effect'])).get('effect')!;
    expect(effect).toEqual({ ...recorded[2]![0], personal: null });
    expect(effect!.meta).toEqual({ ...META, causationId: `event:${recorded[1]![0]!.position}` });
  });
});

describe('read models', () => {
  it('are fed in the same transaction: when one of them throws, nothing has happened', async () => {
    const instance = await store.another();
    await store.rows('create table noted (id text primary key)');
    await store.rows('grant select, insert on noted to crm_sync_service');
    instance.events.subscribe({
      name: 'noted',
      tables: [],
      on: ['SomethingHappened'],
      apply: async (events) => {
        for (const event of events) {
          await instance.database.execute(sql`insert into noted values (${idOf(event)})`);
        }
      },
    });
    instance.events.subscribe({
      name: 'fragile',
      tables: [],
      on: ['SomethingHappened'],
      apply: (events) =>
        events.some((event) => idOf(event) === 'bad')
          ? Promise.reject(new ChangeOfMind())
          : Promise.resolve(),
    });
    const from = await headOf();
    const batch = ['fine', 'good', 'bad'].map((id) => recording(`noted-${id}`, happened(id)));
    await expect(instance.events.transact(batch, META)).rejects.toThrow(ChangeOfMind);
    expect(await headOf()).toBe(from);
    expect(await store.rows('select id from noted')).toEqual([]);

    await instance.events.transact([recording('noted-1', happened('good'))], META);
    expect(await store.rows('select id from noted')).toEqual([{ id: 'good' }]);
  });

  it('see each batch once, in order of position, and only the types they asked for', async () => {
    const instance = await store.another();
    const batches: string[][] = [];
    instance.events.subscribe({
      name: 'watcher',
      tables: [],
      on: ['Counted'],
      apply: (events) => Promise.resolve(void batches.push(events.map(({ stream }) => stream))),
    });
    const decided = [
      decision('w-1', counter, count),
      recording('w-2', happened()),
      decision('w-3', counter, count),
    ];
    await instance.events.transact(decided, META);
    await instance.events.transact([recording('w-2', happened())], META);
    expect(batches).toEqual([['w-1', 'w-3']]);
  });
});

describe('append_events', () => {
  const append = async (stream: string, ...versions: number[]): Promise<string> => {
    const batch = versions.map((version) => ({ stream, version, type: 'Tried', data: {} }));
    try {
      const { rows } = await store.admin.query('select ordinal from append_events($1, $2)', [
        JSON.stringify(batch),
        JSON.stringify(META),
      ]);
      return `ok ${rows.length}`;
    } catch (error) {
      const { code } = error as { code: string };
      return (
        ({ '23505': 'conflict', CS001: 'gap', '23514': 'refused' } as Record<string, string>)[code] ?? code
      );
    }
  };

  // As in KurrentDB's append tables: what the stream has, which versions the batch claims, what comes of it.
  it.each<[existing: number, appended: number[], outcome: string]>([
    [0, [1], 'ok 1'],
    [0, [1, 2, 3], 'ok 3'],
    [0, [2], 'gap'],
    [0, [1, 3], 'gap'],
    [0, [2, 1], 'gap'],
    [0, [1, 1], 'gap'],
    [0, [0], 'gap'],
    [0, [0, 1], 'gap'],
    [0, [-1], 'gap'],
    [1, [1], 'conflict'],
    [1, [1, 2], 'conflict'],
    [1, [2], 'ok 1'],
    [1, [3], 'gap'],
    [3, [4, 5], 'ok 2'],
    [3, [3], 'conflict'],
    [3, [2, 3, 4], 'conflict'],
    [3, [4, 4], 'gap'],
    [3, [5], 'gap'],
    [3, [4, 6], 'gap'],
    [3, [], 'ok 0'],
  ])('on a stream of %j events, versions %j: %s', async (existing, appended, outcome) => {
    const stream = `table-${randomUUID()}`;
    await append(stream, ...Array.from({ length: existing }, (_, n) => n + 1));
    const from = await headOf();
    expect(await append(stream, ...appended)).toBe(outcome);
    expect(await headOf()).toBe(outcome.startsWith('ok') ? from + appended.length : from);
  });

  it.each([
    '',
    'white space',
    "quote'",
    'line\nbreak',
    'ünicode',
    'percent%',
    'unit\x1fseparator',
    'a'.repeat(401),
  ])('refuses the stream name %j', async (stream) => {
    expect(await append(stream, 1)).toBe('refused');
  });

  it('stamps times that never step back, whatever the clock does', async () => {
    await store.rows("update event_log set recorded_at = clock_timestamp() + interval '1 hour'");
    const [[late]] = (await store.events.transact([recording('clock', happened())], META)) as [[Recorded]];
    const [[later]] = (await store.events.transact([recording('clock', happened())], META)) as [[Recorded]];
    expect(later.recordedAt >= late.recordedAt).toBe(true);
    const back = await store.rows(`select position from (
      select position, recorded_at < lag(recorded_at) over (order by position) as back from events) e where back`);
    expect(back).toEqual([]);
  });
});
