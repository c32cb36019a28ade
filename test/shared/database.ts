import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';

/** An empty, migrated database, made once per test run; every test file works on a copy of its own. */
export const TEMPLATE = 'crm_sync_template';

/** A migrated database of the test's own. `drop` also ends connections that are still open. */
export const freshDatabase = async (): Promise<{ url: string; drop(): Promise<void> }> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await copyTemplate(name);
  return { url: addressOf(name), drop: () => onServer(`drop database if exists ${name} with (force)`) };
};

/** The test run's server with another database in its path. */
export const addressOf = (database: string): string => {
  const server = process.env['CRM_SYNC_TEST_SERVER'];
  if (server === undefined) throw new Error('CRM_SYNC_TEST_SERVER is not set: test/global-setup.ts does it');
  const url = new URL(server);
  url.pathname = database;
  return url.href;
};

/** One statement as the server's administrator, outside of any test's database. */
export const onServer = async (statement: string): Promise<void> => {
  const client = new Client({ connectionString: process.env['CRM_SYNC_TEST_SERVER'] });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

/** PostgreSQL copies a database only while nobody is connected to it; autovacuum looks in now and then. */
const copyTemplate = async (name: string): Promise<void> => {
  for (;;) {
    try {
      return await onServer(`create database ${name} template ${TEMPLATE}`);
    } catch (error) {
      const busy = error instanceof DatabaseError && error.code === '55006';
      if (!busy) throw error;
      await sleep(100);
    }
  }
};
