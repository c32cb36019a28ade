import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { makeDataDirectory } from './data-directory.ts';
import { findHome, rememberHome } from './postgres-account.ts';
import { findBinaries } from './postgres-binaries.ts';
import { ensureCluster } from './postgres-cluster.ts';
import { ensureStarted, livePostmaster, stopServer } from './postmaster.ts';
import type { Server } from './postmaster.ts';
import { failedWith, reasonOf, refuseToStart } from './start-failure.ts';
import { withLock } from './start-lock.ts';

export type EmbeddedPostgresOptions = {
  /** The service's data directory; made if need be. The database is in its folder `postgres`. */
  dataDir: string;
  /** Settings of PostgreSQL beside ours, for a server that is not running yet: `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
  /** Told in whole lines what happens to the server. */
  log?: (line: string) => void;
};

export type EmbeddedPostgres = {
  /** `postgres://postgres@127.0.0.1:PORT/postgres`, the same until `stop`, also when the server had to be started again. */
  url: string;
  /** To be called after closing all own connections. The last program out stops the server. Never throws. */
  stop(): Promise<void>;
};

/** Every program that uses the server holds one connection of this name, so the last one out knows that it is. */
const KEEPER = 'crm-sync keeper';

type Keeper = { client: Client; socket: Socket; port: number };

/**
 * The PostgreSQL that comes with crm-sync, on 127.0.0.1 and a free port. A server that already runs on the data directory is
 * shared, whoever started it; one that dies is started again. It outlives this process if that is killed, and is taken over
 * by the next.
 * @throws Refusal that says why it cannot start and what to do.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const log = options.log ?? (() => undefined);
  const dataDir = await makeDataDirectory(options.dataDir);
  const lock = join(dataDir, 'postgres.lock');
  const { server, keeper } = await withLock(lock, async () => {
    const prepared = await prepare(dataDir, options.settings ?? {}, log);
    return { server: prepared, keeper: await firstKeeper(prepared) };
  });
  log(`PostgreSQL is up on 127.0.0.1:${keeper.port}, its files are in ${server.cluster}`);
  const stop = keepUp(server, keeper, lock, log);
  return { url: `postgres://postgres@127.0.0.1:${keeper.port}/postgres`, stop };
};

const prepare = async (
  dataDir: string,
  settings: Record<string, string>,
  log: (line: string) => void,
): Promise<Server> => {
  const home = await findHome(dataDir, log);
  const binaries = await findBinaries(home.account);
  await ensureCluster(home, binaries, settings['fsync'] !== 'off');
  await rememberHome(dataDir, home);
  return { ...home, bin: join(binaries.directory, 'bin'), settings };
};

/** A server that was started for us and is of no use must not be left running; one that ran before is others'. */
const firstKeeper = async (server: Server): Promise<Keeper> => {
  const ran = (await livePostmaster(server.cluster)) !== null;
  try {
    return await connectKeeper(server, null);
  } catch (error) {
    if (!ran) await stopServer(server);
    throw error;
  }
};

/** Starts the server unless it runs. A few tries, for a server that is just going down or recovering from a crash. */
const connectKeeper = async (server: Server, wanted: number | null): Promise<Keeper> => {
  for (let attempt = 1; ; attempt += 1) {
    const port = await ensureStarted(server, wanted);
    const socket = new Socket();
    const client = keeperClient(port, socket);
    try {
      await client.connect();
      // A program that has nothing else to do may end.
      socket.unref();
      return { client, socket, port };
    } catch (error) {
      // What is not there will not come by waiting.
      if (attempt === 100 || failedWith(error, '3D000')) {
        throw refuseToStart(
          `PostgreSQL runs on ${server.cluster} but refuses connections (${reasonOf(error)}): ` +
            `${join(server.cluster, 'server.log')} says more.`,
          error,
        );
      }
      await sleep(100);
    }
  }
};

const keeperClient = (port: number, socket: Socket): Client => {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    application_name: KEEPER,
    connectionTimeoutMillis: 10_000,
    query_timeout: 5_000,
    stream: () => socket,
  });
  // Its loss is told by 'end'; without a listener it would end the program.
  client.on('error', () => undefined);
  return client;
};

/** Answers `stop`. Until that is called, a server that is gone is started again at the same address. */
const keepUp = (
  server: Server,
  first: Keeper,
  lock: string,
  log: (line: string) => void,
): (() => Promise<void>) => {
  let keeper = first;
  let reviving = Promise.resolve();
  let stopped: Promise<void> | null = null;
  const stopping = new AbortController();

  const watch = (): void => {
    keeper.client.once('end', () => {
      reviving = revive();
    });
  };
  const revive = async (): Promise<void> => {
    if (!stopping.signal.aborted) log('The connection to PostgreSQL is lost, looking after it');
    let said = '';
    while (!stopping.signal.aborted) {
      try {
        keeper = await withLock(lock, () => connectKeeper(server, first.port));
        log(`PostgreSQL is up on 127.0.0.1:${first.port} again`);
        return watch();
      } catch (error) {
        // Once: it may go on for as long as somebody needs to make room. Numbers of processes and files do not make it another.
        const reason = reasonOf(error).replaceAll(/\.\d+/g, '');
        if (reason !== said) log(reasonOf(error));
        said = reason;
        await sleep(1000, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    await reviving;
    try {
      await withLock(lock, () => leave(server, keeper, log));
    } catch (error) {
      log(`PostgreSQL was left running: ${reasonOf(error)}`);
    }
  };
  watch();
  return () => (stopped ??= stop());
};

const leave = async (server: Server, keeper: Keeper, log: (line: string) => void): Promise<void> => {
  keeper.socket.ref();
  const running = await livePostmaster(server.cluster);
  const inUse = running !== null && (await isUsedByOthers(keeper.client));
  await keeper.client.end();
  if (inUse) log('PostgreSQL stays up: another program is connected to it');
  else if (await stopServer(server)) log('PostgreSQL is stopped');
  else log('PostgreSQL is still writing and will stop by itself');
};

/** Connections that were closed a moment ago may still be seen, so others than programs like us are given a second to go. */
const isUsedByOthers = async (client: Client): Promise<boolean> => {
  for (let look = 1; look <= 20; look += 1) {
    const others = await client.query<{ name: string }>(
      `select application_name as name from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    if (others.rows.length === 0) return false;
    if (others.rows.some(({ name }) => name === KEEPER)) return true;
    await sleep(50);
  }
  return true;
};
