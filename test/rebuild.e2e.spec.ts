import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readModels } from '../src/read-models.ts';
import { readEncryptionKeys } from '../src/shared/config.ts';
import { asOwner } from '../src/shared/database/as-owner.ts';
import type { Database } from '../src/shared/database/database.ts';
import { EventStore } from '../src/shared/event-store/event-store.ts';
import { rebuild } from '../src/shared/event-store/rebuild.ts';
import { SubjectKeys } from '../src/shared/event-store/subject-keys.ts';
import { Keyring } from '../src/shared/secrets.ts';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, Waiting } from './contract.ts';
import { FOLD_INVARIANTS } from './faults/fold-invariants.ts';
import { ENCRYPTION_KEYS } from './service.ts';
import { startWorld, type World } from './world.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

let world: World;
let company: Company;
let connection: Connection;
beforeAll(async () => {
  world = await startWorld();
  await live();
});
afterAll(() => world.stop());

/** A little of everything that read models tell of. */
const live = async (): Promise<void> => {
  ({ company, connection } = await world.connected({ clean: false, clients: 40, bookings: 25 }));
  const { id } = connection;
  await world.sync(connection);
  const twin = await world.connected({ samePeople: true, clients: 5 });
  await world.sync(twin.connection);
  const schedule = { cron: '30 2 29 2 *', timezone: 'Europe/Berlin' };
  await world.api('PATCH', `/api/connections/${id}`, { schedule, name: 'Studio' });
  await world.api('POST', `/api/connections/${id}/webhooks`);
  const leads = await world.all<Lead>(`/api/leads?source=${id}`);
  for (const n of [0, 2])
    await world.api('POST', `/api/leads/${leads[n]!.id}/merge`, { leadId: leads[n + 1]!.id });
  await world.api('POST', `/api/leads/${leads[0]!.id}/split`, { leadId: leads[1]!.id });
  const waiting = await world.all<Waiting>(`/api/quarantine?connectionId=${id}`);
  const [first, second] = waiting.filter(({ kind }) => kind === 'client');
  await world.api('POST', `/api/quarantine/${first!.id}/dismiss`);
  const fix = { name: 'Fixed', email: 'fixed.by.somebody@example.com' };
  await world.api('POST', `/api/quarantine/${second!.id}/replay`, { fix });
  company.crm.change(company.crm.all()[0]!.id, { name: 'Another Name' });
  company.bookings.cancel(company.bookings.all()[0]!.id);
  for (const { id: client } of company.crm.all().slice(-2)) company.crm.delete(client);
  for (let n = 0; n < 3; n += 1) await world.sync(connection);
  twin.company.faults.set({ accessDenied: true });
  await world.api('POST', `/api/connections/${twin.connection.id}/sync`);
};

const MODELS = readModels(null as unknown as Database);
const TABLES = MODELS.flatMap(({ tables }) => tables);

const contents = async (): Promise<Record<string, string[]>> => {
  const all: Record<string, string[]> = {};
  for (const table of TABLES) {
    const rows = await world.rows<{ row: string }>(
      `select to_jsonb(t)::text as row from ${table} t order by 1`,
    );
    all[table] = rows.map(({ row }) => row);
  }
  return all;
};

/** Everything about tables that is not in their rows, and which tables they are. */
const shapes = async (tables: readonly string[]): Promise<{ shape: object[]; oids: string[] }> => {
  const shape = await world.rows(
    `select tablename || ': ' || indexdef as is from pg_indexes where tablename = any($1)
      union all select conrelid::regclass || ': ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
        where conrelid = any($1::text[]::regclass[])
      union all select table_name || ': ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' ||
               coalesce(column_default, '') || ' ' || coalesce(collation_name, '')
        from information_schema.columns where table_name = any($1)
      union all select table_name || ': ' || grantee || ' ' || privilege_type
        from information_schema.role_table_grants where table_name = any($1) order by 1`,
    [tables],
  );
  const oids = await world.rows<{ oid: string }>(
    'select oid::text from pg_class where oid = any($1::text[]::regclass[]) order by 1',
    [tables],
  );
  return { shape, oids: oids.map(({ oid }) => oid) };
};

const remake = (name: string): Promise<unknown> =>
  asOwner(world.service.databaseUrl, (database) => {
    const keyring = new Keyring(readEncryptionKeys(ENCRYPTION_KEYS)!);
    const events = new EventStore(database, new SubjectKeys(database, keyring));
    return rebuild(
      database,
      events,
      readModels(database).find((one) => one.name === name)!,
    );
  });

const broken = async (): Promise<string[]> => {
  const found: string[] = [];
  for (const [name, query] of Object.entries(FOLD_INVARIANTS))
    for (const { what } of await world.rows<{ what: string }>(`select what from (${query}) b limit 3`))
      found.push(`${name}: ${what}`);
  return found;
};

describe('made anew from the log', () => {
  it.each(MODELS.map(({ name, tables }) => [name, tables] as const))(
    '%s is what it was, to the last column',
    async (name, tables) => {
      const [rows, before] = [await contents(), await shapes(tables)];
      for (const table of tables) expect(rows[table]).not.toEqual([]);
      await remake(name);
      const after = await shapes(tables);
      expect(await contents()).toEqual(rows);
      expect(after.shape).toEqual(before.shape);
      expect(after.oids).not.toEqual(before.oids);
    },
  );

  it('the tables go on being written', async () => {
    company.crm.add({ name: 'Newcomer', email: 'newcomer@example.com', phone: '' });
    await world.sync(connection);
    expect(await world.all<Lead>('/api/leads?search=newcomer')).toHaveLength(1);
    expect(await broken()).toEqual([]);
  });

  it('they miss nothing of a sync that goes on meanwhile', async () => {
    const busy = await world.connected({ clients: 250 });
    const page = busy.company.holdPage(2);
    const run = await world.start(busy.connection);
    await page.reached;
    await remake('lead-list');
    page.release();
    for (const name of ['crm-clients', 'lead-list', 'sync-runs']) await remake(name);
    expect(await world.end(run.id)).toMatchObject({ status: 'succeeded', counts: { created: 250 } });
    expect(await broken()).toEqual([]);
    const before = await contents();
    for (const { name } of MODELS) await remake(name);
    expect(await contents()).toEqual(before);
  });
});

describe('crm-sync rebuild', () => {
  const cli = async (args: string[], env: Record<string, string> = {}) => {
    const program = spawn(process.execPath, [CLI, ...args], {
      env: {
        PATH: process.env['PATH'],
        NODE_NO_WARNINGS: '1',
        DATABASE_URL: world.service.databaseUrl,
        CRM_SYNC_ENCRYPTION_KEYS: ENCRYPTION_KEYS,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = Promise.all([once(program, 'close'), text(program.stdout), text(program.stderr)]);
    const [[code], out, err] = await ended;
    expect(`${out}${err}`).not.toMatch(/^\s+at /m);
    return { code: code as number, out, err };
  };

  it('mends what somebody has broken, beside the service', async () => {
    const before = await contents();
    await world.rows("delete from lead_sources where external_id < '3'; update leads set name = 'Broken'");
    const { code, out, err } = await cli(['rebuild', 'leads']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^lead-list is made anew from [\d,]+ events\.\n\ntable\s+rows\s+before\nleads\s+\d+/);
    expect(await contents()).toEqual(before);
    const { status } = await world.api('GET', '/api/leads?search=broken');
    expect(status).toBe(200);
  });

  it('says which there are, what is wrong, and answers programs', async () => {
    const names = MODELS.map(({ name }) => name);
    const listed = await cli(['rebuild', '--list', '--json']);
    expect((JSON.parse(listed.out) as { name: string }[]).map(({ name }) => name)).toEqual(names);
    const stranger = await cli(['rebuild', 'people']);
    expect(stranger).toMatchObject({ code: 2, out: '' });
    expect(stranger.err).toMatch(/^No read model is called "people"\. There are:\n[\s\S]*lead-list/);
    const answered = await cli(['rebuild', 'webhooks', '--json']);
    expect(JSON.parse(answered.out)).toMatchObject({ readModel: 'webhooks', tables: [{ name: 'webhooks' }] });
  });

  it('makes no database where there is none, and opens none that is not ours', async () => {
    const empty = { DATABASE_URL: '', CRM_SYNC_ENCRYPTION_KEYS: '', CRM_SYNC_DATA_DIR: '/nowhere/at/all' };
    const nothing = await cli(['rebuild', 'lead-list'], empty);
    expect(nothing).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^There is no database in \/nowhere\/at\/all\.\nRun this where/),
    });
    const otherKey = `other:${Buffer.alloc(32).toString('base64')}`;
    const locked = await cli(['rebuild', 'lead-list'], { CRM_SYNC_ENCRYPTION_KEYS: otherKey });
    expect(locked).toMatchObject({ code: 2, err: expect.stringMatching(/does not hold the key/) });
  });
});
