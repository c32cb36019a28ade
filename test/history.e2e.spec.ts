import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, Page, Problem, Run } from './contract.ts';
import { startWorld, type World } from './world.ts';

type View = { name: string | null; email: string | null; phone: string | null; mergedInto: string | null };
type Change = {
  position: number;
  version: number;
  change: string;
  changed: string[];
  before: View | null;
  after: View | null;
  source: { connectionId: string; externalId: string } | null;
  otherId: string | null;
  actor: string;
  cause: string | null;
  runId: string | null;
  recordedAt: string;
};
type RunChange = Pick<Change, 'change' | 'changed' | 'before' | 'after'> & {
  kind: string;
  id: string;
  eventPosition: number;
};

let world: World;
let company: Company;
let connection: Connection;
let ada: Lead;
let runs: string[];

const leadNamed = async (name: string): Promise<Lead> =>
  (await world.api<Page<Lead>>('GET', `/api/leads?search=${encodeURIComponent(name)}`)).body.data[0]!;
const historyOf = (id: string): Promise<Change[]> => world.all<Change>(`/api/leads/${id}/history`);
const synced = async (): Promise<string> => (await world.sync(connection)).runId;

beforeAll(async () => {
  world = await startWorld();
  ({ company, connection } = await world.connected());
  const client = company.crm.add({ name: 'Ada Example', email: 'ada@one.example.com', phone: '+49 30 100' });
  company.crm.add({ name: 'Grace Example', email: 'grace@one.example.com', phone: '' });
  runs = [await synced()];
  company.crm.change(client.id, { phone: '+49 30 200' });
  runs.push(await synced());
  company.crm.change(client.id, { name: 'Ada Lovelace', email: 'countess@one.example.com' });
  runs.push(await synced());
  company.crm.add({ name: 'Ada (second account)', email: 'countess@one.example.com', phone: '' });
  runs.push(await synced());
  ada = await leadNamed('Ada Lovelace');
});
afterAll(() => world.stop());

describe('the history of a lead', () => {
  it('tells every change with before and after, by whom, because of what, in which run, newest first', async () => {
    const history = await historyOf(ada.id);
    expect(history.map(({ change, changed, version }) => [version, change, changed])).toEqual([
      [4, 'linked', ['sources']],
      [3, 'updated', ['name', 'email']],
      [2, 'updated', ['phone']],
      [1, 'created', ['name', 'email', 'phone']],
    ]);
    expect(history[1]).toMatchObject({
      before: { name: 'Ada Example', email: 'ada@one.example.com', phone: '+49 30 200' },
      after: { name: 'Ada Lovelace', email: 'countess@one.example.com', phone: '+49 30 200' },
      source: { connectionId: connection.id, externalId: '1' },
      otherId: null,
      actor: 'key:admin',
      runId: runs[2],
    });
    expect(history.at(-1)!.before).toBeNull();
    for (const { position, cause, recordedAt } of history) {
      const { body } = await world.api<{ stream: string; recordedAt: string }>(
        'GET',
        `/api/events/${position}`,
      );
      expect(body).toMatchObject({ stream: `lead-${ada.id}`, recordedAt });
      const [, at] = /^event:(\d+)$/.exec(cause!)!;
      const led = await world.api<{ type: string }>('GET', `/api/events/${at}`);
      expect(led.body.type).toBe('ClientImported');
    }
  });

  it('joins without a gap: what was after is what is before the next', async () => {
    const history = (await historyOf(ada.id)).toReversed();
    for (const [index, { before }] of history.entries())
      expect(before).toEqual(history[index - 1]?.after ?? null);
  });

  it('comes page by page', async () => {
    const pages: Change[] = [];
    let cursor = '';
    for (let n = 0; n < 4; n += 1) {
      const { body } = await world.api<Page<Change>>('GET', `/api/leads/${ada.id}/history?limit=1${cursor}`);
      expect(body.data).toHaveLength(1);
      pages.push(...body.data);
      cursor = `&cursor=${body.page.nextCursor}`;
    }
    expect(cursor).toBe('&cursor=null');
    expect(pages).toEqual(await historyOf(ada.id));
  });

  it('tells who merged and split it, on both sides', async () => {
    const grace = await leadNamed('Grace Example');
    const other = company.crm.add({ name: 'Grace G.', email: 'gg@one.example.com', phone: '+49 30 900' });
    await synced();
    const twin = (await world.all<Lead>('/api/leads')).find(({ sources }) =>
      sources.some(({ externalId }) => externalId === String(other.id)),
    )!;
    await world.api('POST', `/api/leads/${grace.id}/merge`, { leadId: twin.id });
    await world.api('POST', `/api/leads/${grace.id}/split`, { leadId: twin.id });
    const kept = await historyOf(grace.id);
    expect(kept.map(({ change }) => change)).toEqual(['split', 'updated', 'merged', 'created']);
    expect(kept[0]).toMatchObject({
      changed: ['phone'],
      before: { phone: '+49 30 900' },
      after: { phone: null },
      otherId: twin.id,
      source: null,
      actor: 'key:admin',
      cause: null,
      runId: null,
    });
    const given = await historyOf(twin.id);
    expect(given.map(({ change }) => change)).toEqual(['split', 'merged', 'created']);
    expect(given[1]).toMatchObject({ changed: ['mergedInto'], after: { mergedInto: grace.id } });
  });

  it('is not there for a lead that never was', async () => {
    const { status, code } = await world.api('GET', `/api/leads/${randomUUID()}/history`);
    expect([status, code]).toEqual([404, 'lead-not-found']);
  });
});

describe('a lead as of a moment', () => {
  const at = (moment: string | number) =>
    world.api<Lead & Problem & { bookings: null }>(
      'GET',
      `/api/leads/${ada.id}?asOf=${encodeURIComponent(moment)}`,
    );

  it('is what it was at each position and time of its history', async () => {
    for (const { position, recordedAt, version, after } of await historyOf(ada.id)) {
      for (const moment of [position, recordedAt]) {
        const { body } = await at(moment);
        const { name, email, phone } = after!;
        expect(body).toMatchObject({
          id: ada.id,
          version,
          name,
          email,
          phone,
          updatedAt: recordedAt,
          bookings: null,
        });
      }
    }
  });

  it('is today what it is now', async () => {
    const { body: now } = await world.api<Lead>('GET', `/api/leads/${ada.id}`);
    const { body: then } = await at('2999-01-01T00:00:00Z');
    const steady = (lead: Lead): object => ({ ...lead, bookings: null, notes: '', lastSyncedAt: '' });
    expect(steady(then)).toEqual(steady(now));
    expect(then.sources).toHaveLength(2);
  });

  it('is not there before it was made', async () => {
    const first = (await historyOf(ada.id)).at(-1)!.position;
    const { status, code, body } = await at(first - 1);
    expect([status, code]).toEqual([404, 'lead-not-found']);
    expect(body.detail).toMatch(/at that time/);
  });

  it.each(['yesterday', '0', '-1', '1e3', '2026-02-30T00:00:00Z', ''])(
    'is refused for "%s"',
    async (moment) => {
      const { status, body } = await at(moment);
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ pointer: '?asOf' }]);
    },
  );
});

describe('the changes of a run', () => {
  const changesOf = (runId: string, query = ''): Promise<RunChange[]> =>
    world.all<RunChange>(`/api/runs/${runId}/changes${query}`);

  it('are what it did to each lead, with before and after, in its order', async () => {
    expect(await changesOf(runs[1]!)).toEqual([
      {
        kind: 'lead',
        id: ada.id,
        change: 'updated',
        changed: ['phone'],
        before: expect.objectContaining({ phone: '+49 30 100' }),
        after: expect.objectContaining({ phone: '+49 30 200' }),
        eventPosition: expect.any(Number),
      },
    ]);
    const first = await changesOf(runs[0]!);
    expect(first.map(({ change, before }) => [change, before])).toEqual([
      ['created', null],
      ['created', null],
    ]);
  });

  it('are those of bookings too, and can be told apart', async () => {
    const visited = await world.connected({ clients: 4, bookings: 12 });
    const { runId, stats } = await world.sync(visited.connection);
    const all = await changesOf(runId);
    expect(all).toHaveLength(stats.leads_created + stats.bookings_created);
    expect(all.map(({ eventPosition }) => eventPosition)).toEqual(
      all.map(({ eventPosition }) => eventPosition).toSorted((a, b) => a - b),
    );
    const bookings = await changesOf(runId, '?kind=booking');
    expect(bookings).toEqual(all.filter(({ kind }) => kind === 'booking'));
    expect(bookings[0]).toMatchObject({
      change: 'created',
      before: null,
      after: { startAt: expect.stringMatching(/Z$/), status: expect.any(String) },
    });
  });

  it('are none when nothing has changed, and none of a run that never was', async () => {
    expect(await changesOf(await synced())).toEqual([]);
    const none = await world.api('GET', `/api/runs/${randomUUID()}/changes`);
    expect([none.status, none.code]).toEqual([404, 'run-not-found']);
  });
});

describe('the summary', () => {
  type Summary = {
    leads: { total: number; byStatus: object; newPerDay: { day: string; count: number }[] };
    bookings: { total: number; upcoming: number; next: { startAt: string }[] };
    connections: { id: string; status: string; lastSyncedAt: string | null }[];
    runs: { last: Run[] };
    quarantine: { total: number; byCode: { code: string; count: number }[] };
    lastSyncedAt: string | null;
  };
  const summary = async (query = ''): Promise<Summary> =>
    (await world.api<Summary>('GET', `/api/summary${query}`)).body;

  it('adds up to what the lists show', async () => {
    const busy = await world.connected({ clients: 6, bookings: 20 });
    busy.company.crm.add({ name: 'Nobody', email: '', phone: '' });
    busy.company.crm.add({ name: 'Odd', email: 'not an address', phone: '' });
    await world.api('POST', `/api/connections/${busy.connection.id}/sync`);
    const said = await summary();
    const leads = await world.all<Lead>('/api/leads');
    expect(said.leads).toMatchObject({
      total: leads.length,
      byStatus: { active: leads.length, gone: 0, erased: 0 },
    });
    expect(said.leads.newPerDay).toHaveLength(30);
    expect(said.leads.newPerDay.at(-1)!.count + said.leads.newPerDay.at(-2)!.count).toBe(leads.length);
    const bookings = await world.all<{ startAt: string; status: string }>('/api/bookings');
    const upcoming = bookings.filter(
      ({ startAt, status }) => Date.parse(startAt) >= Date.now() && status !== 'canceled',
    );
    expect(said.bookings).toMatchObject({ total: bookings.length, upcoming: upcoming.length });
    expect(said.bookings.next.map(({ startAt }) => startAt)).toEqual(
      upcoming
        .map(({ startAt }) => startAt)
        .toSorted((a, b) => Date.parse(a) - Date.parse(b))
        .slice(0, 10),
    );
    const waiting = await world.all<{ code: string }>('/api/quarantine');
    expect(said.quarantine.total).toBe(waiting.length);
    for (const { code, count } of said.quarantine.byCode)
      expect(waiting.filter((one) => one.code === code)).toHaveLength(count);
    expect(said.runs.last[0]).toMatchObject({
      connectionId: busy.connection.id,
      status: 'succeeded-with-errors',
    });
    const own = said.connections.find(({ id }) => id === busy.connection.id)!;
    expect(own).toMatchObject({ status: 'connected', lastSyncedAt: said.lastSyncedAt });
  });

  it('counts the days of the zone that is asked for, and refuses one that there is not', async () => {
    const today = (zone: string): string => new Date().toLocaleDateString('sv', { timeZone: zone });
    for (const zone of ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago']) {
      const before = today(zone);
      const { leads } = await summary(`?timezone=${zone}`);
      expect([before, today(zone)]).toContain(leads.newPerDay.at(-1)!.day);
    }
    const { status } = await world.api('GET', '/api/summary?timezone=Mars/Olympus');
    expect(status).toBe(400);
  });

  it('forgets connections that were disconnected', async () => {
    const gone = await world.connected({ clients: 1 });
    await world.sync(gone.connection);
    await world.api('DELETE', `/api/connections/${gone.connection.id}`);
    const said = await summary();
    expect(said.connections.map(({ id }) => id)).not.toContain(gone.connection.id);
    expect(said.runs.last.map(({ connectionId }) => connectionId)).not.toContain(gone.connection.id);
  });
});
