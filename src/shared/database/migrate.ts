import { setTimeout as sleep } from 'node:timers/promises';
import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import { ormConfig, SERVICE_ROLE } from '../../mikro-orm.config.ts';
import { connect } from './connect.ts';
import { installJobs, JOBS_SCHEMA } from '../jobs/install-jobs.ts';

const OLDEST_SERVER = 150_000;
/** Any number will do, as long as everybody who migrates takes the same. */
const MIGRATION_LOCK = 4_771_920_261;
const LOOK_AGAIN = 100; // ms

/** The database is there but cannot be used. The message says why and what to do. */
export class UnusableDatabase extends Error {}

/**
 * Brings the database up to date. Whoever comes second waits: the lock is a transaction's, so it works through a
 * connection pooler and cannot be left behind.
 */
export const migrate = async (databaseUrl: string): Promise<void> => {
  const client = await connect(databaseUrl);
  try {
    await refuseOldServers(client);
    await ensureServiceRole(client);
    await lock(client);
    await applyMigrations(databaseUrl);
    await installJobs(databaseUrl);
    await client.query(`grant usage on schema ${JOBS_SCHEMA} to ${SERVICE_ROLE}`);
    await client.query(
      `grant select, insert, update, delete on all tables in schema ${JOBS_SCHEMA} to ${SERVICE_ROLE}`,
    );
    await client.query(`grant usage on all sequences in schema ${JOBS_SCHEMA} to ${SERVICE_ROLE}`);
    await client.query('commit');
  } finally {
    await client.end();
  }
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
const lock = async (client: pg.Client): Promise<void> => {
  for (;;) {
    await client.query('begin');
    const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_xact_lock($1) as ours', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]?.ours === true) return;
    await client.query('rollback');
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
