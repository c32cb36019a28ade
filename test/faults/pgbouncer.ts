import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

/** Debian's package; where CI runs it has to be there (.ci/run). */
const BINARY = '/usr/sbin/pgbouncer';

/** Why there can be no pooler on this machine; null when there can. @throws in CI, where a test that is skipped proves nothing. */
export const whyNoPooler = (): string | null => {
  if (existsSync(BINARY)) return null;
  const why = `${BINARY} is not there: apt-get install pgbouncer`;
  if (process.env['CI'] !== undefined) throw new Error(why);
  return why;
};

export type Pooler = {
  /** The same database, by way of the pooler. */
  url: (databaseUrl: string) => string;
  close: () => Promise<void>;
};

/** PgBouncer in transaction mode before the server of this address, with so many server connections for each database and login. */
export const startPooler = async (serverUrl: string, poolSize: number): Promise<Pooler> => {
  const server = new URL(serverUrl);
  const directory = await mkdtemp(join(tmpdir(), 'crm-sync-pooler-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const [ini, users] = [join(directory, 'pgbouncer.ini'), join(directory, 'users.txt')];
  const user = decodeURIComponent(server.username);
  await writeFile(users, `"${user}" "${decodeURIComponent(server.password)}"\n`);
  await writeFile(
    ini,
    `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 200
admin_users = ${user}
`,
  );
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const program = spawn(BINARY, [ini], { ...asNobody, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  const up = new Promise<void>((resolve, reject) => {
    program.on('close', (code) => reject(new Error(`pgbouncer ended with ${code}: ${output}`)));
    program.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('process up')) resolve();
    });
  });
  await up;
  return {
    url: (databaseUrl) => {
      const url = new URL(databaseUrl);
      url.hostname = '127.0.0.1';
      url.port = String(port);
      return url.href;
    },
    close: async () => {
      program.kill('SIGKILL');
      await once(program, 'close');
      await rm(directory, { recursive: true, force: true });
    },
  };
};

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};
