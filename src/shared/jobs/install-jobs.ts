import { PgBoss } from 'pg-boss';
import { connected } from '../database/connect.ts';

/** Where pg-boss keeps its tables. */
export const JOBS_SCHEMA = 'jobs';

/** Its tables are small: whoever has not made or changed them after a minute is silent. */
const LONGEST_SILENCE = 60_000; // ms

/**
 * Makes the tables of pg-boss, or brings them up to date, as their owner: the service's role may use them, not change
 * them. To be called under the migrations' lock.
 */
export const installJobs = (databaseUrl: string, patience = LONGEST_SILENCE): Promise<void> =>
  connected(
    databaseUrl,
    async (client) => {
      const boss = new PgBoss({
        db: { executeSql: (text, values) => client.query(text, values) },
        schema: JOBS_SCHEMA,
        schedule: false,
        supervise: false,
      });
      boss.on('error', () => undefined); // start() throws it as well
      try {
        await boss.start();
      } finally {
        await boss.stop({ graceful: false, close: false });
      }
    },
    { patience },
  );
