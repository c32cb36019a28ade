import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Client } from 'pg';
import { decision } from '../../../src/shared/event-store/decider.ts';
import type { Decider } from '../../../src/shared/event-store/decider.ts';
import type { Event, Recorded } from '../../../src/shared/event-store/event.ts';
import { happened, META, openTestStore, recording, until } from '../event-store-harness.ts';
import type { TestStore } from '../event-store-harness.ts';
import { startFaultProxy } from '../../faults/fault-proxy.ts';
import { firstBadPosition } from './chain.ts';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  await store.rows('create table balances (name text primary key, amount int not null)');
  await store.rows('grant select, update on balances to crm_sync_service');
});
afterAll(() => store.close());

type Opened = Event<'Opened', Record<string, never>>;
const door: Decider<boolean, Opened> = { initial: false, evolve: () => true };
const open = (isOpen: boolean): Opened[] => (isOpen ? [] : [{ type: 'Opened', data: {} }]);

const versions = async (stream: string): Promise<number[]> =>
  (await store.events.readAll({ stream, limit: 100 })).map(({ version }) => version);

const OURS = "datname = current_database() and pid <> pg_backend_pid() and application_name = 'crm-sync'";

describe('when connections are lost', () => {
  it('goes on after the server has ended every idle connection', async () => {
    const idle = [1, 2, 3];
    await Promise.all(idle.map((n) => store.events.transact([recording(`idle-${n}`, happened())], META)));
    await store.rows(`select pg_terminate_backend(pid) from pg_stat_activity where ${OURS}`);
    await until(store, `not exists (select from pg_stat_activity where ${OURS})`);
    // Whoever meets a connection that does not know yet that it is dead loses one request to it.
    const lost: unknown[] = [];
    for (const n of idle)
      await store.database.rows(sql`select ${n}::int`).catch((error: unknown) => lost.push(error));
    for (const error of lost) expect(String(error)).toMatch(/terminat/);
    const again = idle.map((n) => store.events.transact([recording(`idle-${n}`, happened())], META));
    expect((await Promise.all(again)).flat(2).map(({ version }) => version)).toEqual([2, 2, 2]);
  });

  const killedHalfWay = (stream: string): Promise<void> =>
    store.events.transaction(async () => {
      await store.events.transact([recording(stream, happened())], META);
      const [own] = await store.database.rows(sql<{ pid: number }>`select pg_backend_pid() as pid`);
      await store.rows('select pg_terminate_backend($1)', [own!.pid]);
      await store.events.transact([recording(stream, happened())], META);
    });

  it('leaves nothing of a transaction whose connection is killed half-way', async () => {
    await expect(killedHalfWay('killed')).rejects.toThrow(/terminat|not queryable/);
    expect(await versions('killed')).toEqual([]);
    await store.events.transact([recording('killed', happened())], META);
    expect(await versions('killed')).toEqual([1]);
    expect(await firstBadPosition(store.admin)).toBeNull();
  });

  it('says why a transaction failed also when undoing it fails as well', async () => {
    class ChangeOfMind extends Error {}
    const failed = store.events.transaction(async () => {
      const [own] = await store.database.rows(sql<{ pid: number }>`select pg_backend_pid() as pid`);
      await store.rows('select pg_terminate_backend($1)', [own!.pid]);
      await until(store, `not exists (select from pg_stat_activity where pid = ${own!.pid})`);
      throw new ChangeOfMind();
    });
    await expect(failed).rejects.toThrow(ChangeOfMind);
  });

  it('still has connections after more of them were killed half-way than there are in the pool', async () => {
    for (let n = 0; n < 21; n += 1)
      await expect(killedHalfWay('killed-often')).rejects.toThrow(/terminat|not queryable/);
    await store.events.transact([recording('killed-often', happened())], META);
    expect(await versions('killed-often')).toEqual([1]);
  });

  it('finds out that a transaction has committed when the answer to its COMMIT is lost', async () => {
    const proxy = await startFaultProxy(store.url);
    const distant = await store.another(proxy.url);
    const decided = decision('unknown-end', door, open);
    const swallowed = proxy.swallowReplyAfter(/commit/i);
    const [[recorded]] = (await distant.events.transact([decided], META)) as [[Recorded]];
    await swallowed;
    expect(await versions('unknown-end')).toEqual([1]);
    expect(recorded).toEqual((await store.events.readAll({ stream: 'unknown-end', limit: 1 }))[0]);
    expect(await distant.events.transact([decided], META)).toEqual([[]]);
    await proxy.close();
  });

  it('leaves nothing of a transaction whose connection is killed after its last statement', async () => {
    const killed = store.events.transaction(async () => {
      await store.events.transact([recording('never', happened())], META);
      const [own] = await store.database.rows(sql<{ pid: number }>`select pg_backend_pid() as pid`);
      setImmediate(() => void store.rows('select pg_terminate_backend($1)', [own!.pid]));
      await until(store, `not exists (select from pg_stat_activity where pid = ${own!.pid})`);
    });
    await expect(killed).rejects.toThrow(/terminat|not queryable/);
    expect(await versions('never')).toEqual([]);
  });

  it('doubles nothing when the database is away after a lost answer to COMMIT, and the caller asks again', async () => {
    const proxy = await startFaultProxy(store.url);
    const distant = await store.another(proxy.url);
    const decided = decision('unknown-for-long', door, open);
    void proxy.swallowReplyAfter(/commit/i).then(() => proxy.set({ kind: 'refuse' }));
    await expect(distant.events.transact([decided], META)).rejects.toThrow();
    expect(await versions('unknown-for-long')).toEqual([1]);
    proxy.set(null);
    expect(await distant.events.transact([decided], META)).toEqual([[]]);
    expect(await versions('unknown-for-long')).toEqual([1]);
    await proxy.close();
  });

  it('shows readers what is committed while somebody else leaves a transaction open', async () => {
    const sleeper = new Client({ connectionString: store.url });
    await sleeper.connect();
    await sleeper.query('begin');
    await sleeper.query('select pg_current_xact_id()');
    await sleeper.query("insert into balances values ('sleeper', 1)");
    const recorded = await store.events.transact([recording('awake', happened())], META);
    const seen = await store.events.readAll({ after: recorded[0]![0]!.position - 1, limit: 10 });
    expect(seen).toEqual([{ ...recorded[0]![0], personal: null }]);
    await sleeper.end();
  });
});

describe('when transactions collide', () => {
  it('runs the one that was chosen to give way again, from its start', async () => {
    await store.rows("insert into balances values ('left', 0), ('right', 0)");
    const meeting = Promise.withResolvers<void>();
    let arrived = 0;
    let attempts = 0;
    const move = async (first: string, second: string): Promise<void> =>
      store.database.transaction(async () => {
        attempts += 1;
        await store.database.execute(sql`update balances set amount = amount + 1 where name = ${first}`);
        arrived += 1;
        if (arrived === 2) meeting.resolve();
        await meeting.promise;
        await store.database.execute(sql`update balances set amount = amount + 1 where name = ${second}`);
      });
    await Promise.all([move('left', 'right'), move('right', 'left')]);
    expect(attempts).toBe(3);
    expect(await store.rows("select amount from balances where name in ('left', 'right')")).toEqual([
      { amount: 2 },
      { amount: 2 },
    ]);
  });

  const failing = (code: string): Promise<number> => {
    let attempts = 0;
    return store.database
      .transaction(async () => {
        attempts += 1;
        await store.database.execute(
          sql.raw(`do $$ begin raise exception 'x' using errcode = '${code}'; end $$`),
        );
      })
      .then(
        () => 0,
        () => attempts,
      );
  };

  it.each(['40001', '40P01', '23505'])('gives up after twelve tries when %s never ends', async (code) => {
    expect(await failing(code)).toBe(12);
  });

  it.each(['23514', '22P02', 'CS001', 'CS002', '57014', '55P03'])(
    'does not try again after %s',
    async (code) => {
      expect(await failing(code)).toBe(1);
    },
  );

  it('runs the whole outermost transaction again, not only the part that collided', async () => {
    let outer = 0;
    let inner = 0;
    await store.database.transaction(async () => {
      outer += 1;
      await store.database.transaction(async () => {
        inner += 1;
        if (inner === 1) {
          await store.database.execute(sql`do $$ begin raise exception 'x' using errcode = '40001'; end $$`);
        }
      });
    });
    expect([outer, inner]).toEqual([2, 2]);
  });
});
