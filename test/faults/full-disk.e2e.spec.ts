import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import type { Connection, Problem, Run, SyncAnswer } from '../contract.ts';
import { startService, type Answer, type Service } from '../service.ts';
import { brokenNow } from './invariants.ts';
import { startOwnServer, type OwnServer } from './own-server.ts';
import { mountSmallDisk, whyNoSmallDisk, type SmallDisk } from './small-disk.ts';

const why = whyNoSmallDisk();
const whenPossible = why === null ? describe : describe.skip;
const because = why === null ? '' : ` (${why})`;

const CLIENTS = 300;
const WAL_FILE = 16 * 1024 * 1024;

let disk: SmallDisk;
let companies: Companies;
let service: Service;
let connectionString: string;

/** As the server's administrator. */
const asAdministrator = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const asked = <Row extends object>(statement: string, values: unknown[] = []): Promise<Row[]> =>
  asAdministrator(async (client) => (await client.query<Row>(statement, values)).rows);

const connected = async (): Promise<{ company: Company; connection: Connection }> => {
  const company = await companies.open({ clean: true, clients: CLIENTS, switches: { onPageCap: 25 } });
  const { company: name, login, password: secret } = company.account;
  const body = { provider: 'simplybook', company: name, login, secret };
  const answer = await service.api<Connection>('POST', '/api/connections', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return { company, connection: answer.body };
};

const sync = ({ id }: Connection, prefer: string): Promise<Answer<Run>> =>
  service.api<Run>('POST', `/api/connections/${id}/sync`, undefined, { prefer });

/** Asks for a change until it is refused, and says why. */
const refusal = async ({ id }: Connection): Promise<Problem> => {
  for (let n = 1; ; n += 1) {
    const answer = await service.api<Problem>('PATCH', `/api/connections/${id}`, { name: `Studio ${n}` });
    if (answer.status >= 400) return answer.body;
    await sleep(50);
  }
};

const delivered = async (url: string): Promise<number> => {
  const body = { booking_id: '1', notification_type: 'change' };
  const headers = { 'content-type': 'application/json' };
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status;
};

/** The log as it is now: what stands in it has been acknowledged. */
const log = (): Promise<object[]> =>
  asked(`select position, stream, version, encode(hash, 'hex') as hash from events order by position`);

/** What was acknowledged before and during the trouble is there, the run goes to its end, and everything is right. */
const expectAllRight = async (connection: Connection, run: Run, before: object[]): Promise<void> => {
  while ((await service.api('GET', '/health/ready')).status !== 200) await sleep(100);
  // Whoever asks joins the run, if it goes on still.
  expect((await sync(connection, 'wait=60')).status).toBe(200);
  const ended = await service.api<Run>('GET', `/api/runs/${run.id}`);
  expect(ended.body).toMatchObject({ status: 'succeeded', counts: { fetched: CLIENTS, created: CLIENTS } });
  const again = await service.api<SyncAnswer>('POST', `/api/connections/${connection.id}/sync`);
  expect(again.body.stats).toMatchObject({ leads_unchanged: CLIENTS, errors_count: 0 });
  expect((await log()).slice(0, before.length)).toEqual(before);
  expect(await asAdministrator(brokenNow)).toEqual([]);
};

beforeAll(async () => {
  companies = await startCompanies();
});
afterAll(() => companies.close());

whenPossible(`when the disk that holds the tables is full${because}`, () => {
  let server: OwnServer;
  beforeAll(async () => {
    server = await startOwnServer();
    disk = mountSmallDisk(48, server.account);
    connectionString = server.url;
    await asked(`create tablespace small location '${disk.directory}'`);
    await asked('create database crm_sync tablespace small template template0');
    connectionString = server.url.replace(/postgres$/, 'crm_sync');
    service = await startService({
      databaseUrl: connectionString,
      restUrl: companies.url,
      rpcUrl: companies.rpcUrl,
    });
  });
  afterAll(async () => {
    await service?.stop();
    await server.remove();
    disk?.remove();
  });

  it('a sync waits, changes are refused with the reason, nothing is lost, and it goes on by itself', async () => {
    const { company, connection } = await connected();
    const { body: hook } = await service.api<{ url: string }>(
      'POST',
      `/api/connections/${connection.id}/webhooks`,
    );
    const { reached, release } = company.holdPage(3);
    const { status, body: run } = await sync(connection, 'respond-async');
    expect(status).toBe(202);
    await reached;
    await disk.fill();
    const before = await log();
    release();
    expect(await refusal(connection)).toMatchObject({
      status: 503,
      detail: expect.stringMatching(
        /^The disk of the database is full, .* Make room on it: crm-sync goes on/,
      ),
    });
    const ready = await service.api<Problem>('GET', '/health/ready');
    expect([ready.status, ready.code]).toEqual([503, 'database-full']);
    expect((await service.api('GET', '/health/live')).status).toBe(200);
    expect((await service.api('GET', '/api/leads')).status).toBe(200);
    while (!service.output().includes('the run waits until the disk of the database has room'))
      await sleep(50);
    expect((await service.api<Run>('GET', `/api/runs/${run.id}`)).body.status).toBe('running');
    expect(await delivered(hook.url)).toBe(503);
    expect(await asAdministrator(brokenNow)).toEqual([]);
    await disk.free();
    await expectAllRight(connection, run, before);
    expect(await delivered(hook.url)).toBe(202);
  });
});

/** Writes the log of PostgreSQL up to so many bytes before the end of the last file that there is. */
const useUpTheLog = async (leave: number): Promise<void> => {
  const [last] = await asked<{ name: string }>('select max(name) as name from pg_ls_waldir()');
  for (;;) {
    const [now] = await asked<{ file: string; at: number }>(
      'select file_name as file, file_offset as at from pg_walfile_name_offset(pg_current_wal_insert_lsn())',
    );
    const room = now!.file === last!.name ? WAL_FILE - leave - now!.at : 1e6;
    if (room <= 0) return;
    const padding = [Math.min(room, 1e6)];
    await asked("select pg_logical_emit_message(false, 'padding', repeat('x', $1))", padding);
  }
};

whenPossible(`when its own PostgreSQL has no room left for its log${because}`, () => {
  beforeAll(async () => {
    disk = mountSmallDisk(160);
    service = await startService({
      databaseUrl: '',
      restUrl: companies.url,
      rpcUrl: companies.rpcUrl,
      environment: { CRM_SYNC_DATA_DIR: join(disk.directory, 'data') },
    });
    const [, port] = /PostgreSQL is up on 127.0.0.1:(\d+)/.exec(service.output())!;
    connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`;
  });
  afterAll(async () => {
    await disk?.free();
    await service?.stop();
    disk?.remove();
  });

  it('PostgreSQL ends in the middle of a sync, every request is answered, and there is nothing to do but to make room', async () => {
    const { connection } = await connected();
    const before = await log();
    // Tables find some room yet, a file of the log does not: PostgreSQL panics, and cannot recover.
    await disk.fill(WAL_FILE / 2);
    await useUpTheLog(400_000);
    const { status, body: run } = await sync(connection, 'respond-async');
    expect(status).toBe(202);
    const { status: refused, detail } = await refusal(connection);
    expect([refused, detail]).toEqual([503, expect.stringMatching(/database .* Try again soon/)]);
    while (!/PostgreSQL does not start .* its disk is full. Make room/.test(service.output()))
      await sleep(50);
    await disk.fill();
    const ready = await service.api<Problem>('GET', '/health/ready');
    expect([ready.status, ready.code]).toEqual([503, 'database-unavailable']);
    expect((await service.api('GET', '/health/live')).status).toBe(200);
    expect((await service.api('GET', '/api/leads')).status).toBe(503);
    await disk.free();
    await expectAllRight(connection, run, before);
  });
});
