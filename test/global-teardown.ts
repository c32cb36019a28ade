import { rm } from 'node:fs/promises';
import type { EmbeddedPostgres } from '../src/shared/database/embedded-postgres.ts';
import { onServer } from './shared/database.ts';

declare global {
  /** From global-setup to global-teardown; not there when TEST_DATABASE_URL is given. */
  var testServer: { server: EmbeddedPostgres; dataDir: string } | undefined;
}

export default async (): Promise<void> => {
  await rm(process.env['CRM_SYNC_TEST_DATA'] ?? '', { recursive: true, force: true });
  if (globalThis.testServer === undefined) return;
  const { server, dataDir } = globalThis.testServer;
  // A connection that a test forgot must not keep a throw-away server alive.
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity
                  where backend_type = 'client backend' and application_name <> 'crm-sync keeper' and pid <> pg_backend_pid()`);
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
};
