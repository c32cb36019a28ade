import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../src/shared/database/embedded-postgres.ts';
import { livePostmaster } from '../src/shared/database/postmaster.ts';
import { identityOf } from '../src/shared/database/start-lock.ts';
import { addressOf, onServer, TEMPLATE } from './shared/database.ts';

const PREFIX = 'crm-sync-test-run-';

/** One throw-away server for the whole run, or the one of TEST_DATABASE_URL, with a migrated database to copy; and a data directory. */
export default async (): Promise<void> => {
  process.env['CRM_SYNC_TEST_DATA'] = await mkdtemp(join(tmpdir(), 'crm-sync-test-data-'));
  process.env['CRM_SYNC_TEST_SERVER'] = process.env['TEST_DATABASE_URL'] ?? (await ownServer());
  await onServer(`drop database if exists ${TEMPLATE} with (force)`);
  await onServer(`create database ${TEMPLATE}`);
  const { migrate } = await import('../src/shared/database/migrate.ts');
  await migrate(addressOf(TEMPLATE));
};

const ownServer = async (): Promise<string> => {
  await removeAbandonedServers();
  const dataDir = join(tmpdir(), `${PREFIX}${process.pid}`);
  await mkdir(dataDir, { mode: 0o711 });
  await writeFile(join(dataDir, 'owner'), (await identityOf(process.pid)) ?? '');
  const server = await startEmbeddedPostgres({
    dataDir,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      // Each service of a test may use twenty, and as many again after its way to the server was broken.
      max_connections: '400',
    },
  });
  globalThis.testServer = { server, dataDir };
  return server.url;
};

/** A run that was killed leaves its server behind: it survives Ctrl-C by design. Another user's is left to them. */
const removeAbandonedServers = async (): Promise<void> => {
  const names = await readdir(tmpdir());
  for (const dataDir of names.filter((name) => name.startsWith(PREFIX)).map((name) => join(tmpdir(), name))) {
    const owner = await readFile(join(dataDir, 'owner'), 'utf8').catch(() => '');
    if (owner === '' || (await identityOf(Number.parseInt(owner, 10))) === owner) continue;
    await removeServer(dataDir).catch(() => undefined);
  }
};

const removeServer = async (dataDir: string): Promise<void> => {
  const postmaster = await livePostmaster(join(dataDir, 'postgres'));
  if (postmaster !== null) process.kill(postmaster.pid, 'SIGQUIT');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
};
