import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import { migrate } from '../../src/shared/database/migrate.ts';
import type { Connection, LogEvent, Page, SyncAnswer } from '../contract.ts';
import { ENCRYPTION_KEYS, startService, type Service } from '../service.ts';
import { brokenNow } from './invariants.ts';
import { startOwnServer, type OwnServer } from './own-server.ts';
import { brokenValues } from './sealed-values.ts';

let old: OwnServer;
let fresh: OwnServer;
let directory: string;
let companies: Companies;
beforeAll(async () => {
  [old, fresh] = await Promise.all([startOwnServer(), startOwnServer()]);
  companies = await startCompanies();
  directory = await mkdtemp(join(tmpdir(), 'crm-sync-dump-'));
  // PostgreSQL itself writes and reads the files, as whoever it runs as.
  await chmod(directory, 0o777);
});
afterAll(async () => {
  await companies.close();
  await Promise.all([old.remove(), fresh.remove()]);
  await rm(directory, { recursive: true, force: true });
});

const on = async <T>({ url }: OwnServer, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const TABLES = `select c.oid::regclass::text as name, row_number() over (order by c.oid::regclass::text)::int as n
  from pg_class c where c.relkind = 'r' and c.relnamespace not in ('pg_catalog'::regnamespace,
    'information_schema'::regnamespace, 'pg_toast'::regnamespace)`;

/** As pg_dump does it, whose version would have to be the server's and does not come with npm: rows by COPY, and sequences. */
const dump = (server: OwnServer): Promise<Map<string, string>> =>
  on(server, async (client) => {
    const { rows } = await client.query<{ name: string; n: number }>(TABLES);
    const files = new Map(rows.map(({ name, n }) => [name, join(directory, `${n}.copy`)]));
    for (const [name, file] of files) await client.query(`copy ${name} to '${file}'`);
    return files;
  });

const restore = (server: OwnServer, files: ReadonlyMap<string, string>): Promise<void> =>
  on(server, async (client) => {
    const { rows } = await client.query<{ name: string }>(TABLES);
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...files.keys()].toSorted());
    for (const name of files.keys()) await client.query(`alter table ${name} disable trigger all`);
    for (const [name, file] of files) {
      await client.query(`delete from ${name}`);
      await client.query(`copy ${name} from '${file}'`);
    }
    for (const trigger of ['events_are_for_ever', 'events_are_for_ever_whole'])
      await client.query(`alter table events enable always trigger ${trigger}`);
    await client.query(`select setval(pg_get_serial_sequence('mikro_orm_migrations', 'id'), 100)`);
  });

const start = (server: OwnServer): Promise<Service> =>
  startService({
    databaseUrl: server.url,
    restUrl: companies.url,
    rpcUrl: companies.rpcUrl,
    // Its end alone signs.
    environment: {
      NODE_OPTIONS: `--import ${new URL('../no-minute.ts', import.meta.url).href}`,
    },
  });

const connect = async ({ api }: Service, { account }: Company): Promise<Connection> => {
  const { company, login, password: secret } = account;
  const body = { provider: 'simplybook', company, login, secret };
  return (await api<Connection>('POST', '/api/connections', body)).body;
};

it('a dump that is restored into a new server goes on where it was: the chain, the cursors and the syncs', async () => {
  const company = await companies.open({ clients: 30, bookings: 10 });
  const before = await start(old);
  const connection = await connect(before, company);
  const path = `/api/connections/${connection.id}/sync`;
  await before.api<SyncAnswer>('POST', path);
  const events = '/api/events?limit=20';
  const { body: first } = await before.api<Page<LogEvent>>('GET', events);
  const next = `${events}&cursor=${first.page.nextCursor}`;
  const { body: expected } = await before.api<Page<LogEvent>>('GET', next);
  await before.stop();
  const files = await dump(old);
  await old.stop('fast');

  await migrate(fresh.url);
  await restore(fresh, files);
  const service = await start(fresh);
  expect(await on(fresh, brokenNow)).toEqual([]);
  expect(await on(fresh, (client) => brokenValues(client, ENCRYPTION_KEYS))).toEqual([]);
  expect((await service.api<Page<LogEvent>>('GET', next)).body.data).toEqual(expected.data);
  const head = async (): Promise<number> =>
    (await service.api<Page<LogEvent>>('GET', '/api/events?order=desc&limit=1')).body.data[0]!.position;
  const restored = await head();
  const changed = company.crm.all().find(({ email }) => email !== null)!;
  company.crm.change(changed.id, { name: 'After The Restore' });
  const { body } = await service.api<SyncAnswer>('POST', path);
  expect(body.stats).toMatchObject({ leads_created: 0, leads_updated: 1 });
  const { body: added } = await service.api<Page<LogEvent>>('GET', `/api/events?after=${restored}`);
  expect(added.data.map(({ type }) => type)).toEqual([
    'SyncStarted',
    'ClientImported',
    'LeadUpserted',
    'SyncCompleted',
  ]);
  expect(added.data.map(({ position }) => position)).toEqual([1, 2, 3, 4].map((n) => restored + n));
  expect(await on(fresh, brokenNow)).toEqual([]);
  // The checkpoint that was signed before the dump is one of the same log.
  const { body: verdict } = await service.api('GET', '/api/audit/verify');
  expect(verdict).toMatchObject({ ok: true, firstBad: null, checkpoints: { compared: 1, unreadable: 0 } });
  await service.stop();
});
