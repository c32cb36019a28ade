import { chmod, mkdtemp, readFile, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PREFIX = 'crm-sync-demo-';
const GONE_WITHIN = 10_000;

/** A data directory that nobody else uses. Others may pass through it: PostgreSQL does not run as root. */
export const makeDirectory = async (): Promise<string> => {
  await removeAbandoned();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  await chmod(directory, 0o711);
  return directory;
};

/** Whatever became of the service, neither its database nor its files stay. */
export const removeDirectory = async (directory: string): Promise<void> => {
  const pid = await databaseIn(directory);
  if (pid !== null) await end(pid);
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
};

/** What demos left behind that were killed together with their service. Another user's stay. */
const removeAbandoned = async (): Promise<void> => {
  const names = await readdir(tmpdir());
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const owner = Number.parseInt(name.slice(PREFIX.length), 10);
    if (!isAlive(owner)) await removeDirectory(join(tmpdir(), name)).catch(() => undefined);
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** The PostgreSQL at work in these files. The number in its pid file may by now be any program's, so its directory counts. */
const databaseIn = async (directory: string): Promise<number | null> => {
  const cluster = join(directory, 'postgres');
  const pid = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''), 10);
  if (!(pid > 0) || !isAlive(pid)) return null;
  if (process.platform !== 'linux') return pid;
  const workplace = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  return workplace === (await realpath(cluster)) ? pid : null;
};

/** SIGQUIT: at once, without writing what is thrown away anyway. */
const end = async (pid: number): Promise<void> => {
  const deadline = Date.now() + GONE_WITHIN;
  process.kill(pid, 'SIGQUIT');
  while (isAlive(pid) && Date.now() < deadline) await sleep(50);
};
