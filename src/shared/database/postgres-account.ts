import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makePrivate } from './data-directory.ts';
import { failedWith, reasonOf, refuseToStart } from './start-failure.ts';

/** Whom PostgreSQL's programs run as. Null: as this process itself. Only root needs another, PostgreSQL refuses root. */
export type Account = { uid: number; gid: number } | null;

/** Where one service's database is, and whom its files belong to. */
export type Home = { cluster: string; account: Account };

/** For directories that the database's account cannot enter, when root runs the service from its own home. */
const ELSEWHERE = '/var/lib/crm-sync';

/** Runs one of PostgreSQL's programs to its end, in a session of its own: Ctrl-C must not reach what it starts. */
export const run = (
  program: string,
  args: string[],
  account: Account,
): Promise<{ ok: boolean; output: string }> =>
  new Promise((done) => {
    const child = spawn(program, args, {
      ...account,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Nothing of ours: PGDATA, PGOPTIONS or a locale would change what the programs do, secrets are none of their business.
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    });
    let output = '';
    const keep = (chunk: Buffer) => (output += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => done({ ok: false, output: error.message }));
    child.on('close', (code) => done({ ok: code === 0, output: output.trim() }));
  });

/**
 * Finds the database of a data directory: `<dataDir>/postgres`, or a place under /var/lib that `<dataDir>/postgres-location`
 * names. Files that exist keep their owner; new ones go to the data directory's owner, else to `postgres`, else to `nobody`.
 */
export const findHome = async (dataDir: string, log: (line: string) => void): Promise<Home> => {
  const remembered = (await readFile(join(dataDir, 'postgres-location'), 'utf8').catch(() => '')).trim();
  const cluster = remembered === '' ? join(dataDir, 'postgres') : remembered;
  const account = await accountFor(cluster, dataDir);
  const exists = (await ownerOf(cluster)) !== null;
  if (remembered !== '' && !exists) {
    throw refuseToStart(
      `The database ${cluster}, named by ${join(dataDir, 'postgres-location')}, is gone: ` +
        'bring it back from a backup, or remove that file to start with an empty one.',
    );
  }
  if (exists || account === null || (await canEnter(dataDir, account))) return { cluster, account };
  const elsewhere = await placeElsewhere(dataDir);
  log(`The database lives in ${elsewhere}: the account it runs as cannot enter ${dataDir}`);
  return { cluster: elsewhere, account };
};

const placeElsewhere = async (dataDir: string): Promise<string> => {
  const name = `${basename(dirname(dataDir))}-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
  const place = join(ELSEWHERE, name);
  try {
    await makePrivate(place);
  } catch (error) {
    throw refuseToStart(
      `PostgreSQL does not run as root, and the account it runs as cannot enter ${dataDir} or find a place in ${ELSEWHERE} ` +
        `(${reasonOf(error)}): set CRM_SYNC_DATA_DIR to a directory outside of root's home, or set DATABASE_URL.`,
      error,
    );
  }
  return join(place, 'postgres');
};

/** Called once the files are there: a data directory that is moved later still finds them. */
export const rememberHome = async (dataDir: string, { cluster }: Home): Promise<void> => {
  if (dirname(cluster) !== dataDir) await writeFile(join(dataDir, 'postgres-location'), `${cluster}\n`);
};

const canEnter = async (directory: string, account: Account): Promise<boolean> =>
  (await run('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], account)).ok;

const accountFor = async (cluster: string, dataDir: string): Promise<Account> => {
  if (process.getuid?.() !== 0) return null;
  const owner = await ownerOf(cluster);
  if (owner !== null && owner.uid !== 0) return owner;
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const known = accounts.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return gid === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid) }];
  });
  const host = await ownerOf(dataDir);
  // initdb wants an account with a name, so an owner who is only a number does not do.
  const found =
    known.find(({ uid }) => uid !== 0 && uid === host?.uid) ??
    known.find(({ name }) => name === 'postgres') ??
    known.find(({ name }) => name === 'nobody');
  if (found === undefined) {
    throw refuseToStart(
      'PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it as: ' +
        'start crm-sync as an ordinary user, or set DATABASE_URL.',
    );
  }
  return { uid: found.uid, gid: found.gid };
};

const ownerOf = async (path: string): Promise<Account> => {
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return null;
    throw refuseToStart(
      `The data directory cannot be read (${reasonOf(error)}): it belongs to another user. ` +
        'Start crm-sync as that user, or set CRM_SYNC_DATA_DIR to another directory.',
      error,
    );
  }
};
