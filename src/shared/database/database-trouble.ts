import { Refusal } from '../errors.ts';
import { isDatabaseOutage, isDiskFull } from './database-outage.ts';

/** Seconds; a restarting PostgreSQL is usually back by then. */
const RESTARTED_AFTER = 5;
/** Seconds; somebody has to make room. */
const MENDED_AFTER = 30;

export const databaseAway = (): Refusal =>
  new Refusal(
    'unavailable',
    'database-unavailable',
    'The database cannot be reached right now. Try again soon.',
    {
      retryAfter: RESTARTED_AFTER,
    },
  );

export const databaseFull = (): Refusal =>
  new Refusal(
    'unavailable',
    'database-full',
    'The disk of the database is full, so that nothing can be written; what was acknowledged is kept. ' +
      'Make room on it: crm-sync goes on by itself.',
    { retryAfter: MENDED_AFTER },
  );

/** `why`: see schema-needs.ts. */
export const versionOutdated = (why: string): Refusal =>
  new Refusal('unavailable', 'version-outdated', `A newer crm-sync has changed the database: ${why}.`, {
    retryAfter: MENDED_AFTER,
  });

/** What an error of the database's is to a caller; null: it is not about the state the database is in. */
export const databaseTrouble = (error: unknown): Refusal | null => {
  if (isDiskFull(error)) return databaseFull();
  return isDatabaseOutage(error) ? databaseAway() : null;
};
