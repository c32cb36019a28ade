import { Migrator } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import type { Options } from '@mikro-orm/postgresql';
import { migrations } from './shared/database/migrations.ts';

/** The database role the service works as: it can read the log and append to it, never change it. */
export const SERVICE_ROLE = 'crm_sync_service';

const SESSION = [
  'timezone=UTC',
  'statement_timeout=60s',
  'lock_timeout=15s',
  'idle_in_transaction_session_timeout=60s',
];

/**
 * How MikroORM reaches PostgreSQL. There are no entities: the write side is the event store, and read models fill and ask
 * their tables by set-based SQL on MikroORM's connection and transactions (docs/adr/0003-mikro-orm-without-entities.md).
 */
export const ormConfig = (databaseUrl: string, as: 'service' | 'owner'): Options =>
  defineConfig({
    entities: [],
    discovery: { warnWhenNoEntities: false },
    dbName: decodeURIComponent(new URL(databaseUrl).pathname.slice(1)) || 'postgres',
    pool: as === 'service' ? { min: 0, max: 20, idleTimeoutMillis: 60_000 } : { min: 0, max: 2 },
    driverOptions: {
      connectionString: databaseUrl,
      application_name: 'crm-sync',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      ...(as === 'service' && {
        options: [`role=${SERVICE_ROLE}`, ...SESSION].map((setting) => `-c ${setting}`).join(' '),
        query_timeout: 70_000,
      }),
    },
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, allOrNothing: true },
    logger: () => undefined,
  });
