import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDataDirectory } from '../../src/shared/database/data-directory.ts';
import { findHome } from '../../src/shared/database/postgres-account.ts';
import { findBinaries } from '../../src/shared/database/postgres-binaries.ts';
import { ensureCluster } from '../../src/shared/database/postgres-cluster.ts';
import { ensureStarted, livePostmaster, stopServer } from '../../src/shared/database/postmaster.ts';

/** A PostgreSQL that a test may do anything to. It is not looked after: what is stopped stays so until `start`. */
export type OwnServer = {
  url: string;
  /** Where its files are, and whom they belong to; null: whoever runs this. */
  cluster: string;
  account: { uid: number; gid: number } | null;
  /** `fast` ends every session with a word; `immediate` is a crash from which it recovers at the next start. */
  stop: (how: 'fast' | 'immediate') => Promise<void>;
  start: () => Promise<void>;
  remove: () => Promise<void>;
};

export const startOwnServer = async (settings: Record<string, string> = {}): Promise<OwnServer> => {
  const directory = join(tmpdir(), `crm-sync-server-${randomUUID()}`);
  await mkdir(directory, { mode: 0o711 });
  const home = await findHome(await makeDataDirectory(directory), () => undefined);
  const binaries = await findBinaries(home.account);
  await ensureCluster(home, binaries, false);
  const bin = join(binaries.directory, 'bin');
  const server = { ...home, bin, settings: { fsync: 'off', ...settings } };
  const port = await ensureStarted(server, null);
  const crash = async (): Promise<void> => {
    const postmaster = await livePostmaster(home.cluster);
    if (postmaster === null) return;
    process.kill(postmaster.pid, 'SIGQUIT');
    while ((await livePostmaster(home.cluster)) !== null) await sleep(20);
  };
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    cluster: home.cluster,
    account: home.account,
    stop: async (how) => void (how === 'fast' ? await stopServer(server) : await crash()),
    start: async () => void (await ensureStarted(server, port)),
    remove: async () => {
      await crash();
      await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
};
