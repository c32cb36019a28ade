import { Socket } from 'node:net';
import { Migrator } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import type { Options } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import { migrations } from './shared/database/migrations.ts';

/** The database role the service works as: it can read the log and append to it, never change it. */
export const SERVICE_ROLE = 'crm_sync_service';

/** Nobody waits for the database longer than this, whatever has become of it. */
const LONGEST_SILENCE = 30_000; // ms
/** A migration may have to go through a large table, and says nothing meanwhile. */
const LONGEST_MIGRATION = 600_000; // ms

/** What the service works with in every transaction. Each limit is below the one that the connection itself has. */
export const SETTINGS = {
  role: SERVICE_ROLE,
  TimeZone: 'UTC',
  statement_timeout: '25s',
  lock_timeout: '15s',
  idle_in_transaction_session_timeout: '25s',
};

/** The settings as start-up parameters: they hold for the session, and cost nothing afterwards. */
export const START_PARAMETERS = Object.entries(SETTINGS)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

/**
 * A connection on which nothing has moved for so long is dead: its server, or a router between, has gone without a word. It is
 * closed, and so is each that lies idle. (The driver's own `query_timeout` leaves it in the pool, for the next to wait at.)
 */
const endSilentConnections =
  (longest: number) =>
  (pool: Pool): void => {
    pool.on('connect', (client) => {
      const { stream } = client.connection;
      const silence = Object.assign(new Error('The database has gone silent.'), { code: 'ETIMEDOUT' });
      if (stream instanceof Socket) stream.setTimeout(longest, () => stream.destroy(silence));
    });
  };

/**
 * How MikroORM reaches PostgreSQL. There are no entities: the write side is the event store, and read models fill and ask
 * their tables by set-based SQL on MikroORM's connection and transactions (docs/adr/0003-mikro-orm-without-entities.md).
 * `pooled`: through a pooler that takes no start-up parameters; each transaction brings the settings with it.
 */
export const ormConfig = (databaseUrl: string, as: 'service' | 'owner', pooled = false): Options =>
  defineConfig({
    entities: [],
    discovery: { warnWhenNoEntities: false },
    dbName: decodeURIComponent(new URL(databaseUrl).pathname.slice(1)) || 'postgres',
    pool: as === 'service' ? { min: 0, max: 20, idleTimeoutMillis: 20_000 } : { min: 0, max: 2 },
    driverOptions: {
      connectionString: databaseUrl,
      application_name: 'crm-sync',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      onPoolCreated: endSilentConnections(as === 'service' ? LONGEST_SILENCE : LONGEST_MIGRATION),
      ...(as === 'service' && !pooled && { options: START_PARAMETERS }),
    },
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, allOrNothing: true },
    logger: () => undefined,
  });
