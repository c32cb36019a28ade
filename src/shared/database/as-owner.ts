import { MikroORM } from '@mikro-orm/postgresql';
import { ormConfig } from '../../mikro-orm.config.ts';
import { connected } from './connect.ts';
import { Database } from './database.ts';

/** Any number will do, as long as every operator's work takes the same. */
const OWNERS_LOCK = 4_771_920_262;

/**
 * Operator's work on a database that services may be using: as the login that owns its tables, to whom no limit of time
 * applies. One at a time: null when somebody else is at it, then nothing was done.
 */
export const asOwner = async <T>(
  databaseUrl: string,
  work: (database: Database) => Promise<T>,
): Promise<T | null> =>
  connected(databaseUrl, async (client) => {
    // A transaction's lock works through a connection pooler, and nobody can leave it behind.
    await client.query('begin');
    const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_xact_lock($1) as ours', [
      OWNERS_LOCK,
    ]);
    if (rows[0]?.ours !== true) return null;
    const orm = await MikroORM.init(ormConfig(databaseUrl, 'owner'));
    try {
      return await work(new Database(orm.em));
    } finally {
      await orm.close(true);
    }
  });
