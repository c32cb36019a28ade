import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  rmdir,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/shared/database/embedded-postgres.ts';
import type { EmbeddedPostgres } from '../../src/shared/database/embedded-postgres.ts';
import { livePostmaster } from '../../src/shared/database/postmaster.ts';
import { identityOf } from '../../src/shared/database/start-lock.ts';

const PROGRAM = join(import.meta.dirname, 'embedded-postgres.program.ts');
const FAST = { fsync: 'off' };

let directory: string;
let dataDir: string;
let servers: EmbeddedPostgres[];
let programs: ChildProcess[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crm-sync-embedded-'));
  await chmod(directory, 0o755);
  dataDir = join(directory, 'service', '.data');
  servers = [];
  programs = [];
});

afterEach(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await Promise.all(servers.map((server) => server.stop()));
  const left = await livePostmaster(clusterOf(dataDir));
  if (left !== null) await kill(left.pid);
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

const clusterOf = (path: string): string => join(path, 'postgres');

const start = async (settings: Record<string, string> = FAST): Promise<EmbeddedPostgres> => {
  const server = await startEmbeddedPostgres({ dataDir, settings });
  servers.push(server);
  return server;
};

/** Another program on the same data directory; answers once its PostgreSQL is up. */
const startProgram = async (): Promise<{ url: string; program: ChildProcess }> => {
  const program = forkProgram();
  const [url] = await once(program, 'message');
  return { url: String(url), program };
};

const forkProgram = (): ChildProcess => {
  const program = fork(PROGRAM, [dataDir], { execArgv: [], detached: true });
  programs.push(program);
  return program;
};

const endProgram = async (program: ChildProcess): Promise<void> => {
  program.send('stop');
  await once(program, 'exit');
};

/** With everything in its process group: what Ctrl-C on a terminal reaches. */
const killProgram = async (program: ChildProcess): Promise<void> => {
  process.kill(-Number(program.pid), 'SIGKILL');
  await once(program, 'exit');
};

const pidOfServer = async (): Promise<number> => {
  const postmaster = await livePostmaster(clusterOf(dataDir));
  if (postmaster === null) throw new Error('no PostgreSQL is running');
  return postmaster.pid;
};

const kill = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGKILL');
  await until(async () => (await identityOf(pid)) === null);
};

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await sleep(20);
};

const ask = async (url: string, sql: string): Promise<unknown> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
};

const remember = async (url: string): Promise<void> => {
  await ask(url, "create table notes as select 'before the checkpoint' as note");
  await ask(url, 'checkpoint');
  await ask(url, "insert into notes values ('only in the log')");
};

const remembered = (url: string): Promise<unknown> => ask(url, 'select count(*)::int from notes');

describe('The PostgreSQL that comes with crm-sync', () => {
  it('is made on the first start, in UTF-8 and for this machine only, with files closed to other people', async () => {
    const { url } = await start({});

    expect(url).toMatch(/^postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres$/);
    expect(
      await ask(
        url,
        `select concat_ws(' ', current_setting('server_encoding'), datlocprovider, datlocale,
           current_setting('listen_addresses'), current_setting('unix_socket_directories') = '', current_setting('fsync'))
         from pg_database where datname = 'postgres'`,
      ),
    ).toBe('UTF8 b C.UTF-8 127.0.0.1 t on');
    expect((await stat(dataDir)).mode & 0o006).toBe(0);
    expect((await stat(clusterOf(dataDir))).mode & 0o077).toBe(0);
    expect((await stat(dirname(dataDir))).mode & 0o777).not.toBe(0o700);
  });

  it('leaves no process behind when it is stopped, and has its data and its address again at the next start', async () => {
    const first = await start();
    await remember(first.url);
    const pid = await pidOfServer();
    await first.stop();
    expect(await identityOf(pid)).toBeNull();

    const second = await start();

    expect(await remembered(second.url)).toBe(2);
    expect(second.url).toBe(first.url);
  });

  it('takes another port when its own is taken', async () => {
    const first = await start();
    await first.stop();
    const stranger = createServer();
    await once(stranger.listen(Number(new URL(first.url).port), '127.0.0.1'), 'listening');

    const second = await start();

    expect(second.url).not.toBe(first.url);
    expect(await ask(second.url, 'select 1')).toBe(1);
    stranger.close();
  });

  it('comes back at the same address with everything committed when it is killed under a running service', async () => {
    const { url } = await start();
    await remember(url);
    await kill(await pidOfServer());

    await until(async () => (await livePostmaster(clusterOf(dataDir)))?.status === 'ready');

    expect(await remembered(url)).toBe(2);
  });

  it('recovers when both sides were killed, even if a process of the old server still computes', async () => {
    const { url, program } = await startProgram();
    await remember(url);
    const busy = new Client({ connectionString: url });
    busy.on('error', () => undefined);
    await busy.connect();
    const backend = Number((await busy.query('select pg_backend_pid() as pid')).rows[0].pid);
    const computing = busy.query('select count(*) from generate_series(1, 1e12)').catch(() => 'gone');
    await until(
      async () => (await ask(url, `select state from pg_stat_activity where pid = ${backend}`)) === 'active',
    );
    await killProgram(program);
    await kill(await pidOfServer());

    const { url: again } = await start();

    expect(await remembered(again)).toBe(2);
    expect(await computing).toBe('gone');
    expect(await identityOf(backend)).toBeNull();
  });

  it('survives the kill of the service and is taken over by the next one', async () => {
    const { url, program } = await startProgram();
    const pid = await pidOfServer();
    await killProgram(program);

    const next = await start();

    expect(next.url).toBe(url);
    expect(await pidOfServer()).toBe(pid);
    await next.stop();
    expect(await identityOf(pid)).toBeNull();
  });

  it('is shared by two programs that start at once, and stopped by the last one out', async () => {
    const [one, other] = await Promise.all([startProgram(), startProgram()]);
    const pid = await pidOfServer();
    expect(one.url).toBe(other.url);

    await endProgram(one.program);
    expect(await ask(other.url, 'select 1')).toBe(1);
    expect(await pidOfServer()).toBe(pid);

    await endProgram(other.program);
    expect(await identityOf(pid)).toBeNull();
  });

  it('stays up for somebody who is connected by other means', async () => {
    const server = await start();
    const visitor = new Client({ connectionString: server.url });
    await visitor.connect();

    await server.stop();

    expect((await visitor.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await visitor.end();
  });

  it('is not fooled by a pid file whose number another program has got since', async () => {
    await (await start()).stop();
    // The account that PostgreSQL runs as: it takes no notice of other people's processes.
    const { uid, gid } = await stat(clusterOf(dataDir));
    const stranger = spawn('sleep', ['600'], { uid, gid, stdio: 'ignore' });
    programs.push(stranger);
    await writeFile(
      join(clusterOf(dataDir), 'postmaster.pid'),
      `${stranger.pid}\n${clusterOf(dataDir)}\n1\n1\n\n\n\nready\n`,
    );

    const { url } = await start();

    expect(await ask(url, 'select 1')).toBe(1);
  });

  it('is not kept from starting by the lock of a program that died', async () => {
    await (await start()).stop();
    await mkdir(join(dataDir, 'postgres.lock'));
    await writeFile(join(dataDir, 'postgres.lock', 'owner'), `${process.pid} 1`);

    const { url } = await start();

    expect(await ask(url, 'select 1')).toBe(1);
  });

  it('is made anew when its making was interrupted', async () => {
    // Until it was interrupted, and not done already.
    for (let isHalfMade = false; !isHalfMade;) {
      await rm(dataDir, { recursive: true, force: true });
      await mkdir(dataDir, { recursive: true, mode: 0o711 });
      const program = forkProgram();
      await until(async () => (await readdir(dataDir)).some((name) => /^postgres(\.new-|$)/.test(name)));
      await killProgram(program);
      isHalfMade = (await readdir(dataDir)).some((name) => name.startsWith('postgres.new-'));
      const done = await livePostmaster(clusterOf(dataDir));
      if (done !== null) await kill(done.pid);
    }

    const { url } = await start();

    expect(await ask(url, 'select 1')).toBe(1);
    expect((await readdir(dataDir)).toSorted()).toEqual(['postgres']);
  });
});

const refusal = (): Promise<string> =>
  start().then(
    () => 'started',
    (error: Error) => error.message,
  );

describe('A database that cannot be opened', () => {
  it('says which PostgreSQL made it when that was another major version', async () => {
    await (await start()).stop();
    await writeFile(join(clusterOf(dataDir), 'PG_VERSION'), '17\n');

    expect(await refusal()).toBe(
      `The database ${clusterOf(dataDir)} was made by PostgreSQL 17 and this crm-sync brings PostgreSQL 18, ` +
        'which cannot open it: dump it with PostgreSQL 17 and restore it, or move it away to start with an empty one.',
    );
  });

  it('says in one line that it is damaged, in the words of PostgreSQL, and what to do', async () => {
    await (await start()).stop();
    await truncate(join(clusterOf(dataDir), 'global', 'pg_control'), 100);

    const message = await refusal();

    expect(message).toMatch(
      /^PostgreSQL does not start on .*pg_control.*server\.log says more\. If the files are damaged,/,
    );
    expect(message).not.toContain('\n');
  });

  it('is not left running when nobody can work with it', async () => {
    const server = await start();
    await server.stop();
    await rm(join(clusterOf(dataDir), 'base'), { recursive: true });
    await expect(start()).rejects.toThrow(/refuses connections \(database "postgres" does not exist\)/);
    expect(await livePostmaster(clusterOf(dataDir))).toBeNull();
  });

  it('is never overwritten: a folder of other files is refused', async () => {
    await mkdir(clusterOf(dataDir), { recursive: true });
    await writeFile(join(clusterOf(dataDir), 'letter.txt'), 'dear');

    expect(await refusal()).toMatch(/is not a whole PostgreSQL database \(PG_VERSION is missing\)/);
    expect(await readFile(join(clusterOf(dataDir), 'letter.txt'), 'utf8')).toBe('dear');
  });
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot('Run by root in a directory that only root can enter', () => {
  it('keeps the database in a place its account can reach, and finds it again', async () => {
    await mkdir(dataDir, { recursive: true });
    await chmod(dirname(dataDir), 0o700);
    const first = await start();
    await remember(first.url);
    await first.stop();
    const place = (await readFile(join(dataDir, 'postgres-location'), 'utf8')).trim();
    expect((await readdir(dataDir)).toSorted()).toEqual(['postgres-location']);

    const second = await start();
    expect(await remembered(second.url)).toBe(2);
    await second.stop();

    await rm(dirname(place), { recursive: true });
    const gone = start();
    await expect(gone).rejects.toThrow('is gone: bring it back from a backup, or remove that file');
    await rmdir(dirname(dirname(place))).catch(() => undefined);
  });
});
