import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { ended, environmentOf, startProgram } from '../service.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { startOwnServer, type OwnServer } from './own-server.ts';

let server: OwnServer;
let proxy: FaultProxy;
let sql: Client;
beforeAll(async () => {
  server = await startOwnServer();
  proxy = await startFaultProxy(server.url);
  sql = new Client({ connectionString: server.url });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await proxy.close();
  await server.remove();
});

/** What becomes of a start whose sessions end after so many questions to the database. */
const brokenOffAfter = async (questions: number): Promise<string> => {
  const before = proxy.roundTrips();
  const { program, output } = startProgram(
    environmentOf({ databaseUrl: proxy.url, restUrl: 'http://127.0.0.1:9' }),
  );
  let isOver = false;
  const end = ended(program).finally(() => (isOver = true));
  const isReady = (): boolean => output().includes('crm-sync is ready');
  while (!isOver && !isReady() && proxy.roundTrips() - before < questions) await sleep(1);
  await sql.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()');
  while (!isOver && !isReady()) await sleep(5);
  if (isReady()) {
    program.kill('SIGTERM');
    return `ready, then ${await end}`;
  }
  return `${await end}: ${output()}`;
};

it.each([3, 9, 13, 16, 21, 30])(
  'a start whose connections are lost after %i questions ends with one line that says why, or is ready',
  async (questions) => {
    expect(await brokenOffAfter(questions)).toMatch(
      /^ready, then 0$|^1: .*crm-sync cannot start: [^\n]+\n$/s,
    );
  },
);
