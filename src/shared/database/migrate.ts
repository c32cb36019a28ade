import { setTimeout as sleep } from 'node:timers/promises';
import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import { ormConfig, SERVICE_ROLE } from '../../mikro-orm.config.ts';
import { connected } from './connect.ts';
import { migrations } from './migrations.ts';
import { whyOutdated } from './schema-needs.ts';
import type { SchemaNeeds } from './schema-needs.ts';
import { installJobs, JOBS_SCHEMA } from '../jobs/install-jobs.ts';

const OLDEST_SERVER = 150_000;
/** Any number will do, as long as everybody who migrates takes the same. */
const MIGRATION_LOCK = 4_771_920_261;
/** Whoever has vanished without a word gives the lock back; longer than a migration may take. */
const LONGEST_HELD = '15min';
const LOOK_AGAIN = 100; // ms
const SAY_AGAIN = 100; // looks

/** The database is there but cannot be used. The message says why and what to do. */
export class UnusableDatabase extends Error {}

export type MigrateOptions = {
  /** Told in whole lines what takes long. */
  log?: ((line: string) => void) | undefined;
  /** How long (ms) the database may be silent; left out: half a minute. What a migration itself takes is not meant. */
  patience?: number | undefined;
};

/**
 * Brings the database up to date. Whoever comes second waits: the lock is a transaction's, so it works through a
 * connection pooler and cannot be left behind.
 * @throws UnusableDatabase
 */
export const migrate = async (databaseUrl: string, { log, patience }: MigrateOptions = {}): Promise<void> => {
  const work = async (client: pg.Client): Promise<void> => {
    await refuseOldServers(client);
    await ensureServiceRole(client);
    await lock(client, log);
    await refuseIfOutdated(client);
    if ((await pending(client)).length > 0) await applyMigrations(databaseUrl);
    await installJobs(databaseUrl, patience);
    await client.query(`grant usage on schema ${JOBS_SCHEMA} to ${SERVICE_ROLE}`);
    await client.query(
      `grant select, insert, update, delete on all tables in schema ${JOBS_SCHEMA} to ${SERVICE_ROLE}`,
    );
    await client.query(`grant usage on all sequences in schema ${JOBS_SCHEMA} to ${SERVICE_ROLE}`);
    await client.query('commit');
  };
  await connected(databaseUrl, work, { ...(patience !== undefined && { patience }) });
};

/** Those of ours that the database does not have. It may have others, of a newer version: see docs/adr/0023. */
const pending = async (client: pg.Client): Promise<string[]> => {
  const names = migrations.map(({ name }) => name);
  const { rows } = await client.query<{ found: string | null }>(
    "select to_regclass('mikro_orm_migrations')::text as found",
  );
  if (rows[0]?.found === null) return names;
  const applied = await client.query<{ name: string }>('select name from mikro_orm_migrations');
  return names.filter((name) => !applied.rows.some((row) => row.name === name));
};

/** Nobody is to run on what newer versions have taken away or made into something else. */
const refuseIfOutdated = async (client: pg.Client): Promise<void> => {
  const { rows } = await client.query<{ found: string | null }>(
    "select to_regclass('schema_needs')::text as found",
  );
  if (rows[0]?.found === null) return;
  const needs = await client.query<SchemaNeeds>('select migration, version from schema_needs');
  const outdated = whyOutdated(needs.rows[0]!);
  if (outdated !== null) throw new UnusableDatabase(`points to a database of a newer version: ${outdated}`);
};

const applyMigrations = async (databaseUrl: string): Promise<void> => {
  const orm = await MikroORM.init(ormConfig(databaseUrl, 'owner'));
  try {
    await orm.migrator.up();
  } catch (error) {
    // MikroORM does not give back a connection that was lost within a transaction: nobody must wait for it.
    void orm.close(true).catch(() => undefined);
    throw error;
  }
  await orm.close(true);
};

/** Between two looks no transaction is open: behind a small pooler whoever migrates may need that very connection. */
const lock = async (client: pg.Client, log: MigrateOptions['log']): Promise<void> => {
  for (let looks = 1; ; looks += 1) {
    await client.query(`begin; set local idle_in_transaction_session_timeout = '${LONGEST_HELD}'`);
    const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_xact_lock($1) as ours', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]?.ours === true) return;
    await client.query('rollback');
    if (looks % SAY_AGAIN === 0) log?.('Another program brings the database up to date: waiting for it');
    await sleep(LOOK_AGAIN);
  }
};

const refuseOldServers = async (client: pg.Client): Promise<void> => {
  const { rows } = await client.query<{ number: number; name: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as name",
  );
  const version = rows[0];
  if (version === undefined || version.number < OLDEST_SERVER) {
    throw new UnusableDatabase(
      `points to PostgreSQL ${version?.name ?? 'of an unknown version'}; crm-sync needs 15 or newer`,
    );
  }
};

/** Roles belong to the whole server, so another database's migration may be making the same one at this moment. */
const ensureServiceRole = async (client: pg.Client): Promise<void> => {
  try {
    await client.query(`do $$
      begin
        if not exists (select from pg_roles where rolname = '${SERVICE_ROLE}') then
          create role ${SERVICE_ROLE} nologin;
        end if;
      exception when duplicate_object or unique_violation then null;
      end $$`);
    // Since PostgreSQL 16 whoever makes a role is a member of it, yet may not work as it before it is granted.
    await client.query(`do $$
      begin
        if not pg_has_role(current_user, '${SERVICE_ROLE}',
          case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end) then
          grant ${SERVICE_ROLE} to current_user;
        end if;
      exception when unique_violation then null;
      end $$`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
    throw new UnusableDatabase(
      `uses a login that may not create the role crm-sync works as; let an administrator run once: ` +
        `create role ${SERVICE_ROLE} nologin; grant ${SERVICE_ROLE} to <the login of DATABASE_URL>;`,
      { cause: error },
    );
  }
};
