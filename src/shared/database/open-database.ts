import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { SERVICE_ROLE, START_PARAMETERS } from '../../mikro-orm.config.ts';
import { ConfigError } from '../config.ts';
import type { Config } from '../config.ts';
import { loadEncryptionKeys } from '../encryption-keys.ts';
import { Refusal } from '../errors.ts';
import { Keyring, SealBroken } from '../secrets.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { connected } from './connect.ts';
import type { ConnectOptions } from './connect.ts';
import { isDatabaseOutage } from './database-outage.ts';
import { DATABASE_REASONS } from './database-reasons.ts';
import { SEAL_PLACE } from './look-at-database.ts';
import { migrate, UnusableDatabase } from './migrate.ts';

/**
 * `pooled`: the address is that of a pooler that takes no start-up parameters. `logId`: which log is in it, wherever that was
 * restored to.
 */
export type OpenDatabase = {
  url: string;
  pooled: boolean;
  keyring: Keyring;
  logId: string;
  close(): Promise<void>;
};

/** `patience`: how long (ms) the database may be silent; left out: half a minute. */
export type OpenOptions = { log?: (line: string) => void; patience?: number };

/**
 * The database, up to date and readable with our keys: the operator's, or our own in the data directory.
 * @throws ConfigError when it cannot be used, in one line that names the variable
 */
export const openDatabase = async (
  config: Config,
  { log, patience }: OpenOptions = {},
): Promise<OpenDatabase> => {
  const keyring = new Keyring(await loadEncryptionKeys(config));
  const own = config.databaseUrl === null ? await startOwn(config.dataDir, log) : null;
  const at: Address = { url: own?.url ?? config.databaseUrl!, ...(patience !== undefined && { patience }) };
  const { url } = at;
  try {
    await proveKeys(at, keyring);
    await migrate(url, { log, patience });
    await proveRights(at);
    const logId = await leaveSeal(at, keyring);
    const pooled = own === null && !(await takesStartParameters(at));
    if (pooled) log?.('DATABASE_URL is a connection pooler: settings go with each transaction');
    return { url, pooled, keyring, logId, close: async () => own?.stop() };
  } catch (error) {
    await own?.stop();
    throw asConfigError(error, config);
  }
};

type Address = { url: string; patience?: number };

const startOwn = async (dataDir: string, log?: (line: string) => void) => {
  try {
    return await startEmbeddedPostgres({ dataDir, ...(log !== undefined && { log }) });
  } catch (error) {
    if (error instanceof Refusal)
      throw new ConfigError('CRM_SYNC_DATA_DIR', `cannot be used: ${error.message}`);
    throw error;
  }
};

/**
 * The first start leaves a sealed value, which names the log; every later one must be able to open it before it touches
 * anything. Null when there is none.
 */
const proveKeys = async (at: Address, keyring: Keyring): Promise<string | null> => {
  const [found] = await query<{ readable: boolean | null }>(
    at,
    "select has_table_privilege(to_regclass('installation'), 'select') as readable",
  );
  // Not there yet, or not ours to read: the migrations will say what is missing.
  if (found?.readable !== true) return null;
  const [installation] = await query<{ seal: Buffer }>(at, 'select seal from installation');
  return installation === undefined ? null : keyring.open(installation.seal, SEAL_PLACE).toString();
};

/** A dump of one database brings no roles: where ours was missing, the restored tables know nothing of it. */
const proveRights = async (at: Address): Promise<void> => {
  const [rights] = await query<{ reads: boolean }>(
    at,
    "select has_table_privilege($1, 'events', 'select') as reads",
    [SERVICE_ROLE],
  );
  if (rights?.reads === true) return;
  throw new UnusableDatabase(
    `points to a database that was restored without the rights of the role ${SERVICE_ROLE}: ` +
      'with that role there, drop the database and restore it once more (docs/operate.md, "Backing up and restoring")',
  );
};

/** A log that has begun keeps the seal it has: with another one it would pass for another log, and for an intact one. */
const leaveSeal = async (at: Address, keyring: Keyring): Promise<string> => {
  await query(
    at,
    `insert into installation (seal) select $1
      where not exists (select from events) on conflict do nothing`,
    [keyring.seal(randomUUID(), SEAL_PLACE)],
  );
  const logId = await proveKeys(at, keyring);
  if (logId === null)
    throw new UnusableDatabase(
      'points to a database with a log and without the seal it was made with: bring back the table installation from your backup',
    );
  return logId;
};

const query = async <Row extends pg.QueryResultRow>(
  { url, patience }: Address,
  text: string,
  values: unknown[] = [],
  options: ConnectOptions = {},
): Promise<Row[]> => {
  const ask = async (client: pg.Client): Promise<Row[]> => (await client.query<Row>(text, values)).rows;
  return connected(url, ask, { ...options, ...(patience !== undefined && { patience }) });
};

/** A pooler that hands out server connections by the transaction refuses start-up parameters, or drops them. */
const takesStartParameters = async (at: Address): Promise<boolean> => {
  try {
    const [session] = await query<{ role: string }>(at, 'select current_user as role', [], {
      parameters: START_PARAMETERS,
    });
    return session?.role === SERVICE_ROLE;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '08P01') return false;
    throw error;
  }
};

/** What keeps the program from starting, as one line that names the variable; errors that are not the database's stay what they are. */
export const asConfigError = (error: unknown, { databaseUrl, encryptionKeys }: Config): unknown => {
  const variable = databaseUrl === null ? 'CRM_SYNC_DATA_DIR' : 'DATABASE_URL';
  if (error instanceof SealBroken && encryptionKeys === null) {
    return new ConfigError(
      variable,
      'holds a file "encryption-keys" without the key its database was made with: bring that file back from your backup. Nothing was changed',
    );
  }
  if (error instanceof SealBroken) {
    return new ConfigError(
      'CRM_SYNC_ENCRYPTION_KEYS',
      'does not hold the key this database was made with: add that key, or use another database. Nothing was changed',
    );
  }
  if (error instanceof UnusableDatabase) return new ConfigError(variable, error.message);
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const reason = DATABASE_REASONS[code] ?? (isDatabaseOutage(error) ? reasonWithout(error) : null);
  const shown = code === '' ? '' : ` (${code})`;
  return reason === null ? error : new ConfigError(variable, `points to a database that ${reason}${shown}`);
};

/** The driver has no code for a server that is silent, nor for one that goes. */
const reasonWithout = (error: unknown): string =>
  error instanceof Error && /time(?:d )?out|timeout/i.test(error.message)
    ? DATABASE_REASONS['ETIMEDOUT']!
    : 'ended the connection';
