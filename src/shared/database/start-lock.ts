import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failedWith, reasonOf, refuseToStart } from './start-failure.ts';

/** Longer than any first start or crash recovery of a small database. */
const PATIENCE_MS = 600_000;

/**
 * Runs `work` while no other program holds the lock at `path`. A holder that died (kill -9) loses it to the next one.
 * The lock is a directory that is renamed into place with its owner's name inside, so it is never seen without an owner.
 * @throws Refusal when the holder lives and keeps it for ten minutes.
 */
export const withLock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  await acquire(path);
  try {
    return await work();
  } finally {
    // Renamed first: while it is being removed nobody may take it for a free one.
    const done = `${path}.${randomUUID()}`;
    await rename(path, done);
    await rm(done, { recursive: true, force: true });
  }
};

/** The process itself, not only its number: in a container the next run often has the same pid. Null: it is gone. */
export const identityOf = async (pid: number): Promise<string | null> => {
  if (process.platform !== 'linux') return isAlive(pid) ? String(pid) : null;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in brackets and may hold anything; the state is the third, the start time the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startedAt] = [fields[0], fields[19]];
  return startedAt === undefined || state === 'Z' || state === 'X' ? null : `${pid} ${startedAt}`;
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return failedWith(error, 'EPERM');
  }
};

const acquire = async (path: string): Promise<void> => {
  const offer = `${path}.${randomUUID()}`;
  await mkdir(offer).catch((error: unknown) => {
    throw cannotWrite(dirname(path), error);
  });
  const deadline = Date.now() + PATIENCE_MS;
  try {
    const owner = (await identityOf(process.pid)) ?? String(process.pid);
    await writeFile(join(offer, 'owner'), owner).catch((error: unknown) => {
      throw cannotWrite(dirname(path), error);
    });
    while (!(await movedTo(offer, path))) {
      if (Date.now() > deadline) throw tooLong(path, await ownerOf(path));
      await breakIfStale(path);
      await sleep(50);
    }
  } finally {
    await rm(offer, { recursive: true, force: true });
  }
};

const cannotWrite = (directory: string, error: unknown): Error =>
  refuseToStart(
    failedWith(error, 'ENOSPC')
      ? `The disk that holds ${directory} is full: make room on it.`
      : `The directory ${directory} cannot be written (${reasonOf(error)}): ` +
          'start crm-sync as the user it belongs to, or set CRM_SYNC_DATA_DIR to another directory.',
    error,
  );

const movedTo = async (offer: string, path: string): Promise<boolean> => {
  try {
    await rename(offer, path);
    return true;
  } catch (error) {
    if (failedWith(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
};

const ownerOf = (path: string): Promise<string> => readFile(join(path, 'owner'), 'utf8').catch(() => '');

const breakIfStale = async (path: string): Promise<void> => {
  const owner = await ownerOf(path);
  if (owner === '' || (await identityOf(Number.parseInt(owner, 10))) === owner) return;
  const taken = `${path}.${randomUUID()}`;
  // Only one program can move it away; should it be a new owner's by now, he gets it back.
  if (!(await movedTo(path, taken).catch(() => false))) return;
  if ((await ownerOf(taken)) !== owner && (await movedTo(taken, path))) return;
  await rm(taken, { recursive: true, force: true });
};

const tooLong = (path: string, owner: string): Error =>
  refuseToStart(
    `Another program (process ${owner.split(' ')[0]}) has held ${path} for ten minutes: end it and start again.`,
  );
