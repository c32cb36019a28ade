import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCompanies, type Companies, type Company } from '../sandbox/companies.ts';
import type { Connection, Lead, LogEvent, Page, Run, SyncAnswer } from './contract.ts';
import { ended, environmentOf, ready, startProgram, startService, type Service } from './service.ts';
import { freshDatabase } from './shared/database.ts';

let companies: Companies;
let database: { url: string; drop: () => Promise<void> };
let directory: string;

beforeAll(async () => {
  companies = await startCompanies();
  database = await freshDatabase();
  directory = await mkdtemp(join(tmpdir(), 'crm-sync-program-'));
  await chmod(directory, 0o755);
});
afterAll(async () => {
  await companies.close();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

const start = (environment: Record<string, string> = {}): Promise<Service> =>
  startService({ databaseUrl: database.url, restUrl: companies.url, environment });

const withService = async <T>(work: (service: Service) => Promise<T>): Promise<T> => {
  const service = await start();
  try {
    return await work(service);
  } finally {
    await service.stop();
  }
};

const connect = async ({ api }: Service, { account }: Company): Promise<Connection> => {
  const { company, login, password: secret } = account;
  const answer = await api<Connection>('POST', '/api/connections', {
    provider: 'simplybook',
    company,
    login,
    secret,
  });
  expect(answer.status).toBe(201);
  return answer.body;
};

const syncPath = ({ id }: Connection): string => `/api/connections/${id}/sync`;
const NO_WAIT = { prefer: 'respond-async' };

/** A run that is in the middle: pages 1 and 2 are written, page 3 never comes until `release`. */
const runUnderWay = async (service: Service) => {
  const company = await companies.open({ clean: true, clients: 25, switches: { onPageCap: 10 } });
  const connection = await connect(service, company);
  const { reached, release } = company.holdPage(3);
  const { body: run } = await service.api<Run>('POST', syncPath(connection), undefined, NO_WAIT);
  await reached;
  return { company, connection, run, release };
};

/** Everybody is there, by one import each. */
const expectWhole = async ({ api }: Service, connection: Connection): Promise<void> => {
  const { body: leads } = await api<Page<Lead>>('GET', `/api/leads?source=${connection.id}&limit=200`);
  expect(leads.data).toHaveLength(25);
  const { body: imports } = await api<Page<LogEvent>>(
    'GET',
    `/api/events?stream=crm-client-${connection.id}-*&limit=200`,
  );
  expect(imports.data.map(({ type, version }) => [type, version])).toEqual(
    Array.from({ length: 25 }, () => ['ClientImported', 1]),
  );
  const { body: again } = await api<SyncAnswer>('POST', syncPath(connection));
  expect(again.stats).toMatchObject({ leads_unchanged: 25, leads_created: 0, leads_updated: 0 });
};

describe('a good start', () => {
  it('says in one line where the service is, and that is true', async () => {
    const { program, output } = startProgram(
      environmentOf({
        databaseUrl: database.url,
        restUrl: companies.url,
        environment: { LOG_LEVEL: 'warn' },
      }),
    );
    const url = await ready(program, output);
    const [link, line, ...more] = output().split('\n');
    expect(link).toMatch(/^Sign in to the console, .*: http:\/\/127\.0\.0\.1:\d+\/sign-in#[\w-]{43}$/);
    expect([line, more]).toEqual([`crm-sync is ready: ${url}`, ['']]);
    for (const path of ['/health/live', '/health/ready']) {
      const answer = await fetch(url + path);
      expect([path, answer.status, await answer.json()]).toEqual([path, 200, { status: 'ok' }]);
    }
    program.kill('SIGTERM');
    expect(await ended(program)).toBe(0);
  });

  it('is undone by Ctrl-C with exit code 0, while callers stay connected', async () => {
    const { program, output } = startProgram(
      environmentOf({ databaseUrl: database.url, restUrl: companies.url }),
    );
    const url = await ready(program, output);
    await (await fetch(`${url}/health/live`)).text();
    program.kill('SIGINT');
    expect(await ended(program)).toBe(0);
  });
});

describe('a setting that makes no sense', () => {
  const SECRET = 'canary-of-a-setting';

  const refusedStart = async (environment: Record<string, string>): Promise<string> => {
    const { program, output } = startProgram(
      environmentOf({ databaseUrl: database.url, restUrl: companies.url, environment }),
    );
    expect(await ended(program)).toBe(1);
    expect(output()).toMatch(/^crm-sync cannot start: .*\n$/);
    return output();
  };

  it.each([
    ['PORT', SECRET],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['HOST', `${SECRET} !`],
    ['HOST', '192.0.2.1'],
    ['DATABASE_URL', `mysql://root:${SECRET}@127.0.0.1/crm`],
    ['DATABASE_URL', `postgres://root:${SECRET}@127.0.0.1:1/crm`],
    ['CRM_SYNC_API_KEY', SECRET],
    ['CRM_SYNC_API_KEY', `${SECRET} with blanks and more`],
    ['CRM_SYNC_ENCRYPTION_KEYS', SECRET],
    ['CRM_SYNC_ENCRYPTION_KEYS', `a:${randomBytes(16).toString('base64')}`],
    ['SIMPLYBOOK_REST_URL', `http://${SECRET}.example.com`],
    ['SIMPLYBOOK_REST_URL', SECRET],
    ['SIMPLYBOOK_RPC_URL', `ftp://${SECRET}`],
    ['SIMPLYBOOK_MAX_REQUESTS_PER_SECOND', SECRET],
    ['SIMPLYBOOK_MAX_REQUESTS_PER_SECOND', '-1'],
    ['CRM_SYNC_PUBLIC_URL', `ftp://${SECRET}`],
    ['LOG_LEVEL', SECRET],
  ])('ends the program with 1 and one line that names %s, never its value (%j)', async (variable, value) => {
    const line = await refusedStart({ [variable]: value });
    expect(line).toContain(`: ${variable} `);
    if (value.length > 6) expect(line).not.toContain(value);
    expect(line).not.toContain(SECRET);
  });

  it('is no key for the secrets beside a database of the operator: it would be lost with the data directory', async () => {
    const line = await refusedStart({ CRM_SYNC_ENCRYPTION_KEYS: '' });
    expect(line).toContain(': CRM_SYNC_ENCRYPTION_KEYS is required with DATABASE_URL');
  });

  it('is a data directory that is a file', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const line = await refusedStart({
      DATABASE_URL: '',
      CRM_SYNC_API_KEY: '',
      CRM_SYNC_ENCRYPTION_KEYS: '',
      CRM_SYNC_DATA_DIR: file,
    });
    expect(line).toContain(': CRM_SYNC_DATA_DIR ');
  });

  it('is a port that somebody else has', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await refusedStart({ PORT: String(port) })).toMatch(/: PORT is taken/);
    other.close();
  });

  it('is another key than the one that the database was made with', async () => {
    await withService(async ({ api }) => api('GET', '/api/leads'));
    const keys = `other:${randomBytes(32).toString('base64')}`;
    const line = await refusedStart({ CRM_SYNC_ENCRYPTION_KEYS: keys });
    expect(line).toMatch(/: CRM_SYNC_ENCRYPTION_KEYS does not hold the key/);
    expect(line).not.toContain(keys);
  });
});

describe('two instances on one database', () => {
  let one: Service;
  let other: Service;
  beforeAll(async () => {
    [one, other] = await Promise.all([start(), start()]);
  });
  afterAll(() => other.stop());

  it('know the same runs: whoever asks the other one joins', async () => {
    const { connection, run, release } = await runUnderWay(one);
    const { body: seen } = await other.api<Run>('GET', `/api/runs/${run.id}`);
    expect(seen).toMatchObject({ id: run.id, status: 'running' });
    const joined = await other.api<Run>('POST', syncPath(connection), undefined, NO_WAIT);
    expect([joined.status, joined.body.id]).toEqual([202, run.id]);
    const waiting = other.api<SyncAnswer>('POST', syncPath(connection));
    release();
    const { status, body } = await waiting;
    expect([status, body.runId, body.stats.leads_created]).toEqual([200, run.id, 25]);
    await expectWhole(other, connection);
  });

  it('start one run however many ask both of them at once', async () => {
    const company = await companies.open({ clean: true, clients: 8 });
    const connection = await connect(one, company);
    const { reached, release } = company.holdPage(1);
    const asked = Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? one : other).api<Run>('POST', syncPath(connection), undefined, NO_WAIT),
    );
    await reached;
    const runs = await Promise.all(asked);
    release();
    expect(new Set(runs.map(({ body }) => body.id)).size).toBe(1);
    const { body } = await other.api<SyncAnswer>('POST', syncPath(connection));
    expect(body.stats.clients_fetched).toBe(8);
    expect(company.requests.summary()).toMatchObject({ maxConcurrent: 1, logins: { ok: 1, failed: 0 } });
  });

  it('go on when one of them ends', async () => {
    const { connection, run, release } = await runUnderWay(one);
    await one.stop();
    release();
    // It joins the run that was handed back, or comes after it.
    const { body } = await other.api<SyncAnswer>('POST', syncPath(connection));
    expect(body).toMatchObject({ status: 'succeeded', stats: { clients_fetched: 25, errors_count: 0 } });
    const { body: handedOn } = await other.api<Run>('GET', `/api/runs/${run.id}`);
    expect(handedOn).toMatchObject({ status: 'succeeded', counts: { fetched: 25, created: 25 } });
    await expectWhole(other, connection);
  });
});

describe('without DATABASE_URL', () => {
  it('brings its own PostgreSQL, makes its keys, and finds everything again at the next start', async () => {
    const dataDir = join(directory, 'data');
    const own = {
      CRM_SYNC_DATA_DIR: dataDir,
      DATABASE_URL: '',
      CRM_SYNC_ENCRYPTION_KEYS: '',
      CRM_SYNC_API_KEY: '',
      LOG_LEVEL: 'warn',
    };
    const environment = environmentOf({ databaseUrl: '', restUrl: companies.url, environment: own });
    const first = startProgram(environment);
    const url = await ready(first.program, first.output);
    const key = /shown only this once.*: (crs_\w{40})$/m.exec(first.output())?.[1] ?? '';
    for (const file of ['api-key', 'encryption-keys']) {
      expect([file, (await stat(join(dataDir, file))).mode & 0o777]).toEqual([file, 0o600]);
    }
    expect((await readFile(join(dataDir, 'api-key'), 'utf8')).trim()).toBe(key);

    const ask = async (base: string, method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const reply = await fetch(base + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
      });
      return JSON.parse(await reply.text());
    };
    const company = await companies.open({ clean: true, clients: 6 });
    const { company: name, login, apiUserKey: secret } = company.account;
    const connection = await ask(url, 'POST', '/api/connections', {
      provider: 'simplybook',
      company: name,
      login,
      secret,
    });
    expect(await ask(url, 'POST', syncPath(connection))).toMatchObject({ stats: { leads_created: 6 } });
    first.program.kill('SIGTERM');
    expect(await ended(first.program)).toBe(0);

    const second = startProgram(environment);
    const again = await ready(second.program, second.output);
    expect(second.output()).not.toContain('crs_');
    expect((await ask(again, 'GET', '/api/leads')).data).toHaveLength(6);
    expect(await ask(again, 'POST', syncPath(connection))).toMatchObject({ stats: { leads_unchanged: 6 } });
    second.program.kill('SIGTERM');
    expect(await ended(second.program)).toBe(0);
  });
});
