import { readFile, readdir, readlink, realpath, rename, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './postgres-account.ts';
import type { Home } from './postgres-account.ts';
import { lastLine } from './postgres-cluster.ts';
import { refuseToStart } from './start-failure.ts';
import { identityOf } from './start-lock.ts';

/** Everything needed to start, find and stop one server. */
export type Server = Home & { bin: string; settings: Record<string, string> };

type Postmaster = { pid: number; port: number; status: string };

const RECOVERY_MS = 600_000;
const ATTEMPTS = 12;
const LITTLE_ROOM = 1e6; // bytes

/** What a small service wants; and a server log without statements and values, which may be secret or personal. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '100',
  wal_compression: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
};

/**
 * Answers the port of the running server, starting it if there is none: after a kill -9 it removes what the dead one
 * left and PostgreSQL recovers from its log. To be called under the start lock.
 * @param port a number that has to be it, or null: the last one again if it is free, else any.
 * @throws Refusal with PostgreSQL's own last words when it does not come up.
 */
export const ensureStarted = async (server: Server, port: number | null): Promise<number> => {
  let next = port ?? (await lastPort(server.cluster)) ?? (await freePort());
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const running = await settledPostmaster(server.cluster);
    if (running !== null) return running.port;
    await removeStrayPidFile(server.cluster);
    const complaint = await startOn(server, next);
    if (complaint === null) continue;
    if (/could not (bind|create any TCP)/.test(complaint) && port === null) next = await freePort();
    else if (/shared memory block|lock file/.test(complaint)) await endLeftovers(server.cluster, attempt);
    else throw await startFailed(server.cluster, complaint);
  }
  throw await startFailed(server.cluster, `${ATTEMPTS} attempts were in vain`);
};

/** Ends the server and waits until it is gone. False: it is still busy writing after eight seconds and will end by itself. */
export const stopServer = async ({ cluster, bin, account }: Server): Promise<boolean> => {
  if ((await livePostmaster(cluster)) === null) return true;
  const stop = ['-D', cluster, '-m', 'fast', '-w', '-t', '8', 'stop'];
  await run(join(bin, 'pg_ctl'), stop, account);
  return (await livePostmaster(cluster)) === null;
};

/** Null when it runs, else what it complained about. */
const startOn = async ({ cluster, bin, account, settings }: Server, port: number): Promise<string | null> => {
  const log = join(cluster, 'server.log');
  await rename(log, `${log}.old`).catch(() => undefined);
  const all = { ...SETTINGS, ...settings, port: String(port) };
  const options = Object.entries(all).map(([name, value]) => `-c ${quote(`${name}=${value}`)}`);
  const start = ['-D', cluster, '-w', '-t', '300', '-l', log, '-o', options.join(' '), 'start'];
  const { ok, output } = await run(join(bin, 'pg_ctl'), start, account);
  if (ok) return null;
  const lines = (await readFile(log, 'utf8').catch(() => output)).split('\n');
  const worst = lines.findLast((line) => /\b(FATAL|PANIC): /.test(line));
  return worst?.replace(/^.*(FATAL|PANIC):\s+/, '') ?? lines.find((line) => line !== '') ?? lastLine(output);
};

/** pg_ctl hands the options to a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const startFailed = async (cluster: string, complaint: string): Promise<Error> =>
  refuseToStart(
    `PostgreSQL does not start on ${cluster} (${complaint}): ` +
      (complaint.includes('No space left on device') || (await isFull(cluster))
        ? 'its disk is full. Make room there and leave the files as they are: nothing that was acknowledged is lost.'
        : `${join(cluster, 'server.log')} says more. ` +
          'If the files are damaged, restore them from a backup or move them away to start with an empty database.'),
  );

/** On a full disk it may not even find the room to say so. */
const isFull = async (directory: string): Promise<boolean> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < LITTLE_ROOM;
};

/** The server once it is neither starting nor stopping; null when there is none. */
const settledPostmaster = async (cluster: string): Promise<Postmaster | null> => {
  const deadline = Date.now() + RECOVERY_MS;
  for (;;) {
    const postmaster = await livePostmaster(cluster);
    if (postmaster === null || postmaster.status === 'ready') return postmaster;
    if (Date.now() > deadline) {
      throw refuseToStart(
        `PostgreSQL (process ${postmaster.pid}) has been ${postmaster.status} on ${cluster} for ten minutes: ` +
          'wait for it, or end that process and start again.',
      );
    }
    await sleep(50);
  }
};

export const livePostmaster = async (cluster: string): Promise<Postmaster | null> => {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !(await isServerOf(cluster, pid))) return null;
  return { pid, port: Number(lines[3]), status: lines[7]?.trim() || 'starting' };
};

/** Whether this process is a PostgreSQL at work in these files: a number in a pid file may by now be anybody's. */
const isServerOf = async (cluster: string, pid: number): Promise<boolean> => {
  if (process.platform !== 'linux') {
    const { output } = await run('/bin/ps', ['-o', 'command=', '-p', String(pid)], null);
    return output.includes('postgres') && output.includes(cluster);
  }
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (name.trim() !== 'postgres') return false;
  return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === (await realpath(cluster));
};

/** PostgreSQL copes with the file of a dead process, not with one whose number another program has got since. */
const removeStrayPidFile = async (cluster: string): Promise<void> => {
  const file = join(cluster, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  if (pid > 0 && (await identityOf(pid)) !== null) await rm(file, { force: true });
};

/** Processes of a killed server notice it by themselves, except in the middle of a long computation. */
const endLeftovers = async (cluster: string, attempt: number): Promise<void> => {
  await sleep(250);
  if (attempt < 3 || process.platform !== 'linux') return;
  for (const pid of (await readdir('/proc')).map(Number).filter((number) => number > 0)) {
    if (await isServerOf(cluster, pid)) process.kill(pid, 'SIGKILL');
  }
};

const lastPort = async (cluster: string): Promise<number | null> => {
  const options = await readFile(join(cluster, 'postmaster.opts'), 'utf8').catch(() => '');
  const [, port] = /port=(\d+)/.exec(options) ?? [];
  return port === undefined ? null : Number(port);
};

const freePort = (): Promise<number> =>
  new Promise((found, failed) => {
    const probe = createServer().on('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => found(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
