import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Event, Recorded } from '../../../src/shared/event-store/event.ts';
import { Keyring, SealBroken } from '../../../src/shared/secrets.ts';
import {
  areWaiting,
  holdTheHead,
  met,
  META,
  newKey,
  openInstance,
  openTestStore,
  recording,
  until,
} from '../event-store-harness.ts';
import type { TestStore } from '../event-store-harness.ts';
import { firstBadPosition } from './chain.ts';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

const record = async (stream: string, subject: string, ...names: string[]): Promise<Recorded[]> =>
  (await store.events.transact([recording(stream, ...names.map((name) => met(subject, name)))], META))[0]!;

const read = async (stream: string): Promise<Recorded[]> => store.events.readAll({ stream, limit: 100 });

const namesIn = async (stream: string): Promise<unknown[]> =>
  (await read(stream)).map(({ personal, erased }) =>
    erased ? 'erased' : (personal as { name: string }).name,
  );

const forget = (subject: string): Promise<unknown> =>
  store.rows('delete from subject_keys where subject = $1', [subject]);

/** Runs as an administrator who puts the log's guard to sleep. */
const unguarded = async (statement: string): Promise<void> => {
  await store.rows('alter table events disable trigger all');
  await store.rows(statement);
  await store.rows('alter table events enable always trigger events_are_for_ever');
};

describe('personal values', () => {
  it('stand nowhere in the database in plain text, in whatever spelling', async () => {
    const canary = 'Canary Ünïque-4711';
    await record('canary', 'canary', canary);
    const tables = await store.rows<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'",
    );
    const bytes = Buffer.from(canary);
    const spellings = [
      canary,
      '4711',
      bytes.toString('base64').slice(0, 20),
      bytes.toString('hex').slice(0, 30),
    ];
    let searched = '';
    for (const { name } of tables) {
      const found = await store.rows<{ row: string }>(`select t::text as row from ${name} t`);
      searched += found.map(({ row }) => row).join('\n');
    }
    const raw = await store.rows<{ personal: Buffer }>(
      'select personal from events where personal is not null',
    );
    searched += raw.map(({ personal }) => personal.toString('latin1') + personal.toString('utf8')).join('\n');
    expect(searched).toContain('PersonMet');
    expect(spellings.filter((spelling) => searched.includes(spelling))).toEqual([]);
    expect(await namesIn('canary')).toEqual([canary]);
  });

  it('are erased when the key of the person is destroyed, and nothing else is', async () => {
    await record('erasable', 'eva', 'Eva', 'Eva S.');
    await record('erasable', 'finn', 'Finn');
    const before = await read('erasable');
    await forget('eva');
    expect(await namesIn('erasable')).toEqual(['erased', 'erased', 'Finn']);
    const after = await read('erasable');
    expect(after.slice(0, 2)).toEqual(
      before.slice(0, 2).map((event) => ({ ...event, personal: null, erased: true })),
    );
    expect(after[2]).toEqual(before[2]);
  });

  it('leave the chain as it was when they are erased', async () => {
    await record('provable', 'gus', 'Gus');
    await forget('gus');
    expect(await firstBadPosition(store.admin)).toBeNull();
    const [checked] = await store.rows<{ bad: string | null }>(
      'select first_bad_event(1, (select position from event_log)) as bad',
    );
    expect(checked!.bad).toBeNull();
  });

  it('let deciders work on a stream whose person is forgotten', async () => {
    await record('forgotten', 'hal', 'Hal');
    await forget('hal');
    let seen: unknown;
    const look = {
      stream: 'forgotten',
      decide: (past: readonly Event[]) => ((seen = past[0]!.personal), []),
    };
    await store.events.transact([look], META);
    expect(seen).toBeNull();
  });

  it('do not come back when the same person gets a new key', async () => {
    await record('returning', 'ida', 'Ida of old');
    await forget('ida');
    await record('returning', 'ida', 'Ida anew');
    expect(await namesIn('returning')).toEqual(['erased', 'Ida anew']);
    await record('returning', 'ida', 'Ida again');
    expect(await namesIn('returning')).toEqual(['erased', 'Ida anew', 'Ida again']);
    const [stream] = (await store.events.read(['returning'])).values();
    expect(stream).toEqual(await read('returning'));
  });

  it('are not sealed with a key that is destroyed meanwhile: whoever forgets waits for those who record', async () => {
    await store.events.transact([recording('waits-1', met('waits', 'Ada'))], META);
    const turn = Promise.withResolvers<void>();
    const later = store.events.transact([recording('waits-2', met('waits', 'Bea'))], META, turn.promise);
    const hasFound =
      "exists (select from pg_locks where relation = 'subject_keys'::regclass and mode = 'RowShareLock')";
    await until(store, hasFound);
    const forget = "delete from subject_keys where subject = 'waits'";
    await expect(store.rows(`set lock_timeout = '50ms'; ${forget}`)).rejects.toThrow(/lock timeout/);
    turn.resolve();
    await later;
    await store.rows(`set lock_timeout = 0; ${forget}`);
    await store.events.transact([recording('waits-3', met('waits', 'Cleo'))], META);
    const past = await store.events.read(['waits-1', 'waits-2', 'waits-3']);
    expect([...past.values()].flat().map(({ erased }) => erased)).toEqual([true, true, false]);
  });

  it('have one key per person, however many record them first at once', async () => {
    const other = await store.another();
    const head = await holdTheHead(store);
    const names = ['Jo 1', 'Jo 2', 'Jo 3', 'Jo 4'];
    const all = names.map((name, n) =>
      (n % 2 === 0 ? store : other).events.transact([recording(`first-${n}`, met('jo', name))], META),
    );
    await until(store, areWaiting(names.length));
    await head.release();
    await Promise.all(all);
    expect(await store.rows("select subject from subject_keys where subject = 'jo'")).toHaveLength(1);
    expect(new Set(await namesIn('first-*'))).toEqual(new Set(names));
  });

  it('have a key that is sealed: it is not in the table, and opens for nobody else', async () => {
    await record('sealed', 'kim', 'Kim');
    await record('sealed', 'lea', 'Lea');
    const keys = await store.rows<{ length: number }>(
      "select length(wrapped_key) as length from subject_keys where subject in ('kim', 'lea')",
    );
    // Format, key id, nonce and tag around the 32 bytes.
    expect(keys.map(({ length }) => length)).toEqual([64, 64]);
    await store.rows(
      "update subject_keys set wrapped_key = (select wrapped_key from subject_keys where subject = 'kim') where subject = 'lea'",
    );
    await expect(read('sealed')).rejects.toThrow(SealBroken);
    await expect(record('sealed-anew', 'lea', 'Lea')).rejects.toThrow(SealBroken);
    await forget('lea');
    expect(await namesIn('sealed')).toEqual(['Kim', 'erased']);
  });

  it('cannot be read by a program that has another installation key', async () => {
    await record('locked', 'max', 'Max');
    const stranger = await openInstance(store.url, new Keyring([newKey()]));
    try {
      await expect(stranger.events.readAll({ stream: 'locked', limit: 1 })).rejects.toThrow(SealBroken);
    } finally {
      await stranger.close();
    }
  });

  it.each([
    ['another event of the same stream', 'nia', 'nia', 2],
    ['another stream', 'pam', 'pam-elsewhere', 1],
  ])('do not open when they are moved to %s', async (_, subject, stream, version) => {
    await record(subject, subject, 'First', 'Second');
    await record(`${subject}-elsewhere`, subject, 'Third');
    await unguarded(`update events set personal = (select personal from events where stream = '${subject}' and version = 1)
      where stream = '${stream}' and version = ${version}`);
    await expect(read(stream)).rejects.toThrow(SealBroken);
    await forget(subject);
    expect((await read(stream)).at(-1)!.erased).toBe(true);
  });

  it('differ every time the same words are recorded', async () => {
    await record('twice', 'oli', 'Oli', 'Oli');
    const rows = await store.rows<{ personal: string }>(
      "select encode(personal, 'hex') as personal from events where stream = 'twice'",
    );
    expect(new Set(rows.map(({ personal }) => personal)).size).toBe(2);
  });

  it('need to say whose they are', async () => {
    const nobody = { type: 'PersonMet', data: {}, personal: { name: 'Nobody' } };
    await expect(store.events.transact([recording('nobody', nobody)], META)).rejects.toThrow(
      'PersonMet has personal values but no subject.',
    );
    expect(await read('nobody')).toEqual([]);
  });
});
