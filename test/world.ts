import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { DEFAULTS } from '../sandbox/sandbox.ts';
import { startCompanies, type Companies, type Company, type CompanyOptions } from '../sandbox/companies.ts';
import type { Connection, LogEvent, Page, Run, SyncAnswer } from './contract.ts';
import { API_KEY, ENCRYPTION_KEYS, startService, type Api, type Service } from './service.ts';
import { freshDatabase } from './shared/database.ts';

/** The service on a database of its own, a CRM full of companies, and the few things nearly every test does with them. */
export type World = {
  service: Service;
  companies: Companies;
  api: Api;
  /** Opens a company in the CRM, with only good clients unless said otherwise, and connects it. */
  connected: (options?: CompanyOptions) => Promise<{ company: Company; connection: Connection }>;
  connect: (company: Company, more?: object) => Promise<Connection>;
  /** A sync that has to end well. */
  sync: (connection: Connection) => Promise<SyncAnswer>;
  /** Starts a run and does not wait for it. */
  start: (connection: Connection) => Promise<Run>;
  /** Waits until the run has ended. */
  end: (runId: string) => Promise<Run>;
  /** Every row of a list, page by page. */
  all: <Row>(path: string) => Promise<Row[]>;
  /** What this piece of work appended to the log. */
  appended: (work: () => Promise<unknown>) => Promise<LogEvent[]>;
  /** Keeps everything from being recorded; `waiting` resolves when so many want to, `release` lets them, in that order. */
  holdTheLog: () => Promise<{ waiting: (count: number) => Promise<void>; release: () => Promise<void> }>;
  /** Looks into the database behind the service's back. */
  rows: <Row extends object>(statement: string, values?: unknown[]) => Promise<Row[]>;
  stop: () => Promise<void>;
};

/** Everything of the CRM, and ours, that must never be seen anywhere. */
const secretsOf = (): string[] => [
  API_KEY,
  ENCRYPTION_KEYS.split(':')[1] ?? '',
  'password-of-the-owner',
  'api-user-key-of-the-owner',
  DEFAULTS.totpSecret,
];

export const startWorld = async (environment: Record<string, string> = {}): Promise<World> => {
  const database = await freshDatabase();
  const companies = await startCompanies();
  const secrets = secretsOf();
  const { url: restUrl, rpcUrl } = companies;
  const options = { databaseUrl: database.url, restUrl, rpcUrl, secrets, environment };
  const service = await startService(options);
  const sql = new Client({ connectionString: database.url });
  await sql.connect();
  const { api } = service;

  const all = async <Row>(path: string): Promise<Row[]> => {
    const rows: Row[] = [];
    const separator = path.includes('?') ? '&' : '?';
    let cursor: string | null = null;
    do {
      const next: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { status, body, text } = await api<Page<Row>>('GET', `${path}${separator}limit=200${next}`);
      if (status !== 200) throw new Error(text);
      rows.push(...body.data);
      cursor = body.page.nextCursor;
    } while (cursor !== null);
    return rows;
  };

  const connect: World['connect'] = async (company, more = {}) => {
    const { company: name, login, password: secret } = company.account;
    const body = { provider: 'simplybook', company: name, login, secret, ...more };
    const answer = await api<Connection>('POST', '/api/connections', body);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body;
  };

  const end: World['end'] = async (runId) => {
    for (;;) {
      const { body: run } = await api<Run>('GET', `/api/runs/${runId}`);
      if (run.status !== 'running') return run;
      await pause(20);
    }
  };

  return {
    service,
    companies,
    api,
    connect,
    end,
    all,
    connected: async (given = {}) => {
      const company = await companies.open({ clean: true, ...given });
      return { company, connection: await connect(company) };
    },
    sync: async ({ id }) => {
      const { status, body, text } = await api<SyncAnswer>('POST', `/api/connections/${id}/sync`);
      if (status !== 200) throw new Error(`${text}\n${service.output().split('\n').slice(-5).join('\n')}`);
      return body;
    },
    start: async ({ id }) => {
      const headers = { prefer: 'respond-async' };
      const { status, body, text } = await api<Run>(
        'POST',
        `/api/connections/${id}/sync`,
        undefined,
        headers,
      );
      if (status !== 202) throw new Error(text);
      return body;
    },
    appended: async (work) => {
      const newest = await api<Page<LogEvent>>('GET', '/api/events?order=desc&limit=1');
      await work();
      return all<LogEvent>(`/api/events?after=${newest.body.data[0]?.position ?? 0}`);
    },
    holdTheLog: async () => {
      await sql.query('begin');
      await sql.query('select from event_log for update');
      const waiting = async (count: number): Promise<void> => {
        const wait = `select count(*)::int as count from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`;
        while ((await sql.query<{ count: number }>(wait)).rows[0]!.count < count) await pause(5);
      };
      return { waiting, release: async () => void (await sql.query('commit')) };
    },
    rows: async <Row extends object>(statement: string, values: unknown[] = []) =>
      (await sql.query<Row>(statement, values)).rows,
    stop: async () => {
      await sql.end();
      await service.stop();
      await companies.close();
      await database.drop();
    },
  };
};
