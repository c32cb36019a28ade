import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventFilter } from '../../../src/shared/event-store/event-filter.ts';
import type { Event, Recorded } from '../../../src/shared/event-store/event.ts';
import { openTestStore, recording } from '../event-store-harness.ts';
import type { TestStore } from '../event-store-harness.ts';

const STREAMS = ['lead-1', 'lead-2', 'lead-10', 'lead', 'leads~x', 'client-a:1', 'client-a:2', 'Lead-1'];
const TYPES = ['Seen', 'Heard', 'Said'];
const RUNS = ['run-1', 'run-2', undefined];

let store: TestStore;
let all: Recorded[];
beforeAll(async () => {
  store = await openTestStore();
  for (let n = 0; n < 60; n += 1) {
    const events: Event[] = Array.from({ length: 1 + (n % 3) }, (_, i) => ({
      type: TYPES[(n + i) % 3]!,
      data: { n, i },
      ...(n % 4 === 0 && { personal: { name: `Name ${n}` }, subject: `person-${n % 5}` }),
    }));
    const runId = RUNS[n % 3];
    const meta = {
      actor: n % 2 === 0 ? 'key:1' : 'schedule',
      correlationId: `c-${n % 7}`,
      causationId: null,
      ...(runId !== undefined && { runId }),
    };
    await store.events.transact([recording(STREAMS[(n * 5) % STREAMS.length]!, ...events)], meta);
  }
  all = await store.events.readAll({ limit: 1000 });
});
afterAll(() => store.close());

const positions = (events: readonly Recorded[]): number[] => events.map(({ position }) => position);
const LIMIT = 1000;

describe('reading the log', () => {
  it('brings everything by position when nothing is asked', () => {
    expect(positions(all)).toEqual(all.map((_, n) => n + 1));
    expect(all.length).toBeGreaterThan(100);
  });

  it('takes both ends of a range as not included', async () => {
    expect(positions(await store.events.readAll({ after: 5, before: 9, limit: LIMIT }))).toEqual([6, 7, 8]);
    expect(await store.events.readAll({ after: 5, before: 6, limit: LIMIT })).toEqual([]);
    expect(await store.events.readAll({ after: all.length, limit: LIMIT })).toEqual([]);
    expect(positions(await store.events.readAll({ before: 3, order: 'desc', limit: LIMIT }))).toEqual([2, 1]);
  });

  it('reads backwards from the newest', async () => {
    const newest = await store.events.readAll({ order: 'desc', limit: 4 });
    expect(newest).toEqual(all.slice(-4).toReversed());
  });

  it('takes a stream by its name, and streams by how their names begin', async () => {
    const of = async (stream: string): Promise<Set<string>> =>
      new Set((await store.events.readAll({ stream, limit: LIMIT })).map((event) => event.stream));
    expect(await of('lead-1')).toEqual(new Set(['lead-1']));
    expect(await of('lead-1*')).toEqual(new Set(['lead-1', 'lead-10']));
    expect(await of('lead*')).toEqual(new Set(['lead', 'lead-1', 'lead-2', 'lead-10', 'leads~x']));
    expect(await of('leads*')).toEqual(new Set(['leads~x']));
    expect(await of('client-a:*')).toEqual(new Set(['client-a:1', 'client-a:2']));
    expect(await of('*')).toEqual(new Set(STREAMS));
    expect(await of('l*ad')).toEqual(new Set());
    expect(await of('LEAD*')).toEqual(new Set());
    expect(await of('%')).toEqual(new Set());
  });

  it('knows the first position of every moment', async () => {
    const times = [...new Set(all.map(({ recordedAt }) => recordedAt))];
    const moments = times.map((time) => `'${time}'::timestamptz`);
    const between = moments.flatMap((m) => [
      m,
      `${m} - interval '1 microsecond'`,
      `${m} + interval '1 microsecond'`,
    ]);
    const wrong = await store.rows(`
      select moment, first_position_since(moment) as said, first as is
        from unnest(array[${between.join()}, '-infinity', 'infinity', '2001-01-01', '2999-01-01']) as m (moment)
       cross join lateral (select coalesce(min(position), (select position + 1 from event_log)) as first
          from events where recorded_at >= moment) e
       where first_position_since(moment) <> first`);
    expect(wrong).toEqual([]);
    expect(between.length).toBeGreaterThan(100);
  });

  it('answers any mixture of filters as a plain filter over the whole log would', async () => {
    const position = fc.integer({ min: -1, max: 130 });
    const time = fc.integer({ min: 0, max: 119 }).map((n) => all[n % all.length]!.recordedAt);
    const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      fc.option(value, { nil: undefined, freq: 3 });
    const filters: fc.Arbitrary<EventFilter> = fc.record({
      after: maybe(position),
      before: maybe(position),
      order: maybe(fc.constantFrom('asc', 'desc')),
      stream: maybe(fc.constantFrom(...STREAMS, 'lead*', 'client-*', 'x*', '*')),
      types: maybe(fc.uniqueArray(fc.constantFrom(...TYPES, 'Unknown'))),
      actor: maybe(fc.constantFrom('key:1', 'schedule', 'cli')),
      correlationId: maybe(fc.constantFrom('c-0', 'c-3', 'c-9')),
      runId: maybe(fc.constantFrom('run-1', 'run-2', 'run-3')),
      since: maybe(time),
      until: maybe(time),
      limit: fc.integer({ min: 1, max: 150 }),
    });
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        expect(await store.events.readAll(filter)).toEqual(expected(filter));
      }),
      { numRuns: 200 },
    );
  });

  it('gives the whole table, page after page, whatever the sizes of the pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
        fc.constantFrom<'asc' | 'desc'>('asc', 'desc'),
        async (sizes, order) => {
          const read: Recorded[] = [];
          for (let n = 0; ; n += 1) {
            const last = read.at(-1)?.position;
            const from = order === 'asc' ? { after: last } : { before: last };
            const page = await store.events.readAll({ ...from, order, limit: sizes[n % sizes.length]! });
            if (page.length === 0) break;
            read.push(...page);
          }
          expect(read).toEqual(order === 'asc' ? all : all.toReversed());
        },
      ),
      { numRuns: 15 },
    );
  });

  it('brings whole streams in order of version, and says nothing about those that do not exist', async () => {
    const streams = await store.events.read(['lead-2', 'nobody', 'lead-10']);
    expect([...streams.keys()].toSorted()).toEqual(['lead-10', 'lead-2']);
    expect(streams.get('lead-2')).toEqual(all.filter(({ stream }) => stream === 'lead-2'));
    expect(streams.get('lead-10')!.map(({ version }) => version)).toEqual(
      streams.get('lead-10')!.map((_, n) => n + 1),
    );
  });

  it('brings a stream in order of version also where the database joins it in another way', async () => {
    await store.rows(
      "do $$ begin execute format('alter database %I set enable_nestloop = off', current_database()); end $$",
    );
    const instance = await store.another();
    for (const stream of STREAMS) {
      expect((await instance.events.read([stream])).get(stream)).toEqual(
        all.filter((event) => event.stream === stream),
      );
    }
  });
});

const expected = (filter: EventFilter): Recorded[] => {
  const { after, before, order, stream, types, actor, correlationId, runId, since, until, limit } = filter;
  const found = all.filter(
    (event) =>
      (after === undefined || event.position > after) &&
      (before === undefined || event.position < before) &&
      (stream === undefined ||
        (stream.endsWith('*') ? event.stream.startsWith(stream.slice(0, -1)) : event.stream === stream)) &&
      (types === undefined || types.includes(event.type)) &&
      (actor === undefined || event.meta.actor === actor) &&
      (correlationId === undefined || event.meta.correlationId === correlationId) &&
      (runId === undefined || event.meta.runId === runId) &&
      (since === undefined || event.recordedAt >= since) &&
      (until === undefined || event.recordedAt < until),
  );
  return (order === 'desc' ? found.toReversed() : found).slice(0, limit);
};
