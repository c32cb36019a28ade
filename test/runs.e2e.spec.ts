import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company, type CompanyOptions } from '../sandbox/companies.ts';
import type { Connection, FailedSync, Lead, LogEvent, Page, Run, SyncAnswer } from './contract.ts';
import { API_KEY, arrived, startService, type Service } from './service.ts';
import { freshDatabase } from './shared/database.ts';

const CLIENTS = 45;
const PAGE = 10;
const NO_WAIT = { prefer: 'respond-async' };

let companies: Companies;
let database: { url: string; drop: () => Promise<void> };
let sql: Client;

beforeAll(async () => {
  companies = await startCompanies();
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await companies.close();
  await database.drop();
});

const start = (): Promise<Service> => startService({ databaseUrl: database.url, restUrl: companies.url });

const withService = async <T>(work: (service: Service) => Promise<T>): Promise<T> => {
  const service = await start();
  try {
    return await work(service);
  } finally {
    await service.stop();
  }
};

const syncPath = ({ id }: Connection): string => `/api/connections/${id}/sync`;

const connect = async ({ api }: Service, { account }: Company): Promise<Connection> => {
  const { company, login, password: secret } = account;
  const body = { provider: 'simplybook', company, login, secret };
  const answer = await api<Connection>('POST', '/api/connections', body);
  expect(answer.status).toBe(201);
  return answer.body;
};

type UnderWay = { company: Company; connection: Connection; run: Run; release: () => void };

/** A run whose page 4 does not come until `release`. */
const begin = async (service: Service, company: Company, connection: Connection): Promise<UnderWay> => {
  const { reached, release } = company.holdPage(4);
  const { body: run } = await service.api<Run>('POST', syncPath(connection), undefined, NO_WAIT);
  await reached;
  return { company, connection, run, release };
};

const underWay = async (service: Service, more: CompanyOptions = {}): Promise<UnderWay> => {
  const company = await companies.open({
    clean: true,
    clients: CLIENTS,
    switches: { onPageCap: PAGE },
    ...more,
  });
  return begin(service, company, await connect(service, company));
};

const end = async ({ api }: Service, runId: string): Promise<Run> => {
  for (;;) {
    const { body: run } = await api<Run>('GET', `/api/runs/${runId}`);
    if (run.status !== 'running') return run;
    await pause(20);
  }
};

/** As the queue does it when it has not heard of a worker for so long: see jobs.int.spec. */
const silentForLong = async (runId: string, pause = '0'): Promise<void> => {
  await sql.query(
    "update jobs.job set state = 'retry', start_after = now() + $2::interval where singleton_key = $1 and state = 'active'",
    [runId, pause],
  );
};

const written = async (pages: number, { run }: UnderWay): Promise<void> => {
  const seen =
    'select coalesce(sum(cardinality(external_ids)), 0)::int as count from run_seen where run_id = $1';
  while ((await sql.query<{ count: number }>(seen, [run.id])).rows[0]!.count < pages * PAGE) await pause(5);
};

const typesOf = async ({ api }: Service, stream: string): Promise<string[]> => {
  const { body } = await api<Page<LogEvent>>('GET', `/api/events?stream=${stream}&limit=200`);
  return body.data.map(({ type }) => type);
};

/** Every client is a lead, by one import, and one run has counted each of them once. */
const expectWhole = async (service: Service, { connection, run }: UnderWay): Promise<void> => {
  expect(await end(service, run.id)).toMatchObject({
    status: 'succeeded',
    error: null,
    counts: { fetched: CLIENTS, created: CLIENTS, unchanged: 0 },
  });
  expect(await typesOf(service, `sync-run-${run.id}`)).toEqual(['SyncStarted', 'SyncCompleted']);
  expect(await typesOf(service, `crm-client-${connection.id}-*`)).toEqual(
    Array.from({ length: CLIENTS }, () => 'ClientImported'),
  );
  const { body: leads } = await service.api<Page<Lead>>(
    'GET',
    `/api/leads?source=${connection.id}&limit=200`,
  );
  expect(leads.data).toHaveLength(CLIENTS);
  expect((await sql.query('select from run_seen')).rows).toEqual([]);
};

const pagesAsked = ({ requests }: Company): number[] =>
  requests.list.filter(({ route }) => route === 'clients').map(({ page }) => page!);

describe('a run whose worker goes', () => {
  it('by SIGTERM is handed back and read on from its page at the next start, as one run', async () => {
    const service = await start();
    const going = await underWay(service);
    await written(3, going);
    const waiting = await arrived<Run>(service, 'POST', syncPath(going.connection));
    await service.stop();
    const answer = await waiting.answer;
    expect([answer.status, answer.body.id, answer.body.status]).toEqual([202, going.run.id, 'running']);
    going.release();
    await withService((next) => expectWhole(next, going));
    expect(pagesAsked(going.company)).toEqual([1, 2, 3, 4, 5]);
  });

  it('by SIGKILL is taken up by another instance from its page, as one run', async () => {
    const [service, other] = await Promise.all([start(), start()]);
    const going = await underWay(service);
    await written(3, going);
    await service.kill();
    await silentForLong(going.run.id);
    going.release();
    // Whichever of the two worked on it: what is left is taken up by the other one, or goes on there.
    await expectWhole(other, going);
    await other.stop();
  });

  it('is joined, not doubled, by who asks before it is taken up', async () => {
    const service = await start();
    const going = await underWay(service);
    await service.kill();
    await withService(async (next) => {
      const joined = await next.api<Run>('POST', syncPath(going.connection), undefined, NO_WAIT);
      expect([joined.status, joined.body.id, joined.body.status]).toEqual([202, going.run.id, 'running']);
      await silentForLong(going.run.id);
      going.release();
      await expectWhole(next, going);
    });
  });

  it('meets them again who were held back because another lead had their address', async () => {
    const service = await start();
    const company = await companies.open({ clean: true, clients: CLIENTS, switches: { onPageCap: PAGE } });
    const connection = await connect(service, company);
    await service.api('POST', syncPath(connection));
    const listed = company.crm.all().toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
    const [first, last] = [listed[0]!, listed.at(-1)!];
    company.crm.change(first.id, { email: last.email });
    company.crm.change(last.id, { email: `new.${last.email}` });
    const going = await begin(service, company, connection);
    await written(2, going);
    await service.kill();
    going.release();
    await silentForLong(going.run.id);
    await withService(async (next) => {
      expect(await end(next, going.run.id)).toMatchObject({
        status: 'succeeded',
        counts: { fetched: CLIENTS, updated: 2, unchanged: CLIENTS - 2, quarantined: 0 },
      });
    });
  });

  it('among the bookings does not list the clients again, and counts no booking twice', async () => {
    const service = await start();
    const going = await underWay(service, { clients: 5, bookings: CLIENTS });
    const before = await sql.query<{ phase: string }>('select phase from active_runs where run_id = $1', [
      going.run.id,
    ]);
    expect(before.rows).toEqual([{ phase: 'bookings' }]);
    await service.kill();
    going.release();
    await silentForLong(going.run.id);
    await withService(async (next) => {
      const { status, counts } = await end(next, going.run.id);
      expect([status, counts.fetched, counts.created]).toEqual(['succeeded', 5, 5]);
      const { body: bookings } = await next.api<Page<object>>('GET', '/api/bookings?limit=200');
      expect(counts.bookings).toMatchObject({
        fetched: bookings.data.length,
        created: bookings.data.length,
      });
    });
    expect(pagesAsked(going.company)).toEqual([1]);
  });

  it('for so long that the queue takes the job away is not ended, but gone on with by whoever gets it', async () => {
    await withService(async (service) => {
      const going = await underWay(service);
      await written(3, going);
      await silentForLong(going.run.id, '1 hour');
      const isLeft = (): boolean => service.output().includes('left to another worker');
      for (let status = 'running'; status === 'running' && !isLeft();) {
        status = (await service.api<Run>('GET', `/api/runs/${going.run.id}`)).body.status;
      }
      going.release();
      await sql.query('update jobs.job set start_after = now() where singleton_key = $1', [going.run.id]);
      await expectWhole(service, going);
    });
  });

  it('and is given up by the queue is told as interrupted, and its connection is free', async () => {
    const service = await start();
    const going = await underWay(service);
    await service.kill();
    await sql.query('delete from jobs.job where singleton_key = $1', [going.run.id]);
    going.release();
    await withService(async (next) => {
      const run = await end(next, going.run.id);
      expect(run).toMatchObject({ status: 'interrupted', error: { code: 'interrupted' } });
      expect(await typesOf(next, `sync-run-${run.id}`)).toEqual(['SyncStarted', 'SyncInterrupted']);
      const { body } = await next.api<SyncAnswer>('POST', syncPath(going.connection));
      expect(body).toMatchObject({ status: 'succeeded', stats: { clients_fetched: CLIENTS } });
    });
  });
});

type Told = { event: string; run: Run };

/** Listens; `told`: what is told until the end. */
const listen = async (service: Service, runId: string): Promise<{ told: Promise<Told[]> }> => {
  const reply = await fetch(`${service.url}/api/runs/${runId}/live`, {
    headers: { authorization: `Bearer ${API_KEY}` },
  });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const read = async (): Promise<Told[]> => {
    const told = (await reply.text()).matchAll(/^event: (.+)\n(?:id: .*\n)?data: (.+)$/gm);
    return [...told].map(([, event, data]) => ({ event: event!, run: JSON.parse(data!) as Run }));
  };
  return { told: read() };
};
const follow = async (service: Service, runId: string): Promise<Told[]> =>
  (await listen(service, runId)).told;

describe('while two instances are there,', () => {
  let one: Service;
  let other: Service;
  beforeAll(async () => {
    [one, other] = await Promise.all([start(), start()]);
  });
  afterAll(() => Promise.all([one.stop(), other.stop()]));

  describe('a run that somebody wants to end', () => {
    it('ends, says so to who waits for it, and leaves what it has written', async () => {
      const going = await underWay(one);
      await written(3, going);
      const waiting = await arrived<FailedSync>(one, 'POST', syncPath(going.connection));
      const asked = await other.api<Run>('POST', `/api/runs/${going.run.id}/cancel`);
      expect([asked.status, asked.body.id]).toEqual([202, going.run.id]);
      const run = await end(other, going.run.id);
      expect(run).toMatchObject({ status: 'cancelled', counts: { fetched: 30, created: 30 } });
      const answer = await waiting.answer;
      expect([answer.status, answer.body.success, answer.body.runId]).toEqual([502, false, going.run.id]);
      expect(answer.body.error).toMatch(/was cancelled\..*Start it again/);
      const { body: log } = await one.api<Page<LogEvent>>('GET', `/api/events?stream=sync-run-${run.id}`);
      expect(log.data.map(({ type }) => type)).toEqual(['SyncStarted', 'SyncCancelled']);
      expect(log.data[1]!.meta.actor).toMatch(/^key:/);
      going.release();
      const { body } = await one.api<SyncAnswer>('POST', syncPath(going.connection));
      expect(body.stats).toMatchObject({ clients_fetched: CLIENTS, leads_created: 15, leads_unchanged: 30 });
    });

    it('tells what was heard of what it has written', async () => {
      const switches = { onPageCap: PAGE, fieldValues: 'forbidden' } as const;
      const company = await companies.open({ clean: true, clients: CLIENTS, switches });
      const connection = await connect(one, company);
      await one.api('PATCH', `/api/connections/${connection.id}`, { clientFields: true });
      const going = await begin(one, company, connection);
      await written(3, going);
      await one.api('POST', `/api/runs/${going.run.id}/cancel`);
      const { status, warnings } = await end(other, going.run.id);
      expect([status, warnings.map(({ code }) => code)]).toEqual(['cancelled', ['client-fields-forbidden']]);
      going.release();
    });

    it('ends also when its worker has died', async () => {
      const victim = await start();
      const going = await underWay(victim);
      await victim.kill();
      expect((await one.api('POST', `/api/runs/${going.run.id}/cancel`)).status).toBe(202);
      await silentForLong(going.run.id);
      expect(await end(other, going.run.id)).toMatchObject({ status: 'cancelled' });
      going.release();
    });

    it('cannot be ended twice, nor when there is none', async () => {
      const company = await companies.open({ clean: true, clients: 3 });
      const { body } = await one.api<SyncAnswer>('POST', syncPath(await connect(one, company)));
      const late = await one.api<{ detail: string }>('POST', `/api/runs/${body.runId}/cancel`);
      expect([late.status, late.code]).toEqual([409, 'run-ended']);
      expect(late.body.detail).toMatch(/ended already \(succeeded\)/);
      const none = await one.api('POST', `/api/runs/${crypto.randomUUID()}/cancel`);
      expect([none.status, none.code]).toEqual([404, 'run-not-found']);
    });
  });

  describe('the progress of a run', () => {
    it('is told by any instance until its end, and the counts only grow', async () => {
      const going = await underWay(one);
      await written(3, going);
      const listening = [follow(one, going.run.id), follow(other, going.run.id)];
      going.release();
      for (const told of await Promise.all(listening)) {
        expect(told.map(({ event }) => event)).toEqual([...told.slice(1).map(() => 'progress'), 'end']);
        expect(told.at(-1)!.run).toMatchObject({ id: going.run.id, status: 'succeeded' });
        const met = told.map(({ run }) => run.counts.fetched);
        expect(met).toEqual(met.toSorted((a, b) => a - b));
      }
      expect(await follow(other, going.run.id)).toHaveLength(1);
    });

    it('is not told of a run that does not exist, nor without a key', async () => {
      const nowhere = `/api/runs/${crypto.randomUUID()}/live`;
      const unknown = await one.api('GET', nowhere);
      expect([unknown.status, unknown.code]).toEqual([404, 'run-not-found']);
      expect((await fetch(`${one.url}${nowhere}`)).status).toBe(401);
    });
  });
});

describe('the progress of a run', () => {
  it('ends without its end when the service ends, in time', async () => {
    const service = await start();
    const going = await underWay(service);
    const { told } = await listen(service, going.run.id);
    await service.stop();
    expect((await told).map(({ event }) => event)).not.toContain('end');
    going.release();
    await withService((next) => expectWhole(next, going));
  });
});
