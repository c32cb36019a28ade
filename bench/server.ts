import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/shared/database/embedded-postgres.ts';

/** A PostgreSQL of our own, as safe and as slow as it comes: `fsync` and all that stay on. */
export type Server = {
  version: string;
  /** Makes an empty database; `drop` removes it and writes everything to disk, so that no side pays for another. */
  database: (name: string) => Promise<{ url: string; drop: () => Promise<void> }>;
  stop: () => Promise<void>;
};

export const startServer = async (): Promise<Server> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'crm-sync-bench-'));
  // PostgreSQL refuses to run as root and then works as somebody else, who must get in.
  await chmod(dataDir, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir });
  const run = async (statement: string): Promise<pg.QueryResult<{ server_version: string }>> => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      return await client.query(statement);
    } finally {
      await client.end();
    }
  };
  return {
    version: (await run('show server_version')).rows[0]!.server_version,
    database: async (name) => {
      await run(`create database ${name}`);
      await run('checkpoint');
      const url = new URL(postgres.url);
      url.pathname = name;
      return { url: url.href, drop: async () => void (await run(`drop database ${name} with (force)`)) };
    },
    stop: async () => {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
};
