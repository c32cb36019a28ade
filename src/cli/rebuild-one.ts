import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readModels } from '../read-models.ts';
import { ConfigError, readConfig } from '../shared/config.ts';
import type { Config } from '../shared/config.ts';
import { asOwner } from '../shared/database/as-owner.ts';
import type { Database } from '../shared/database/database.ts';
import { lookAtDatabase } from '../shared/database/look-at-database.ts';
import { openDatabase } from '../shared/database/open-database.ts';
import type { OpenDatabase } from '../shared/database/open-database.ts';
import { EventStore } from '../shared/event-store/event-store.ts';
import { NotRebuilt, rebuild } from '../shared/event-store/rebuild.ts';
import type { Rebuilt } from '../shared/event-store/rebuild.ts';
import { SubjectKeys } from '../shared/event-store/subject-keys.ts';
import { bar } from './bar.ts';
import type { Tell } from './bar.ts';
import { Failure, INTERRUPTED } from './failure.ts';
import { number } from './output.ts';

/** To know their names and tables no database is needed. */
export const KNOWN = readModels(null as unknown as Database).map(({ name, tables }) => ({ name, tables }));

const ELSEWHERE =
  'Run this where the service runs, with the same CRM_SYNC_DATA_DIR, DATABASE_URL and CRM_SYNC_ENCRYPTION_KEYS.';

/** Who looks in the wrong place must not get an empty database made there. */
const refuseNothing = async ({ databaseUrl, dataDir }: Config): Promise<void> => {
  if (databaseUrl !== null) {
    const seen = await lookAtDatabase(databaseUrl);
    if (seen.reached && !seen.isOurs)
      throw new Failure('DATABASE_URL points to a database that is not one of crm-sync.', ELSEWHERE);
    return;
  }
  const places = ['postgres', 'postgres-location'].map((name) => access(join(dataDir, name)));
  await Promise.any(places).catch(() => {
    throw new Failure(`There is no database in ${dataDir}.`, ELSEWHERE);
  });
};

const opened = async (): Promise<OpenDatabase> => {
  try {
    const config = readConfig(process.env);
    await refuseNothing(config);
    return await openDatabase(config);
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(`${error.message}.`) : error;
  }
};

/** Ctrl-C ends it where it can be ended without leaving anything behind, its own PostgreSQL included. */
const interruption = (): AbortSignal => {
  const enough = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => enough.abort());
  return enough.signal;
};

const rebuildIn = async (
  { url, keyring }: OpenDatabase,
  name: string,
  tell: Tell,
  enough: AbortSignal,
): Promise<Rebuilt> => {
  const done = await asOwner(url, (database) => {
    const events = new EventStore(database, new SubjectKeys(database, keyring));
    const readModel = readModels(database).find((one) => one.name === name)!;
    return rebuild(database, events, readModel, ({ position, head }) => {
      if (enough.aborted) throw new Failure('Stopped. Nothing was changed.', null, INTERRUPTED);
      tell(bar(position, head, `event ${number(position)} of ${number(head)}`));
    });
  });
  if (done === null) throw new Failure('Somebody else is rebuilding at the moment.', 'Say it again later.');
  return done;
};

/** @throws Failure; what was there is then as it was. */
export const rebuildOne = async (name: string, tell: Tell): Promise<Rebuilt> => {
  const enough = interruption();
  const database = await opened();
  try {
    return await rebuildIn(database, name, tell, enough);
  } catch (error) {
    if (error instanceof NotRebuilt) throw new Failure(`Nothing was changed. ${error.message}`);
    throw error;
  } finally {
    await database.close();
  }
};
