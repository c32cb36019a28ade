import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Event } from '../../../src/shared/event-store/event.ts';
import { happened, met, META, openTestStore, recording } from '../event-store-harness.ts';
import type { TestStore } from '../event-store-harness.ts';
import { firstBadPosition } from './chain.ts';

const EVENTS = 12;

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  for (let n = 1; n <= EVENTS / 3; n += 1) {
    const batch = [
      recording(`a-${n}`, happened()),
      recording('b', met(`person-${n}`, `Name ${n}`), happened()),
    ];
    await store.events.transact(batch, { ...META, runId: `run-${n}` });
  }
});
afterAll(() => store.close());

const firstBadEvent = async (first = 1, last?: number): Promise<number | null> => {
  const [row] = await store.rows<{ bad: string | null }>(
    'select first_bad_event($1, coalesce($2, (select position from event_log))) as bad',
    [first, last],
  );
  return row!.bad === null ? null : Number(row!.bad);
};

/** What both checks say about the log after this; afterwards it has not happened. */
const after = async (
  ...statements: string[]
): Promise<{ database: number | null; second: number | null }> => {
  await store.rows('begin');
  try {
    await store.rows('alter table events disable trigger all');
    await store.rows('alter table events drop constraint events_stream_version_key');
    for (const statement of statements) await store.rows(statement);
    return { database: await firstBadEvent(), second: await firstBadPosition(store.admin) };
  } finally {
    await store.rows('rollback');
  }
};

describe('the chain of hashes', () => {
  it('holds, whoever computes it', async () => {
    expect(await firstBadEvent()).toBeNull();
    expect(await firstBadPosition(store.admin)).toBeNull();
  });

  it('is what append_events has returned', async () => {
    const [recorded] = await store.events.transact([recording('returned', happened(), happened())], META);
    const rows = await store.rows<{ hash: string }>(`
      select encode(hash, 'hex') as hash from events where stream = 'returned' order by position`);
    expect(recorded!.map(({ hash }) => hash)).toEqual(rows.map(({ hash }) => hash));
    expect(await firstBadPosition(store.admin)).toBeNull();
  });

  const BYTE = 'set_byte(personal, 20, get_byte(personal, 20) # 1)';
  it.each<[what: string, statement: string, position: number]>([
    ['a letter of data', `update events set data = data || '{"id":"x"}' where position = 4`, 4],
    ['a key more in data', `update events set data = data || '{"more":1}' where position = 1`, 1],
    ['the type of a value in data', `update events set data = '{"id":1}' where position = 7`, 7],
    ['one byte of personal', `update events set personal = ${BYTE} where position = 5`, 5],
    ['all of personal', 'update events set personal = null where position = 8', 8],
    [
      'a personal value where there was none',
      `update events set subject = 'x', personal = 'y' where position = 6`,
      6,
    ],
    ['the subject', `update events set subject = 'person-9' where position = 2`, 2],
    ['the actor', `update events set meta = jsonb_set(meta, '{actor}', '"cli"') where position = 9`, 9],
    ['the run', `update events set meta = meta - 'runId' where position = 10`, 10],
    [
      'the time, by a millionth of a second',
      `update events set recorded_at = recorded_at + interval '1 microsecond' where position = 3`,
      3,
    ],
    ['the stream', `update events set stream = 'a-9' where position = 4`, 4],
    ['the version', 'update events set version = version + 100 where position = 11', 11],
    ['the type', `update events set type = 'NothingHappened' where position = 7`, 7],
    ['its own hash', 'update events set hash = sha256(hash) where position = 6', 6],
  ])('shows who changed %s', async (_, statement, position) => {
    expect(await after(statement)).toEqual({ database: position, second: position });
  });

  it('shows two events that have changed places', async () => {
    const swap = ['(3, -1)', '(6, 3)', '(-1, 6)'].map((pair) => {
      const [from, to] = pair.slice(1, -1).split(', ');
      return `update events set position = ${to} where position = ${from}`;
    });
    expect(await after(...swap)).toEqual({ database: 3, second: 3 });
  });

  it('shows an event taken out of the middle, and the gap closed over it', async () => {
    expect(await after('delete from events where position = 5')).toEqual({ database: 5, second: 5 });
    const close = [
      'delete from events where position = 5',
      'update events set position = position - 1 where position = 6',
      'update events set position = position - 1 where position > 6',
    ];
    expect(await after(...close)).toEqual({ database: 5, second: 5 });
  });

  it('shows a missing tail against the head', async () => {
    const [{ head }] = (await store.rows<{ head: string }>('select position as head from event_log')) as [
      { head: string },
    ];
    const bad = Number(head) - 1;
    const cut = `delete from events where position >= ${bad}`;
    expect(await after(cut)).toEqual({ database: bad, second: bad });
  });

  it('shows an event slipped in, even one with a hash that fits', async () => {
    const slip = `insert into events
      select position + 1, stream, version + 50, type, data, subject, personal, meta, recorded_at,
             sha256(hash || event_envelope(position + 1, stream, version + 50, type, subject, recorded_at)
               || event_payload_digest(data, meta, personal))
        from events where position = 5`;
    const shift = [
      'update events set position = position + 1000 where position > 5',
      slip,
      'update events set position = position - 999 where position > 1000',
    ];
    expect(await after(...shift)).toEqual({ database: 7, second: 7 });
  });

  it('can be checked piece by piece', async () => {
    const statement = `update events set data = '{}' where position = 7`;
    await store.rows('begin');
    await store.rows('alter table events disable trigger all');
    await store.rows(statement);
    const pieces = [await firstBadEvent(1, 6), await firstBadEvent(5, 9), await firstBadEvent(8, 12)];
    await store.rows('rollback');
    expect(pieces).toEqual([null, 7, null]);
  });

  it('holds for whatever can be recorded', async () => {
    const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 3 }).map((value) => ({ value }));
    const texts = json.filter((value) => !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value)));
    const event = fc.oneof(
      texts.map((data): Event => ({ type: 'AnythingHappened', data })),
      fc
        .tuple(fc.string({ unit: 'binary' }), fc.constantFrom('ada', 'bob', 'ümlaut', ''))
        .map(([name, subject]): Event => ({ type: 'AnyoneMet', data: {}, personal: { name }, subject })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 4 }), async (events) => {
        const [recorded] = await store.events.transact([recording('anything', ...events)], META);
        const read = await store.events.readAll({ after: recorded![0]!.position - 1, limit: 10 });
        expect(read.map(({ hash }) => hash)).toEqual(recorded!.map(({ hash }) => hash));
        expect(read.map(({ personal }) => personal)).toEqual(events.map(({ personal }) => personal ?? null));
      }),
      { numRuns: 40 },
    );
    expect(await firstBadEvent()).toBeNull();
    expect(await firstBadPosition(store.admin)).toBeNull();
  });
});
