import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import type { Connection, Problem, Run, SyncAnswer } from '../contract.ts';
import { ended, environmentOf, startProgram, startService, type Service } from '../service.ts';
import { freshDatabase } from '../shared/database.ts';
import { brokenNow } from './invariants.ts';
import { makeNewerBuild } from './newer-build.ts';

const ADDS = `
alter table leads add column nickname text not null default '';
create table of_the_newer (id int primary key);
grant select on of_the_newer to crm_sync_service;`;
const TAKES_AWAY = `
drop table if exists of_the_newer;
update schema_needs set migration = '9002_takes_away', version = '7.0.0';`;
/** What an older version then finds, before it has looked at what the database needs. */
const MISSED = `
create function is_gone() returns trigger language plpgsql as $$ begin
  raise exception 'column does not exist' using errcode = '42703'; end $$;
create trigger is_gone before insert on leads execute function is_gone();`;

let database: { url: string; drop: () => Promise<void> };
let companies: Companies;
let sql: Client;
const builds: { remove: () => Promise<void> }[] = [];
const services: Service[] = [];
beforeAll(async () => {
  database = await freshDatabase();
  companies = await startCompanies();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  for (const service of services) await service.stop();
  for (const build of builds) await build.remove();
  await sql.end();
  await companies.close();
  await database.drop();
});

const options = () => ({ databaseUrl: database.url, restUrl: companies.url, rpcUrl: companies.rpcUrl });

const start = async (main?: string): Promise<Service> => {
  const service = await startService({ ...options(), ...(main !== undefined && { main }) });
  services.push(service);
  return service;
};

const newer = async (migration: string, statements: string): Promise<string> => {
  const build = await makeNewerBuild(migration, statements);
  builds.push(build);
  return build.main;
};

const connected = async ({ api }: Service): Promise<{ company: Company; connection: Connection }> => {
  const company = await companies.open({ clean: true, clients: 40, switches: { onPageCap: 10 } });
  const { company: name, login, password: secret } = company.account;
  const body = { provider: 'simplybook', company: name, login, secret };
  const answer = await api<Connection>('POST', '/api/connections', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return { company, connection: answer.body };
};

/** A run of the only instance there is, which has begun its second page. */
const underWay = async (
  service: Service,
): Promise<{ run: Run; company: Company; connection: Connection; release: () => void }> => {
  const { company, connection } = await connected(service);
  const { reached, release } = company.holdPage(2);
  const { body: run } = await service.api<Run>('POST', `/api/connections/${connection.id}/sync`, undefined, {
    prefer: 'respond-async',
  });
  await reached;
  return { run, company, connection, release };
};

const sync = async ({ api }: Service, { id }: Connection): Promise<SyncAnswer> => {
  const answer = await api<SyncAnswer>('POST', `/api/connections/${id}/sync`);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return answer.body;
};

const applied = async (): Promise<string[]> =>
  (await sql.query<{ name: string }>('select name from mikro_orm_migrations order by id')).rows.map(
    ({ name }) => name,
  );

describe('when a newer version has migrated the database', () => {
  let old: Service;
  let adding: string;
  beforeAll(async () => {
    old = await start();
    adding = await newer('9001_adds', ADDS);
  });

  it('and only added to it, the older one goes on with what it does, and starts again beside it', async () => {
    const { run, connection, release } = await underWay(old);
    const young = await start(adding);
    expect(await applied()).toContain('9001_adds');
    release();
    expect(await sync(old, connection)).toMatchObject({ runId: run.id, stats: { leads_created: 40 } });
    expect((await sync(young, connection)).stats).toMatchObject({ leads_unchanged: 40 });
    const restarted = await start();
    for (const { api } of [old, young, restarted])
      expect((await api('GET', '/health/ready')).status).toBe(200);
    expect((await sync(restarted, connection)).stats).toMatchObject({ leads_unchanged: 40 });
    expect(await brokenNow(sql)).toEqual([]);
    await restarted.stop();
    await young.stop();
    services.splice(1);
  });

  it('but somebody keeps a table locked, the newer one gives up in time with the reason, and the older one goes on', async () => {
    const main = await newer('9001_locks', 'alter table leads add column locked text;');
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('begin');
    await holder.query('select from leads');
    const { program, output } = startProgram(environmentOf(options()), main);
    expect(await ended(program)).toBe(1);
    expect(output()).toMatch(
      /cannot start: DATABASE_URL points to a database that has a table that somebody keeps locked.* \(55P03\)$/m,
    );
    await holder.end();
    expect(await applied()).not.toContain('9001_locks');
    expect((await old.api('GET', '/api/leads')).status).toBe(200);
  });

  it('and taken away what the older one needs, that one says so and stops, and its run is brought to its end', async () => {
    const { run, company, connection, release } = await underWay(old);
    const main = await newer('9002_takes_away', TAKES_AWAY);
    await sql.query(`${TAKES_AWAY} ${MISSED}`);
    release();
    let ready = await old.api<Problem>('GET', '/health/ready');
    while (ready.status === 200) {
      await sleep(100);
      ready = await old.api<Problem>('GET', '/health/ready');
    }
    const said =
      /^A newer crm-sync has changed the database: it needs crm-sync 7\.0\.0 or newer \(migration 9002_takes_away\), and this one knows .* Update this instance/;
    expect([ready.status, ready.code, ready.body.detail]).toEqual([
      503,
      'version-outdated',
      expect.stringMatching(said),
    ]);
    for (const [method, path] of [
      ['GET', '/api/leads'],
      ['POST', `/api/connections/${connection.id}/sync`],
    ] as const) {
      const refused = await old.api<Problem>(method, path);
      expect([refused.status, refused.code]).toEqual([503, 'version-outdated']);
    }
    expect((await old.api('GET', '/health/live')).status).toBe(200);
    await sql.query('drop function is_gone cascade');
    const young = await start(main);
    await sync(young, connection);
    expect((await young.api<Run>('GET', `/api/runs/${run.id}`)).body).toMatchObject({
      status: 'succeeded',
      counts: { fetched: 40, created: 40 },
    });
    company.crm.change(company.crm.all()[0]!.id, { name: 'Somebody Else' });
    expect((await sync(young, connection)).stats).toMatchObject({ leads_updated: 1, leads_unchanged: 39 });
    expect(await brokenNow(sql)).toEqual([]);
  });

  it('and taken away what the older one needs, that one does not start, and changes nothing', async () => {
    const before = await applied();
    const { program, output } = startProgram(environmentOf(options()));
    expect(await ended(program)).toBe(1);
    expect(output()).toMatch(
      /cannot start: DATABASE_URL points to a database of a newer version: it needs crm-sync 7\.0\.0 .* Update this instance[^\n]*\n$/,
    );
    expect(await applied()).toEqual(before);
  });
});
