import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Page, SyncAnswer, Waiting } from './contract.ts';
import { onServer } from './shared/database.ts';
import { startService } from './service.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let company: Company;
let connection: Connection;
let first: SyncAnswer;
beforeAll(async () => {
  world = await startWorld();
  ({ company, connection } = await world.connected({ clients: 20, bookings: 6, clean: true }));
  company.crm.add({ name: 'No Address', email: '' });
  first = await world.sync(connection);
});
afterAll(() => world.stop());

type Values = ReadonlyMap<string, number>;

const LINE = /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (NaN|[+-]Inf|[-+.e0-9]+)$/;

/** Every value by its name and labels, as they stand there. @throws for a line that is none */
const read = (text: string): Values => {
  const values = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP|TYPE) \S+ \S/.test(line)) continue;
    const [, name, labels, value] = LINE.exec(line) ?? [];
    if (name === undefined) throw new Error(`no line of a metric: ${line}`);
    const key = labels === undefined ? name : `${name}{${labels}}`;
    if (values.has(key)) throw new Error(`told twice: ${key}`);
    values.set(key, Number(value));
  }
  return values;
};

const scrape = async (api = world.api): Promise<Values> => {
  const { status, text, headers } = await api('GET', '/metrics');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return read(text);
};
/** Scrapes until this is told: what follows a commit or an answer may come a moment after it. */
const until = async (isTold: (values: Values) => boolean, api = world.api): Promise<Values> => {
  for (;;) {
    const values = await scrape(api);
    if (isTold(values)) return values;
    await pause(20);
  }
};
/** Scrapes until the database has answered in time, which a busy machine does not always let it. */
const well = (api = world.api): Promise<Values> => until((told) => told.get('crm_sync_up') === 1, api);
const names = (values: Values): Set<string> => new Set([...values.keys()].map((key) => key.split('{')[0]!));

describe('/metrics', () => {
  it('asks for the key, like everything else', async () => {
    expect((await world.api('GET', '/metrics', undefined, { authorization: 'Bearer wrong' })).status).toBe(
      401,
    );
    expect((await fetch(`${world.service.url}/metrics`)).status).toBe(401);
    expect((await world.api('GET', '/metrics?name=x')).status).toBe(400);
  });

  it('counts runs and what they have brought', async () => {
    const run = 'crm_sync_runs_total{trigger="api",status="succeeded-with-errors"}';
    const values = await until((told) => told.get(run) === 1);
    const { stats } = first;
    expect(values.get('crm_sync_clients_total{outcome="created"}')).toBe(stats.leads_created);
    expect(values.get('crm_sync_clients_total{outcome="quarantined"}')).toBe(1);
    expect(values.get('crm_sync_clients_total{outcome="unchanged"}')).toBe(0);
    expect(values.get('crm_sync_bookings_total{outcome="created"}')).toBe(stats.bookings_created);
    expect(values.get('crm_sync_run_duration_seconds_count{status="succeeded-with-errors"}')).toBe(1);
    expect(values.get('crm_sync_run_duration_seconds_bucket{status="succeeded-with-errors",le="+Inf"}')).toBe(
      1,
    );
    await world.sync(connection);
    const after = await until((told) => told.get(run) === 2);
    expect(after.get('crm_sync_clients_total{outcome="unchanged"}')).toBe(stats.leads_created);
    company.faults.set({ accessDenied: true });
    await world.api('POST', `/api/connections/${connection.id}/sync`);
    company.faults.set({ accessDenied: false });
    await until((told) => told.get('crm_sync_runs_total{trigger="api",status="failed"}') === 1);
  });

  it('tells what waits and how each connection is', async () => {
    const { id } = connection;
    const { body: waiting } = await world.api<Page<Waiting>>('GET', '/api/quarantine');
    const { body: now } = await world.api<Connection>('GET', `/api/connections/${id}`);
    const { body: log } = await world.api<Page<{ position: number }>>(
      'GET',
      '/api/events?order=desc&limit=1',
    );
    const values = await well();
    expect(values.get('crm_sync_quarantine_waiting{code="email.missing",kind="client"}')).toBe(
      waiting.data.length,
    );
    expect(values.get('crm_sync_active_runs')).toBe(0);
    expect(values.get('crm_sync_log_position')).toBe(log.data[0]?.position);
    const success = values.get(`crm_sync_connection_last_success_timestamp_seconds{connection="${id}"}`)!;
    expect(Math.abs(success * 1000 - Date.parse(now.lastSyncedAt!))).toBeLessThan(2);
    expect(values.get(`crm_sync_connection_needs_attention{connection="${id}"}`)).toBe(
      now.status === 'needs-attention' ? 1 : 0,
    );
    expect(values.get(`crm_sync_crm_pacing_seconds{connection="${id}"}`)).toBe(0);
    expect(values.get('crm_sync_up')).toBe(1);
  });

  it('tells how much of what has changed the webhooks have told', async () => {
    const { id } = connection;
    const hooks = `/api/connections/${id}/webhooks`;
    await world.api('POST', hooks);
    await world.api('POST', `/api/connections/${id}/test`);
    await world.sync(connection);
    company.crm.change(3, { name: 'Nobody Told' });
    await world.sync(connection);
    // Whichever came first.
    const changes = ['sync', 'webhook'].map((by) => `crm_sync_changes_total{by="${by}",connection="${id}"}`);
    const inbox = `crm_sync_webhook_inbox_waiting{connection="${id}"}`;
    const values = await until((told) => told.get(inbox) === 0);
    const { body } = await world.api<{ changes: { byWebhook: number; bySync: number } }>('GET', hooks);
    expect(changes.map((key) => values.get(key))).toEqual([body.changes.bySync, body.changes.byWebhook]);
    expect(body.changes.bySync + body.changes.byWebhook).toBe(1);
  });

  it('counts requests by the pattern of their route, whatever is asked for', async () => {
    await world.api('GET', `/api/connections/${connection.id}`);
    for (let n = 0; n < 20; n += 1) await world.api('GET', `/api/nothing-${n}`);
    await world.api('GET', '/api/leads?limit=0');
    await fetch(`${world.service.url}/api/leads`, { method: 'PROPFIND' });
    const values = await until(
      (told) => (told.get('crm_sync_http_requests_total{method="other",route="none",status="405"}') ?? 0) > 0,
    );
    const requests = [...values.keys()].filter((key) => key.startsWith('crm_sync_http_requests_total'));
    expect(requests).toContain(
      'crm_sync_http_requests_total{method="GET",route="/api/connections/:id",status="200"}',
    );
    expect(values.get('crm_sync_http_requests_total{method="GET",route="/api/leads",status="400"}')).toBe(1);
    expect(values.get('crm_sync_http_requests_total{method="GET",route="none",status="404"}')).toBe(20);
    expect(requests.filter((key) => /nothing|[0-9a-f]{8}-/.test(key))).toEqual([]);
    const took = 'crm_sync_http_request_duration_seconds_count{method="GET",route="/api/connections/:id"}';
    expect(values.get(took)).toBeGreaterThan(0);
  });

  it('counts requests to the CRM by what became of them', async () => {
    const values = await scrape();
    const sent = (outcome: string): number =>
      values.get(`crm_sync_crm_requests_total{api="rest",outcome="${outcome}"}`) ?? 0;
    expect(sent('ok')).toBeGreaterThan(3);
    expect(sent('403')).toBeGreaterThan(0);
  });

  it('says how the process is', async () => {
    const values = await scrape();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'nodejs_heap_size_used_bytes',
    ])
      expect(values.get(name)).toBeGreaterThan(0);
    expect(values.get('nodejs_eventloop_lag_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
    const pool = ['idle', 'busy', 'waiting'].map(
      (state) => `crm_sync_database_connections{state="${state}"}`,
    );
    expect(pool.map((key) => values.has(key))).toEqual([true, true, true]);
  });

  it('holds nothing about a person or a company', async () => {
    const { text } = await world.api('GET', '/metrics');
    for (const { name, email } of company.crm.all())
      for (const value of [name, email]) if (value) expect(text).not.toContain(value);
    expect(text).not.toContain(company.account.company);
    expect(text).not.toContain('@');
  });

  it('says the same of the database on every instance, and of itself what it has done itself', async () => {
    const { databaseUrl } = world.service;
    const { url: restUrl, rpcUrl } = world.companies;
    const other = await startService({ databaseUrl, restUrl, rpcUrl });
    const [ours, theirs] = await Promise.all([well(), well(other.api)]);
    await other.stop();
    const shared = [...ours].filter(([key]) =>
      /^crm_sync_(log|connection|quarantine|changes|active)/.test(key),
    );
    expect(shared.length).toBeGreaterThan(5);
    for (const [key, value] of shared) expect([key, theirs.get(key)]).toEqual([key, value]);
    expect([...theirs.keys()].filter((key) => key.startsWith('crm_sync_runs_total'))).toEqual([]);
  });

  it('answers while the database is away, and while it does not move', async () => {
    const before = await well();
    const name = new URL(world.service.databaseUrl).pathname.slice(1);
    await onServer(`alter database ${name} allow_connections false`);
    await onServer(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = '${name}' and usename <> '' and application_name = 'crm-sync'`);
    const away = await scrape();
    await onServer(`alter database ${name} allow_connections true`);
    expect(away.get('crm_sync_up')).toBe(0);
    expect(names(away).has('crm_sync_log_position')).toBe(false);
    expect(names(away).has('crm_sync_http_requests_total')).toBe(true);
    await until((told) => told.get('crm_sync_up') === 1);
    await world.rows('begin; lock table active_runs in access exclusive mode');
    expect((await scrape()).get('crm_sync_up')).toBe(0);
    await world.rows('rollback');
    const after = await until((told) => told.get('crm_sync_up') === 1);
    expect(after.get('crm_sync_log_position')).toBe(before.get('crm_sync_log_position'));
  });
});
