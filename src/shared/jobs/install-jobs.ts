import { PgBoss } from 'pg-boss';

/** Where pg-boss keeps its tables. */
export const JOBS_SCHEMA = 'jobs';

/**
 * Makes the tables of pg-boss, or brings them up to date, as their owner: the service's role may use them, not change
 * them. To be called under the migrations' lock.
 */
export const installJobs = async (databaseUrl: string): Promise<void> => {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    max: 1,
    schema: JOBS_SCHEMA,
    schedule: false,
    supervise: false,
  });
  boss.on('error', () => undefined); // start() throws it as well
  try {
    await boss.start();
  } finally {
    await boss.stop({ graceful: false });
  }
};
