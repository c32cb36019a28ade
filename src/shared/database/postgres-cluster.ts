import { chmod, chown, lchown, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Binaries } from './postgres-binaries.ts';
import { run } from './postgres-account.ts';
import type { Account, Home } from './postgres-account.ts';
import { failedWith, reasonOf, refuseToStart } from './start-failure.ts';

/** Independent of the machine's locales; trust is for 127.0.0.1, the only address the server listens on. */
const INITDB = [
  '--username=postgres',
  '--auth=trust',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
];

/**
 * Makes the database files if there are none. Only whole ones ever carry the final name, so a kill half-way leaves
 * nothing to repair. To be called under the start lock.
 * @throws Refusal when what is there was made by another major version, is damaged or belongs to somebody else.
 */
export const ensureCluster = async (home: Home, binaries: Binaries, safe: boolean): Promise<void> => {
  const files = await readdir(home.cluster).catch((error: unknown) => {
    if (failedWith(error, 'ENOENT')) return [];
    throw refuseToStart(
      `The database ${home.cluster} cannot be read (${reasonOf(error)}): it belongs to another user. ` +
        'Start crm-sync as that user, or set CRM_SYNC_DATA_DIR to another directory.',
      error,
    );
  });
  if (files.length === 0) return initialize(home, binaries, safe);
  await refuseOtherFiles(home.cluster, binaries.major);
  await takeOver(home);
};

/** @throws Refusal when the files are not those of a database that a PostgreSQL of this major version opens. */
export const refuseOtherFiles = async (cluster: string, major: string): Promise<void> => {
  const version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (version === '') {
    throw refuseToStart(
      `${cluster} is not a whole PostgreSQL database (PG_VERSION is missing): ` +
        'restore it from a backup, or move it away to start with an empty one.',
    );
  }
  if (version !== major) {
    throw refuseToStart(
      `The database ${cluster} was made by PostgreSQL ${version} and this crm-sync brings PostgreSQL ${major}, ` +
        `which cannot open it: dump it with PostgreSQL ${version} and restore it, or move it away to start with an empty one.`,
    );
  }
};

const initialize = async ({ cluster, account }: Home, binaries: Binaries, safe: boolean): Promise<void> => {
  await removeHalfMade(cluster);
  const draft = `${cluster}.new-${process.pid}`;
  await mkdir(draft, { mode: 0o700 });
  if (account !== null) await chown(draft, account.uid, account.gid);
  const options = ['-D', draft, ...INITDB, ...(safe ? [] : ['--no-sync'])];
  const { ok, output } = await run(join(binaries.directory, 'bin', 'initdb'), options, account);
  if (!ok) {
    await removeHalfMade(cluster);
    throw refuseToStart(
      `PostgreSQL could not make its files in ${dirname(cluster)} (${lastLine(output)}): ` +
        'see that there is room and the right to write there, or set DATABASE_URL.',
    );
  }
  await rename(draft, cluster);
  if (safe) await sync(dirname(cluster));
};

/** Left by a kill; its initdb may still be writing, then the rest goes the next time. */
const removeHalfMade = async (cluster: string): Promise<void> => {
  for (const name of await readdir(dirname(cluster))) {
    if (!name.startsWith(`${basename(cluster)}.new-`)) continue;
    const path = join(dirname(cluster), name);
    await rm(path, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  }
};

const sync = async (directory: string): Promise<void> => {
  const handle = await open(directory);
  await handle.sync();
  await handle.close();
};

/** PostgreSQL wants its files to itself; a copy or a restored backup often belongs to root, or is open to others. */
const takeOver = async ({ cluster, account }: Home): Promise<void> => {
  try {
    const { uid } = await stat(cluster);
    if (account !== null && uid !== account.uid) await giveTo(cluster, account);
    await chmod(cluster, 0o700);
  } catch (error) {
    throw refuseToStart(
      `The database ${cluster} belongs to another user (${reasonOf(error)}): ` +
        'start crm-sync as that user, or set CRM_SYNC_DATA_DIR to another directory.',
      error,
    );
  }
};

const giveTo = async (cluster: string, account: NonNullable<Account>): Promise<void> => {
  await lchown(cluster, account.uid, account.gid);
  for (const entry of await readdir(cluster, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
};

export const lastLine = (output: string): string => output.trim().split('\n').at(-1) ?? '';
