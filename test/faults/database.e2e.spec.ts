import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type DatabaseError } from 'pg';
import { booksOf } from '../../sandbox/matrix/books.ts';
import { compare, snapshotOf } from '../../sandbox/matrix/compare.ts';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import type { Connection, Problem, Run, SyncAnswer } from '../contract.ts';
import { startService, type Answer, type Service } from '../service.ts';
import { lived } from '../lived.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { brokenNow } from './invariants.ts';
import { startOwnServer, type OwnServer } from './own-server.ts';

const MOST_SESSIONS = 30;
const TOO_MANY = '53300';

let server: OwnServer;
let proxy: FaultProxy;
let companies: Companies;
let service: Service;
beforeAll(async () => {
  server = await startOwnServer({ max_connections: String(MOST_SESSIONS) });
  proxy = await startFaultProxy(server.url);
  companies = await startCompanies();
  service = await startService({
    databaseUrl: proxy.url,
    restUrl: companies.url,
    rpcUrl: companies.rpcUrl,
    environment: { LOG_LEVEL: 'warn' },
  });
});
afterAll(async () => {
  // It has lived through everything, in one process.
  await service.stop();
  await companies.close();
  await proxy.close();
  await server.remove();
});
afterEach(() => proxy.set(null));

/** Waits for a place: right after trouble the server still has the sessions of before, beside the new ones. */
const administrator = async (): Promise<Client> => {
  for (;;) {
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    const refused = await client.connect().then(
      () => null,
      (error: DatabaseError) => error,
    );
    if (refused === null) return client;
    if (refused.code !== TOO_MANY) throw refused;
    await sleep(200);
  }
};

const asAdministrator = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
  const client = await administrator();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const connectOnly = ({ account }: Company): Promise<Answer<Connection>> => {
  const { company, login, password: secret } = account;
  return service.api('POST', '/api/connections', { provider: 'simplybook', company, login, secret });
};

/** Four pages of clients, and bookings. */
const connected = async (): Promise<{ company: Company; connection: Connection }> => {
  const company = await companies.open({
    clean: true,
    clients: 40,
    bookings: 10,
    switches: { onPageCap: 10 },
  });
  const answer = await connectOnly(company);
  if (answer.status !== 201) throw new Error(answer.text);
  return { company, connection: answer.body };
};

const sync = ({ id }: Connection): Promise<Answer<SyncAnswer>> =>
  service.api('POST', `/api/connections/${id}/sync`);

/** Until it is ready again by itself. */
const recovered = async (): Promise<void> => {
  while ((await service.api('GET', '/health/ready')).status !== 200) await sleep(100);
};

/** Syncs until a run ends well: the one of the trouble is joined, whoever is at it by then. */
const healed = async (connection: Connection): Promise<SyncAnswer> => {
  await recovered();
  for (;;) {
    const answer = await sync(connection);
    if (answer.status === 200 && answer.body.status === 'succeeded') return answer.body;
    await sleep(200);
  }
};

/** After the trouble one sync makes our books the CRM's, nothing is doubled, and the next one changes nothing. */
const expectAllRight = async (company: Company, connection: Connection): Promise<void> => {
  await healed(connection);
  const { stats } = await healed(connection);
  expect(stats).toMatchObject({ clients_fetched: 40, leads_unchanged: 40, errors_count: 0 });
  const books = await booksOf(service.api, connection.id);
  const before = { ...snapshotOf(company), booked: new Set<number>() };
  expect(compare(company, books, before, true)).toEqual([]);
  expect(await asAdministrator(brokenNow)).toEqual([]);
};

const expectOutage = (answer: Answer<unknown>): void => {
  const { status, detail } = answer.body as Problem;
  expect([answer.status, answer.code, status]).toEqual([503, 'database-unavailable', 503]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(detail).toMatch(/database/);
};

/** While the database is away: alive, not ready, and every request is answered in time with what to do. */
const expectAnswersWithout = async ({ id }: Connection, within: number): Promise<void> => {
  const before = lived();
  const asked = [
    service.api('GET', '/api/leads'),
    service.api('POST', `/api/connections/${id}/sync`, undefined, { prefer: 'respond-async' }),
    service.api('POST', `/api/connections/${id}/sync`, undefined, { 'idempotency-key': randomUUID() }),
  ];
  expect((await service.api('GET', '/health/live')).status).toBe(200);
  expectOutage(await service.api('GET', '/health/ready'));
  for (const answer of await Promise.all(asked)) expectOutage(answer);
  expect(lived() - before).toBeLessThan(within);
};

const OURS = "application_name = 'crm-sync' and pid <> pg_backend_pid()";

describe('when the database', () => {
  it('ends every session, the next requests are answered', async () => {
    const { company, connection } = await connected();
    await Promise.all([1, 2, 3, 4].map(() => service.api('GET', '/api/leads')));
    await asAdministrator((client) =>
      client.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where ${OURS}`),
    );
    await recovered();
    expect((await service.api('GET', '/api/leads')).status).toBe(200);
    await expectAllRight(company, connection);
  });

  it('ends the session of a page that is being written, nothing of it stays, and the next run has it', async () => {
    const { company, connection } = await connected();
    const holder = await administrator();
    await holder.query('begin');
    await holder.query('select from event_log for update');
    const waiting = `select pid from pg_stat_activity where ${OURS} and wait_event_type = 'Lock'`;
    const synced = sync(connection);
    // The start of the run waits first.
    while ((await holder.query(waiting)).rows.length === 0) await sleep(10);
    await holder.query('commit');
    await holder.query('begin');
    await holder.query('select from event_log for update');
    while ((await holder.query(waiting)).rows.length === 0) await sleep(10);
    await holder.query(`select pg_terminate_backend(pid, 5000) from (${waiting}) w`);
    await holder.query('commit');
    await holder.end();
    await synced;
    await expectAllRight(company, connection);
  });

  it.each([1, 2, 3, 4])(
    'carries COMMIT number %i of a sync out and its answer is lost, nothing is doubled and nothing is missing',
    async (nth) => {
      const { company, connection } = await connected();
      const synced = sync(connection);
      for (let n = 1; n < nth; n += 1) await proxy.swallowReplyAfter(/^Q....commit/s);
      await proxy.swallowReplyAfter(/^Q....commit/s);
      const { status, text } = await synced;
      expect([status, text]).toEqual([200, expect.any(String)]);
      await expectAllRight(company, connection);
    },
  );

  it('has made a connection and the answer to that COMMIT is lost, the caller still gets it', async () => {
    const company = await companies.open({ clean: true, clients: 1 });
    const reply = await startReply(() => connectOnly(company));
    expect([reply.status, reply.text]).toEqual([201, expect.any(String)]);
    expect((await connectOnly(company)).status).toBe(409);
  });

  it('falls silent, every request is answered within half a minute, and new ones get new connections', async () => {
    const { company, connection } = await connected();
    await Promise.all(Array.from({ length: 20 }, () => service.api('GET', '/api/leads')));
    proxy.blackholeAll();
    await expectAnswersWithout(connection, 35_000);
    await recovered();
    await expectAllRight(company, connection);
  });

  it.each(['fast', 'immediate'] as const)(
    'is stopped (%s) and comes back, the service waits and goes on by itself',
    async (how) => {
      const { company, connection } = await connected();
      const { reached, release } = company.holdPage(2);
      const { body: run } = await service.api<Run>(
        'POST',
        `/api/connections/${connection.id}/sync`,
        undefined,
        { prefer: 'respond-async' },
      );
      await reached;
      await server.stop(how);
      await expectAnswersWithout(connection, 15_000);
      release();
      await sleep(1_000);
      await expectAnswersWithout(connection, 15_000);
      await server.start();
      await expectAllRight(company, connection);
      expect((await service.api<Run>('GET', `/api/runs/${run.id}`)).body.status).not.toBe('running');
    },
  );

  it('takes no changes after a failover, reading goes on, changes are refused until it does again', async () => {
    const { company, connection } = await connected();
    const readOnly = (on: string) => async (client: Client) => {
      await client.query(`alter system set default_transaction_read_only = ${on}`);
      await client.query('select pg_reload_conf()');
    };
    await asAdministrator(readOnly('on'));
    while ((await service.api('GET', '/health/ready')).status === 200) await sleep(50);
    expect((await service.api('GET', '/api/leads')).status).toBe(200);
    expectOutage(await sync(connection));
    expectOutage(await service.api('GET', '/health/ready'));
    await asAdministrator(async (client) => {
      await client.query('set default_transaction_read_only = off');
      await readOnly('off')(client);
    });
    await expectAllRight(company, connection);
  });

  it('has no connection left, requests are refused in time until it has', async () => {
    const { company, connection } = await connected();
    const others: Client[] = [];
    const fill = async (): Promise<void> => {
      for (let full = false; !full;) {
        const other = new Client({ connectionString: server.url });
        other.on('error', () => undefined);
        await other.connect().then(
          () => others.push(other),
          () => (full = true),
        );
      }
    };
    const holder = await administrator();
    // The service looks for work all the time, so it may be faster than others are.
    while ((await holder.query(`select from pg_stat_activity where ${OURS}`)).rows.length > 0) {
      await holder.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where ${OURS}`);
      await fill();
    }
    await holder.end();
    await fill();
    await expectAnswersWithout(connection, 15_000);
    await Promise.all(others.map((other) => other.end()));
    await expectAllRight(company, connection);
  });

  it('has a table locked by somebody, those who need it are refused in time, also when all connections wait', async () => {
    const { company, connection } = await connected();
    const holder = await administrator();
    await holder.query('begin');
    await holder.query('lock table leads in access exclusive mode');
    const before = lived();
    const answers = await Promise.all(Array.from({ length: 25 }, () => service.api('GET', '/api/leads')));
    for (const answer of answers) expectOutage(answer);
    expect(lived() - before).toBeLessThan(25_000);
    await holder.query('rollback');
    await holder.end();
    await expectAllRight(company, connection);
  });

  it('is full, syncs say so and go on once there is room', async () => {
    const { company, connection } = await connected();
    // What PostgreSQL answers when a disk is full (SQLSTATE 53100); the disk of whoever runs this test is left alone.
    await asAdministrator(async (client) => {
      await client.query(`create function full_disk() returns trigger language plpgsql as $$ begin
        raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
      await client.query('create trigger full_disk before insert on leads execute function full_disk()');
    });
    const answer = await service.api<Run>('POST', `/api/connections/${connection.id}/sync`, undefined, {
      prefer: 'respond-async',
    });
    expect(answer.status).toBe(202);
    // As if it had been tried so often that the queue gives it up.
    const lastTry = `update jobs.job set retry_count = retry_limit, start_after = now()
      where singleton_key = $1 and state = 'retry'`;
    await asAdministrator(async (client) => {
      while ((await client.query(lastTry, [answer.body.id])).rowCount === 0) await sleep(50);
    });
    while (!service.output().includes('the run goes on waiting until the disk')) await sleep(50);
    await asAdministrator((client) => client.query('drop function full_disk cascade'));
    await expectAllRight(company, connection);
    const { body: run } = await service.api<Run>('GET', `/api/runs/${answer.body.id}`);
    expect([run.status, run.error]).toEqual(['succeeded', null]);
  });
});

/** The outcome of work whose last COMMIT is answered by nobody. */
const startReply = async <T>(work: () => Promise<T>): Promise<T> => {
  const working = work();
  await proxy.swallowReplyAfter(/^Q....commit/s);
  return working;
};

describe('when the way to the database', () => {
  it('is slow, a sync is right, and a page costs a bounded number of round trips', async () => {
    const { company, connection } = await connected();
    const before = proxy.roundTrips();
    await sync(connection);
    const first = proxy.roundTrips() - before;
    // Four pages of clients and one of bookings; what is asked meanwhile counts too.
    expect(first).toBeLessThan(400);
    proxy.set({ kind: 'latency', ms: 30, jitter: 30 });
    company.crm.change(company.crm.all()[0]!.id, { name: 'Slow Change' });
    expect((await sync(connection)).status).toBe(200);
    proxy.set(null);
    await expectAllRight(company, connection);
  });

  it('delivers single bytes, a sync is right', async () => {
    const { company, connection } = await connected();
    proxy.set({ kind: 'slicer' });
    expect((await sync(connection)).status).toBe(200);
    proxy.set(null);
    await expectAllRight(company, connection);
  });

  it('breaks answers off in the middle, nothing is doubled and nothing is missing', async () => {
    const { company, connection } = await connected();
    proxy.set({ kind: 'reset', after: 2_000 });
    await sync(connection);
    proxy.set({ kind: 'limit', bytes: 2_000 });
    proxy.resetAll();
    await sync(connection);
    proxy.set({ kind: 'close-half' });
    await sync(connection);
    proxy.set(null);
    proxy.resetAll();
    await expectAllRight(company, connection);
  });
});
