import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Company } from '../../sandbox/companies.ts';
import type { Connection, LogEvent, Page, Run } from '../contract.ts';
import { startWorld, type World } from '../world.ts';
import { brokenNow } from './invariants.ts';

const RUNS = 8;

let world: World;
let connection: Connection;
let company: Company;
const begun: string[] = [];
beforeAll(async () => {
  world = await startWorld();
  // What the log does after the clock of the database was put back by an hour: its time stands still until the clock has caught up.
  await world.rows("update event_log set recorded_at = clock_timestamp() + interval '1 hour'");
  ({ company, connection } = await world.connected({ clients: 12, bookings: 6 }));
  for (let n = 0; n < RUNS; n += 1) {
    company.crm.change(company.crm.all()[0]!.id, { name: `Name Number ${n}` });
    begun.push((await world.sync(connection)).runId);
  }
});
afterAll(() => world.stop());

const paged = async <Row>(path: string, limit: number): Promise<Row[]> => {
  const rows: Row[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: { body: Page<Row> } = await world.api<Page<Row>>(
      'GET',
      `${path}limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    rows.push(...body.data);
    cursor = body.page.nextCursor;
  }
  return rows;
};

describe('when all events have the same time', () => {
  it('the log is read by position, each event once, also from that time on', async () => {
    const all = await paged<LogEvent>('/api/events?', 7);
    expect(all.map(({ position }) => position)).toEqual(all.map((_, n) => n + 1));
    const [{ recordedAt } = { recordedAt: '' }] = all;
    expect(new Set(all.map((event) => event.recordedAt))).toEqual(new Set([recordedAt]));
    expect(await paged<LogEvent>(`/api/events?since=${recordedAt}&`, 50)).toEqual(all);
  });

  it('the runs come in the order in which they began, and the last one is the last one', async () => {
    const runs = await paged<Run>(`/api/runs?connectionId=${connection.id}&`, 3);
    expect(runs.map(({ id }) => id)).toEqual(begun.toReversed());
    const { body } = await world.api<{ runs: { last: { id: string }[] } }>('GET', '/api/summary');
    expect(body.runs.last).toMatchObject([{ id: begun.at(-1) }]);
  });

  it('the answer to a sync shows what that one could not take, and nothing of an earlier one', async () => {
    const { id } = company.crm.add({ name: 'Without Address', email: '' });
    const errorsOf = async (): Promise<string[]> =>
      (await world.sync(connection)).errors.map(({ externalId }) => externalId);
    expect(await errorsOf()).toEqual([String(id)]);
    expect(await errorsOf()).toEqual([String(id)]);
    company.crm.delete(id);
    expect(await errorsOf()).toEqual([]);
  });

  it('a lead has its changes in their order', async () => {
    const leads = await world.all<{ id: string; name: string }>('/api/leads');
    const lead = leads.find(({ name }) => name === `Name Number ${RUNS - 1}`);
    const { body } = await world.api<{ data: { version: number }[] }>(
      'GET',
      `/api/leads/${lead!.id}/history`,
    );
    expect(body.data.map(({ version }) => version)).toEqual(Array.from({ length: RUNS }, (_, n) => RUNS - n));
  });

  it('nothing is lost, doubled or told otherwise by the tables', async () => {
    const sql = new Client({ connectionString: world.service.databaseUrl });
    await sql.connect();
    expect(await brokenNow(sql)).toEqual([]);
    await sql.end();
  });
});
