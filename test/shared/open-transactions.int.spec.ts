import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Client } from 'pg';
import { lookAtDatabase } from '../../src/shared/database/look-at-database.ts';
import { OpenTransactions } from '../../src/shared/database/open-transactions.ts';
import { openTestStore } from './event-store-harness.ts';
import type { TestStore } from './event-store-harness.ts';

let store: TestStore;
let forgotten: Client;
let told: Record<string, unknown>[] = [];
beforeAll(async () => {
  store = await openTestStore();
  forgotten = new Client({ connectionString: store.url, application_name: 'psql' });
  await forgotten.connect();
  const nothing = (): void => undefined;
  const warn = (fields: Record<string, unknown>): void => void told.push(fields);
  Logger.overrideLogger({ log: nothing, error: nothing, warn });
});
afterEach(() => {
  told = [];
});
afterAll(async () => {
  await forgotten.end();
  await store.close();
});

const pidOf = async (client: Client): Promise<number> =>
  (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;

describe('a transaction that somebody leaves open', () => {
  it('is told of once, with who it is, and again only when it is another', async () => {
    const watch = new OpenTransactions(store.database);
    await watch.check(0);
    expect(told).toEqual([]);
    await forgotten.query('begin');
    await forgotten.query('select pg_current_xact_id()');
    await watch.check(60_000);
    expect(told).toEqual([]);
    for (let look = 0; look < 3; look += 1) await watch.check(0);
    expect(told).toEqual([
      {
        pid: await pidOf(forgotten),
        application: 'psql',
        role: 'postgres',
        since: expect.stringMatching(/^20.*Z$/),
      },
    ]);
    await forgotten.query('rollback');
    await watch.check(0);
    await forgotten.query('begin');
    await watch.check(0);
    expect(told).toHaveLength(2);
    await forgotten.query('rollback');
  });

  it('is nothing to tell when it ends in time', async () => {
    const watch = new OpenTransactions(store.database);
    await watch.check(60_000);
    await forgotten.query('begin');
    await watch.check(60_000);
    await forgotten.query('rollback');
    await watch.check(0);
    expect(told).toEqual([]);
  });

  it('is found by whoever looks at the database, when the login may see it', async () => {
    await forgotten.query('begin');
    const [seen, later] = [await lookAtDatabase(store.url, 0), await lookAtDatabase(store.url)];
    expect(seen).toMatchObject({ openTransactions: [{ application: 'psql', pid: await pidOf(forgotten) }] });
    expect(later).toMatchObject({ reached: true, openTransactions: [] });
    await forgotten.query('rollback');
  });

  it('is never one of our own: the server ends what lies idle within one', async () => {
    const [session] = await store.database.rows(
      sql`select current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    expect(session).toEqual({ idle: '25s' });
  });
});
