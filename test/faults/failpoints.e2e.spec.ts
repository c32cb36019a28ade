import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import type { Switches } from '../../sandbox/faults.ts';
import { booksOf } from '../../sandbox/matrix/books.ts';
import { compare, snapshotOf } from '../../sandbox/matrix/compare.ts';
import type { Connection, Run, SyncAnswer } from '../contract.ts';
import {
  ended,
  ENCRYPTION_KEYS,
  environmentOf,
  ready,
  startProgram,
  startService,
  API_KEY,
  type Service,
} from '../service.ts';
import { deliver, until, type Address } from '../webhooks.ts';
import { freshDatabase } from '../shared/database.ts';
import { brokenNow } from './invariants.ts';
import { brokenValues } from './sealed-values.ts';

const CLIENTS = 30;
const NO_WAIT = { prefer: 'respond-async' };

let companies: Companies;
let database: { url: string; drop: () => Promise<void> };
let sql: Client;
/** The one that lives, and finishes what others have begun. */
let survivor: Service;
beforeAll(async () => {
  companies = await startCompanies();
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  survivor = await start();
});
afterAll(async () => {
  await survivor.stop();
  await sql.end();
  await companies.close();
  await database.drop();
});

const options = (environment: Record<string, string> = {}) => ({
  databaseUrl: database.url,
  restUrl: companies.url,
  rpcUrl: companies.rpcUrl,
  environment,
});

const start = (): Promise<Service> => startService(options());

/** Three pages of clients, and bookings. */
const connected = async (more: object = {}): Promise<{ company: Company; connection: Connection }> => {
  const company = await companies.open({
    clean: true,
    clients: CLIENTS,
    bookings: 12,
    switches: { onPageCap: 10 },
  });
  const { company: name, login, password: secret } = company.account;
  const body = { provider: 'simplybook', company: name, login, secret, ...more };
  const answer = await survivor.api<Connection>('POST', '/api/connections', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return { company, connection: answer.body };
};

const syncPath = ({ id }: Connection): string => `/api/connections/${id}/sync`;

/** As the queue does it when it has not heard of a worker for so long. */
const silentForLong = (): Promise<unknown> =>
  sql.query(`update jobs.job set state = 'retry', start_after = now()
    where state = 'active' and name = 'sync-runs'`);

const countOfEvents = async (): Promise<number> =>
  (await sql.query<{ n: number }>("select count(*)::int as n from events where type !~ '^Sync'")).rows[0]!.n;

const expectAllRight = async (company: Company, connection: Connection): Promise<void> => {
  const { status, body, text } = await survivor.api<SyncAnswer>('POST', syncPath(connection));
  expect([status, text]).toEqual([200, expect.any(String)]);
  expect(body.status).toBe('succeeded');
  const before = await countOfEvents();
  const again = await survivor.api<SyncAnswer>('POST', syncPath(connection));
  expect(again.body.stats).toMatchObject({ clients_fetched: CLIENTS, leads_unchanged: CLIENTS });
  expect(await countOfEvents()).toBe(before);
  const books = await booksOf(survivor.api, connection.id);
  const snapshot = { ...snapshotOf(company), booked: new Set<number>() };
  expect(compare(company, books, snapshot, true)).toEqual([]);
  expect(await brokenNow(sql)).toEqual([]);
  expect(await brokenValues(sql, ENCRYPTION_KEYS)).toEqual([]);
};

/** Facts of a company, whatever ids and times: what an undisturbed sync records, one that was killed must have recorded. */
const recorded = async ({ id }: Connection): Promise<Record<string, number>> => {
  const { rows } = await sql.query<{ type: string; n: number }>(
    `select type, count(*)::int as n from events
      where coalesce(data ->> 'connectionId', data -> 'source' ->> 'connectionId') = $1 and type !~ '^Sync'
      group by type order by type`,
    [id],
  );
  return Object.fromEntries(rows.map(({ type, n }) => [type, n]));
};

/** Nothing is done by the one that lives until it may go on; it holds nothing that others may need. */
const standStill = async (): Promise<void> => {
  const busy = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    and application_name = 'crm-sync' and state <> 'idle'`;
  for (;;) {
    process.kill(survivor.pid, 'SIGSTOP');
    // What it has sent may be on its way yet.
    await sql.query('select pg_sleep(0.05)');
    if ((await sql.query(busy)).rows.length === 0) return;
    process.kill(survivor.pid, 'SIGCONT');
    await sql.query('select pg_sleep(0.05)');
  }
};

/** Starts a run on a program that dies at this step, and says how it died. */
const diesAt = (step: string, connection: Connection): Promise<number | string> =>
  diesAskedFor(step, syncPath(connection));

/** Asks a program for this that dies at this step. */
const diesAskedFor = async (step: string, path: string): Promise<number | string> => {
  // The other one must not take the work.
  await standStill();
  try {
    const environment = { NODE_ENV: 'test', CRM_SYNC_FAILPOINT: step };
    const { program, output } = startProgram(environmentOf(options(environment)));
    const url = await ready(program, output);
    const headers = { authorization: `Bearer ${API_KEY}`, ...NO_WAIT };
    await fetch(url + path, { method: 'POST', headers }).catch(() => undefined);
    return await ended(program);
  } finally {
    process.kill(survivor.pid, 'SIGCONT');
  }
};

describe('a program that is killed at a step of its work', () => {
  let undisturbed: Record<string, number>;
  beforeAll(async () => {
    const { company, connection } = await connected();
    await expectAllRight(company, connection);
    undisturbed = await recorded(connection);
  });

  it.each(
    [
      ['after-fetch:2', 'before-transaction:2'],
      // The start of the run, its pages, its bookings and its end, each in a transaction of its own.
      ['after-events:1', 'after-events:3', 'before-commit:1', 'before-commit:3', 'before-commit:4'],
      ['after-commit:1', 'after-commit:3', 'before-end:1', 'after-end:1'],
    ].flat(),
  )('%s, leaves what another one completes: the same facts, none missing, none double', async (step) => {
    const { company, connection } = await connected();
    expect(await diesAt(step, connection)).toBe('SIGKILL');
    await silentForLong();
    await expectAllRight(company, connection);
    expect(await recorded(connection)).toEqual(undisturbed);
  });

  it.each<[string, string, Partial<Switches>, string]>([
    ['clients', 'after-commit:3', { fieldValues: 'forbidden' }, 'client-fields-forbidden'],
    ['bookings', 'before-end:1', { companyTimezone: '' }, 'timezone-unknown'],
  ])(
    'has told what to know of the %s that it had written: the end of the run says so, once',
    async (_, step, switches, code) => {
      const { company, connection } = await connected({ clientFields: true });
      company.faults.set(switches);
      expect(await diesAt(step, connection)).toBe('SIGKILL');
      const { rows } = await sql.query(
        'select exists (select from run_seen s where s.run_id = a.run_id) as wrote from active_runs a where connection_id = $1',
        [connection.id],
      );
      expect(rows).toEqual([{ wrote: true }]);
      // Whoever takes it up hears nothing of the kind any more.
      company.faults.reset();
      await silentForLong();
      const { body } = await survivor.api<SyncAnswer>('POST', syncPath(connection));
      expect(body.warnings.map((warning) => warning.code)).toEqual([code]);
    },
  );
});

describe('a program that is killed while it settles who is missing', () => {
  /** Two are missing already, one of them returns, and one more is deleted. */
  const leaving = async (): Promise<{ company: Company; connection: Connection }> => {
    const { company, connection } = await connected();
    const sync = () => survivor.api<SyncAnswer>('POST', syncPath(connection));
    await sync();
    for (const id of [1, 2, 3]) company.crm.delete(id);
    expect((await sync()).body.stats).toMatchObject({ clients_missing: 3 });
    company.crm.undelete(3);
    company.crm.delete(4);
    return { company, connection };
  };
  const historyOf = async (connection: Connection): Promise<Record<string, string[]>> => {
    const { rows } = await sql.query<{ id: string; types: string[] }>(
      `select data ->> 'externalId' as id, array_agg(type order by position) as types from events
        where data ->> 'connectionId' = $1 and type in ('ClientMissing', 'ClientGone', 'ClientReturned') group by id`,
      [connection.id],
    );
    return Object.fromEntries(rows.map(({ id, types }) => [id, types]));
  };

  it.each<[string, string, string[]]>([
    ['it has seen who is not listed', 'after-commit:6', []],
    ['who is newly missing is recorded', 'after-commit:7', ['ClientMissing']],
    ['the CRM was asked, and nothing recorded of that', 'before-commit:8', ['ClientMissing']],
    ['who is gone is recorded', 'after-commit:8', ['ClientGone', 'ClientGone', 'ClientMissing']],
  ])('when %s, marks nobody twice and loses nobody wrongly', async (_, step, recordedSoFar) => {
    const { connection } = await leaving();
    expect(await diesAt(step, connection)).toBe('SIGKILL');
    const { 1: one = [], 2: two = [], 4: four = [] } = await historyOf(connection);
    expect([...one.slice(1), ...two.slice(1), ...four]).toEqual(recordedSoFar);
    await silentForLong();
    const { body } = await survivor.api<SyncAnswer>('POST', syncPath(connection));
    expect(body).toMatchObject({
      status: 'succeeded',
      stats: { clients_fetched: CLIENTS - 3, clients_missing: 1, clients_gone: 2, clients_returned: 1 },
      warnings: [],
      heldDeletions: null,
    });
    expect(await historyOf(connection)).toEqual({
      1: ['ClientMissing', 'ClientGone'],
      2: ['ClientMissing', 'ClientGone'],
      3: ['ClientMissing', 'ClientReturned'],
      4: ['ClientMissing'],
    });
    expect(await brokenNow(sql)).toEqual([]);
  });
});

describe('a program that is killed when it has recorded that a person approves deletions', () => {
  it('has ordered the run as well that applies them', async () => {
    const { company, connection } = await connected();
    const sync = () => survivor.api<SyncAnswer>('POST', syncPath(connection));
    await sync();
    for (let id = 1; id <= 25; id += 1) company.crm.delete(id);
    const { runId } = (await sync()).body;
    expect(await diesAskedFor('after-commit:1', `/api/runs/${runId}/approve-deletions`)).toBe('SIGKILL');
    await silentForLong();
    const gone = (): Promise<{ rows: unknown[] }> =>
      sql.query("select from events where type = 'ClientGone' and data ->> 'connectionId' = $1", [
        connection.id,
      ]);
    await until(async () => (await gone()).rows.length === 25);
  });
});

describe('a run that nobody works on for a while', () => {
  it('does not miss whom a webhook brought meanwhile to a page that it has read', async () => {
    const { company, connection } = await connected();
    await survivor.api('POST', syncPath(connection));
    const hooks = await survivor.api<Address>('POST', `/api/connections/${connection.id}/webhooks`);
    const told = async (): Promise<boolean> => {
      const { rows } = await sql.query<{ left: number }>(
        'select count(due_at)::int as left from looks where connection_id = $1',
        [connection.id],
      );
      return rows[0]!.left === 0;
    };
    // Two pages of three are written.
    expect(await diesAt('after-commit:4', connection)).toBe('SIGKILL');
    const [first] = company.crm.all().toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
    company.crm.onChange = () => undefined;
    company.crm.delete(first!.id);
    const { id } = company.crm.add({ name: '   A Newcomer', email: 'a.newcomer@example.org' });
    await deliver(hooks.body.url, { client_id: id });
    await until(told);
    await silentForLong();
    const { body } = await survivor.api<SyncAnswer>('POST', syncPath(connection));
    expect(body).toMatchObject({
      status: 'succeeded',
      stats: { clients_fetched: CLIENTS, clients_missing: 0 },
    });
    const { rows } = await sql.query('select type from events where stream = $1', [
      `crm-client-${connection.id}-${id}`,
    ]);
    expect(rows).toEqual([{ type: 'ClientImported' }]);
  });
});

describe('several instances', () => {
  it('fifty callers on three of them start one run', async () => {
    const others = await Promise.all([start(), start()]);
    const { company, connection } = await connected();
    const { reached, release } = company.holdPage(1);
    const all = [survivor, ...others];
    const asked = Array.from({ length: 50 }, (_, n) =>
      all[n % 3]!.api<Run>('POST', syncPath(connection), undefined, NO_WAIT),
    );
    await reached;
    const answers = await Promise.all(asked);
    release();
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    await expectAllRight(company, connection);
    await Promise.all(others.map((other) => other.stop()));
  });

  it('go on while they are restarted one after the other under load, and whoever ends, ends in time', async () => {
    const { company, connection } = await connected();
    const runs = new Set<string>();
    let asking = true;
    let next = await start();
    const load = (async () => {
      for (let n = 0; asking; n += 1) {
        company.crm.change((n % CLIENTS) + 1, { phone: `+4930${1000 + n}` });
        const { status, body } = await survivor.api<SyncAnswer>('POST', syncPath(connection));
        expect([status, body.status]).toEqual([200, 'succeeded']);
        runs.add(body.runId);
      }
    })();
    for (let round = 0; round < 2; round += 1) {
      await next.stop();
      next = await start();
    }
    asking = false;
    await load;
    await next.stop();
    await expectAllRight(company, connection);
    const { rows } = await sql.query('select distinct status from sync_runs where id = any($1)', [[...runs]]);
    expect(rows).toEqual([{ status: 'succeeded' }]);
  });

  it('take over from one that stands still, which cannot write when it wakes up', async () => {
    const { company, connection } = await connected();
    const zombie = await start();
    // The survivor must not get the work first.
    await standStill();
    const { reached, release } = company.holdPage(2);
    await zombie.api<Run>('POST', syncPath(connection), undefined, NO_WAIT);
    await reached;
    process.kill(zombie.pid, 'SIGSTOP');
    process.kill(survivor.pid, 'SIGCONT');
    release();
    const last = company.holdPage(3);
    // Nobody helps: silence alone makes the queue give the run to another, which is still at it when the first one wakes.
    const synced = survivor.api<SyncAnswer>('POST', syncPath(connection));
    await last.reached;
    process.kill(zombie.pid, 'SIGCONT');
    while (!zombie.output().includes('left to another worker'))
      expect((await zombie.api('GET', '/health/live')).status).toBe(200);
    last.release();
    const { status, body } = await synced;
    expect([status, body.stats]).toMatchObject([200, { clients_fetched: CLIENTS, leads_created: CLIENTS }]);
    await expectAllRight(company, connection);
    await zombie.stop();
  });
});
