import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Switches } from '../sandbox/faults.ts';
import type { Booking, Connection, Lead, LogEvent, Page, Run, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const RUN_ALONE = ['SyncStarted', 'SyncCompleted'];
const kinds = (events: readonly LogEvent[]): string[] => events.map(({ type }) => type);
const leadsOf = ({ id }: Connection, query = ''): Promise<Lead[]> =>
  world.all<Lead>(`/api/leads?source=${id}&sort=createdAt${query}`);
const statusesOf = async (connection: Connection): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await leadsOf(connection)).flatMap(({ sources, status }) =>
      sources.map(({ externalId }) => [externalId, status]),
    ),
  );
const goneOf = async (connection: Connection): Promise<string[]> =>
  (await leadsOf(connection, '&status=gone'))
    .flatMap(({ sources }) => sources.map(({ externalId }) => externalId))
    .toSorted((a, b) => Number(a) - Number(b));
const runOf = async (runId: string): Promise<Run> => (await world.api<Run>('GET', `/api/runs/${runId}`)).body;
/** What a sync appended beside its own events, and how its run ended. */
const synced = async (connection: Connection): Promise<{ run: Run; news: LogEvent[] }> => {
  let run: Run | undefined;
  const events = await world.appended(async () => {
    run = await runOf((await world.sync(connection)).runId);
  });
  return { run: run!, news: events.filter(({ stream }) => !stream.startsWith('sync-run-')) };
};
const NEWLY = (missing: number, gone = 0, returned = 0) => ({ missing, gone, returned });

let turn = 0;
const person = (name: string, more: object = {}) => {
  turn += 1;
  return { name, email: `${name.toLowerCase()}.${turn}@example.net`, phone: `+4930${turn}`, ...more };
};
/** A company of so many good clients that has been synced once. */
const companyOf = async (
  clients: number,
  switches: Partial<Switches> = {},
): Promise<{ company: Company; connection: Connection }> => {
  turn += 1;
  const opened = await world.connected({ clients, seed: 1000 + turn, switches });
  await world.sync(opened.connection);
  return opened;
};
const ids = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const remove = ({ crm }: Company, some: readonly number[]): void => {
  for (const id of some) crm.delete(id);
};

describe('a client that is deleted in the CRM', () => {
  it.each<[string, Partial<Switches>, string]>([
    ['that knows it no more', {}, 'not-found'],
    ['that still lists it as deleted', { listDeleted: true }, 'marked-deleted'],
    ['that tells by its id only that it is deleted', { byId: 'marks' }, 'marked-deleted'],
    ['that has JSON-RPC only', { restMissing: true }, 'not-found'],
  ])('%s: is missing first, gone by the second listing, and its lead with it', async (_, switches, code) => {
    const { company, connection } = await companyOf(3, switches);
    const before = (await leadsOf(connection)).find(({ sources }) => sources[0]!.externalId === '2');
    remove(company, [2]);

    const first = await synced(connection);
    expect(first.run).toMatchObject({ status: 'succeeded', absences: NEWLY(1), heldDeletions: null });
    expect(first.news).toMatchObject([
      {
        type: 'ClientMissing',
        stream: `crm-client-${connection.id}-2`,
        data: { connectionId: connection.id, externalId: '2', runId: first.run.id, code: 'not-listed' },
      },
    ]);
    expect(await statusesOf(connection)).toEqual({ 1: 'active', 2: 'active', 3: 'active' });

    const second = await synced(connection);
    expect(second.run).toMatchObject({ status: 'succeeded', absences: NEWLY(0, 1) });
    expect(kinds(second.news)).toEqual(['ClientGone', 'LeadUpserted', 'LeadGone']);
    const [gone, lost, leadGone] = second.news;
    expect(gone!.data).toEqual({
      connectionId: connection.id,
      externalId: '2',
      runId: second.run.id,
      code,
    });
    expect(lost!.meta.causationId).toBe(`event:${gone!.position}`);
    expect(leadGone!.meta.causationId).toBe(`event:${gone!.position}`);
    const { body: lead } = await world.api<Lead>('GET', `/api/leads/${before!.id}`);
    expect(lead).toMatchObject({
      name: before!.name,
      email: before!.email,
      phone: before!.phone,
      status: 'gone',
      version: 3,
      sources: [{ externalId: '2', primary: true, status: 'gone', goneAt: expect.any(String) }],
    });
    expect(await goneOf(connection)).toEqual(['2']);
    expect(await leadsOf(connection, `&status=active`)).toHaveLength(2);
    expect(await leadsOf(connection, `&search=${encodeURIComponent(before!.email!)}`)).toHaveLength(1);

    expect((await synced(connection)).news).toEqual([]);
  });

  it('restores its lead when it returns, with what it says then, and as itself', async () => {
    const { company, connection } = await companyOf(3);
    const before = (await leadsOf(connection)).find(({ sources }) => sources[0]!.externalId === '2')!;
    remove(company, [2]);
    await world.sync(connection);
    await world.sync(connection);
    company.crm.change(2, { deleted: false, phone: '+49305550001' });
    const { run, news } = await synced(connection);
    expect(run).toMatchObject({ status: 'succeeded', absences: NEWLY(0, 0, 1), counts: { updated: 1 } });
    expect(kinds(news)).toEqual(['ClientReturned', 'ClientImported', 'LeadUpserted', 'LeadRestored']);
    expect(news[0]!.data).toMatchObject({ externalId: '2', runId: run.id, code: 'gone' });
    const { body: lead } = await world.api<Lead>('GET', `/api/leads/${before.id}`);
    expect(lead).toMatchObject({
      status: 'active',
      name: before.name,
      phone: '+49305550001',
      sources: [{ externalId: '2', status: 'active', goneAt: null }],
    });
    expect((await synced(connection)).news).toEqual([]);
    const history = await world.all<{ change: string; changed: string[]; after: { status: string } }>(
      `/api/leads/${before.id}/history`,
    );
    expect(history.map(({ change, changed, after }) => [change, changed, after.status])).toEqual([
      ['restored', ['status'], 'active'],
      ['updated', ['phone'], 'gone'],
      ['gone', ['status'], 'gone'],
      ['updated', ['sources'], 'active'],
      ['created', expect.arrayContaining(['name']), 'active'],
    ]);
    const gone = await world.api<Lead>('GET', `/api/leads/${before.id}?asOf=${news[0]!.position}`);
    expect(gone.body).toMatchObject({
      status: 'gone',
      phone: before.phone,
      sources: [{ status: 'gone', goneAt: expect.any(String) }],
    });
  });

  it('and returns exactly as it was, restores its lead as well', async () => {
    const { company, connection } = await companyOf(2);
    remove(company, [1]);
    await world.sync(connection);
    await world.sync(connection);
    company.crm.undelete(1);
    const { news } = await synced(connection);
    expect(kinds(news)).toEqual(['ClientReturned', 'LeadUpserted', 'LeadRestored']);
    expect(news[1]!.meta.causationId).toBe(`event:${news[0]!.position}`);
    expect(await statusesOf(connection)).toEqual({ 1: 'active', 2: 'active' });
    expect((await synced(connection)).news).toEqual([]);
  });

  it('and returns before a second listing has missed it, leaves its lead as it is', async () => {
    const { company, connection } = await companyOf(2);
    remove(company, [1]);
    await world.sync(connection);
    company.crm.undelete(1);
    const { run, news } = await synced(connection);
    expect(run).toMatchObject({ absences: NEWLY(0, 0, 1), counts: { unchanged: 2 } });
    expect(news).toMatchObject([{ type: 'ClientReturned', data: { code: 'missing' } }]);
    remove(company, [1]);
    expect(kinds((await synced(connection)).news)).toEqual(['ClientMissing']);
    expect(await goneOf(connection)).toEqual([]);
  });

  it('keeps its bookings, which keep its lead', async () => {
    const { company, connection } = await companyOf(2);
    const start = '2099-01-05 10:00:00';
    company.bookings.add({ clientId: 1, start, end: '2099-01-05 11:00:00' });
    await world.sync(connection);
    const booked = async () =>
      (await world.all<Booking>('/api/bookings')).filter(
        ({ connectionId }) => connectionId === connection.id,
      );
    const before = await booked();
    remove(company, [1]);
    for (let n = 0; n < 2; n += 1) await world.sync(connection);
    expect(await goneOf(connection)).toEqual(['1']);
    expect(await booked()).toEqual(before);
    expect(before).toMatchObject([{ clientId: '1', leadId: expect.any(String) }]);
  });

  it('and waits in quarantine, waits there no more; it does when it returns', async () => {
    const { company, connection } = await companyOf(2);
    const { id } = company.crm.add({ name: 'Nora', email: '', phone: '' });
    await world.sync(connection);
    const waiting = () => world.all<Waiting>(`/api/quarantine?connectionId=${connection.id}`);
    remove(company, [id]);
    await world.sync(connection);
    expect(await waiting()).toHaveLength(1);
    await world.sync(connection);
    expect(await waiting()).toEqual([]);
    company.crm.undelete(id);
    const { run, news } = await synced(connection);
    expect(kinds(news)).toEqual(['ClientReturned', 'ClientQuarantined']);
    expect(run).toMatchObject({ status: 'succeeded-with-errors', counts: { quarantined: 1 } });
    expect(await waiting()).toMatchObject([{ externalId: String(id), code: 'email.missing' }]);
  });
});

describe('a lead with several clients', () => {
  it('stays while one of them is there, which is primary then', async () => {
    const { company, connection } = await companyOf(0);
    const ada = person('Ada', { phone: '+49301' });
    const first = company.crm.add(ada);
    await world.sync(connection);
    const second = company.crm.add({ ...ada, name: 'Ada the Second', phone: '+49302' });
    await world.sync(connection);
    remove(company, [first.id]);
    await world.sync(connection);
    const { news } = await synced(connection);
    expect(kinds(news)).toEqual(['ClientGone', 'LeadUpserted']);
    expect(news[1]!.data).toMatchObject({ change: 'updated', changed: ['name', 'phone'] });
    expect(await leadsOf(connection)).toMatchObject([
      {
        status: 'active',
        name: 'Ada the Second',
        phone: '+49302',
        sources: [
          { externalId: String(second.id), primary: true, status: 'active' },
          { externalId: String(first.id), primary: false, status: 'gone', name: 'Ada' },
        ],
      },
    ]);
    company.crm.undelete(first.id);
    await world.sync(connection);
    expect(await leadsOf(connection)).toMatchObject([{ name: 'Ada', phone: '+49301', status: 'active' }]);
  });

  it('is restored by a new client with the e-mail address of the one that is gone', async () => {
    const { company, connection } = await companyOf(1);
    const ada = person('Ada');
    const old = company.crm.add(ada);
    await world.sync(connection);
    remove(company, [old.id]);
    for (let n = 0; n < 2; n += 1) await world.sync(connection);
    const again = company.crm.add({ ...ada, name: 'Ada Anew' });
    const { news } = await synced(connection);
    expect(kinds(news)).toEqual(['ClientImported', 'LeadUpserted', 'LeadRestored']);
    expect(await leadsOf(connection, '&search=Ada')).toMatchObject([
      {
        name: 'Ada Anew',
        status: 'active',
        sources: [
          { externalId: String(again.id), primary: true },
          { externalId: String(old.id), status: 'gone' },
        ],
      },
    ]);
  });

  it('is not left with the e-mail address of another lead: the run says who is in the way', async () => {
    const { company, connection } = await companyOf(1);
    const ada = person('Ada');
    const first = company.crm.add(ada);
    await world.sync(connection);
    const second = company.crm.add({ ...ada, name: 'Second' });
    await world.sync(connection);
    const moved = person('Moved');
    company.crm.change(second.id, { email: moved.email });
    await world.sync(connection);
    company.crm.add(moved);
    await world.sync(connection);
    remove(company, [first.id]);
    await world.sync(connection);
    const { run, news } = await synced(connection);
    expect(news).toEqual([]);
    expect(run.warnings).toMatchObject([
      { code: 'deletion-blocked', detail: expect.stringContaining(`Client ${first.id} is deleted`) },
    ]);
    expect(await goneOf(connection)).toEqual([]);
    const [lead, other] = await Promise.all(
      ['Ada', 'Moved'].map(async (name) => (await leadsOf(connection, `&search=${name}`))[0]!),
    );
    await world.api('POST', `/api/leads/${lead!.id}/merge`, { leadId: other!.id });
    await world.sync(connection);
    expect((await world.api<Lead>('GET', `/api/leads/${lead!.id}`)).body.sources).toContainEqual(
      expect.objectContaining({ externalId: String(first.id), status: 'gone' }),
    );
  });
});

describe('what proves nothing', () => {
  it.each<[string, Partial<Switches>]>([
    ['may not read it', { byId: 'forbidden' }],
    ['finds no such address', { byId: 'missing' }],
    ['is told "not found" of everybody', { byId: 'nobody' }],
    ['meets a server that fails', { troubles: [{ kind: 'status', on: 'client', value: 503 }] }],
    ['gets a web page', { troubles: [{ kind: 'html', on: 'client', value: 404 }] }],
  ])('leaves a missing client as it is where whoever asks for it %s', async (_, switches) => {
    const { company, connection } = await companyOf(3);
    remove(company, [2]);
    await world.sync(connection);
    company.faults.set(switches);
    for (let n = 0; n < 2; n += 1) {
      const { run, news } = await synced(connection);
      expect(news).toEqual([]);
      expect(run).toMatchObject({ status: 'succeeded', warnings: [{ code: 'deletions-unproven' }] });
    }
    company.faults.reset();
    expect(kinds((await synced(connection)).news)).toEqual(['ClientGone', 'LeadUpserted', 'LeadGone']);
  });

  it.each<[string, Partial<Switches>]>([
    ['the count of the list lies', { itemsCount: 'more' }],
    [
      'the list tells no count and does not stand still',
      { bareArray: true, drift: 'insert', driftTimes: 1000 },
    ],
  ])('is a list that is not complete: %s', async (_, switches) => {
    const { company, connection } = await companyOf(23, { onPageCap: 10 });
    remove(company, [2]);
    company.faults.set(switches);
    for (let n = 0; n < 2; n += 1) {
      const { run, news } = await synced(connection);
      expect(run).toMatchObject({ status: 'suspicious', absences: NEWLY(0), heldDeletions: null });
      expect(kinds(news)).not.toContain('ClientMissing');
    }
    company.faults.reset();
    expect(kinds((await synced(connection)).news)).toContain('ClientMissing');
    expect(await goneOf(connection)).toEqual([]);
  });

  it.each<[string, Partial<Switches>['troubles']]>([
    ['an error', [{ kind: 'status', on: 'clients', page: 2, value: 403 }]],
    ['an empty list', [{ kind: 'body', on: 'clients', page: 2, value: '[]' }]],
  ])('is an outage on the second page: %s', async (_, troubles) => {
    const { company, connection } = await companyOf(23, { onPageCap: 10 });
    remove(company, [2]);
    company.faults.set({ troubles: troubles! });
    const failed = await world.api('POST', `/api/connections/${connection.id}/sync`);
    expect(failed.status === 200 ? (failed.body as { status: string }).status : 'failed').not.toBe(
      'succeeded',
    );
    company.faults.reset();
    await world.api('PUT', `/api/connections/${connection.id}/credentials`, {
      login: company.account.login,
      secret: company.account.password,
    });
    const { run } = await synced(connection);
    expect(run).toMatchObject({ status: 'succeeded', absences: NEWLY(1) });
    expect(await goneOf(connection)).toEqual([]);
  });

  it('is a field that the role may not see any more', async () => {
    const { company, connection } = await companyOf(3);
    company.faults.set({ hide: ['name', 'email', 'phone'] });
    for (let n = 0; n < 2; n += 1) await world.sync(connection);
    expect(await statusesOf(connection)).toEqual({ 1: 'active', 2: 'active', 3: 'active' });
    company.faults.reset();
    const { run } = await synced(connection);
    expect(run).toMatchObject({ status: 'succeeded', absences: NEWLY(0) });
  });

  it('is a client that only moved in the list', async () => {
    const { company, connection } = await companyOf(23, { onPageCap: 5 });
    company.faults.set({ drift: 'mixed', driftTimes: 3 });
    for (let n = 0; n < 4; n += 1) await world.sync(connection);
    company.faults.reset();
    for (let n = 0; n < 2; n += 1) await world.sync(connection);
    const deleted = company.crm.all().filter((client) => client.deleted);
    expect(await goneOf(connection)).toEqual(
      deleted.map(({ id }) => String(id)).filter((id) => Number(id) <= 23),
    );
  });
});

describe('a mass disappearance', () => {
  const approve = (runId: string, headers: Record<string, string> = {}) =>
    world.api<Run>('POST', `/api/runs/${runId}/approve-deletions`, undefined, headers);

  it('is held, said, and marks nobody; the rest of the run is applied', async () => {
    const { company, connection } = await companyOf(60);
    remove(company, ids(1, 30));
    const { name, email, phone } = person('Newcomer');
    company.crm.add({ name, email, phone });
    for (let n = 0; n < 3; n += 1) {
      const { run, news } = await synced(connection);
      expect(run).toMatchObject({
        status: 'suspicious',
        error: { code: 'deletions-held' },
        absences: NEWLY(0),
        heldDeletions: { count: 30, approved: false, approvedAt: null, approvedBy: null },
      });
      expect(kinds(news)).toEqual(n === 0 ? ['ClientImported', 'LeadUpserted'] : []);
    }
    expect(await goneOf(connection)).toEqual([]);
    company.crm.undelete(1);
    for (const id of ids(2, 30)) company.crm.undelete(id);
    expect((await synced(connection)).run).toMatchObject({ status: 'succeeded', heldDeletions: null });
  });

  it('is applied when a person has approved it; who has returned is left alone', async () => {
    const { company, connection } = await companyOf(60);
    remove(company, ids(1, 30));
    const { run } = await synced(connection);
    for (const id of [3, 4]) company.crm.undelete(id);
    const key = { 'idempotency-key': `approve-${run.id}` };
    const events = await world.appended(async () => {
      const answer = await approve(run.id, key);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({
        id: run.id,
        heldDeletions: { count: 30, approved: true, approvedBy: expect.stringMatching(/^key:/) },
      });
      const applied = await runOf(answer.headers.get('location')!.split('/').at(-1)!);
      expect(applied).toMatchObject({
        status: 'succeeded',
        absences: NEWLY(0, 28, 0),
        heldDeletions: null,
      });
      expect((await approve(run.id, key)).body).toEqual(answer.body);
    });
    const approval = events.filter(({ type }) => type === 'DeletionsApproved');
    expect(approval).toMatchObject([
      { stream: `sync-run-${run.id}`, data: { runId: run.id, count: 30 }, meta: { runId: run.id } },
    ]);
    const gone = events.filter(({ type }) => type === 'ClientGone');
    expect(gone.map(({ meta }) => meta.actor)).toEqual(gone.map(() => approval[0]!.meta.actor));
    expect(gone.every(({ data }) => data['approvedIn'] === run.id)).toBe(true);
    expect(await goneOf(connection)).toEqual(
      ids(1, 30)
        .filter((id) => id !== 3 && id !== 4)
        .map(String),
    );
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
    expect(kinds(await world.appended(() => approve(run.id)))).toEqual([]);
    for (const id of ids(1, 30)) company.crm.undelete(id);
    expect((await synced(connection)).run).toMatchObject({
      status: 'succeeded',
      absences: NEWLY(0, 0, 28),
    });
    expect(await goneOf(connection)).toEqual([]);
  });

  it('counts from an approval on: whoever disappears later is asked about anew', async () => {
    const { company, connection } = await companyOf(100);
    remove(company, ids(1, 30));
    await approve((await synced(connection)).run.id);
    expect(await goneOf(connection)).toHaveLength(30);
    remove(company, [99]);
    expect((await synced(connection)).run).toMatchObject({ status: 'succeeded', absences: NEWLY(1) });
    remove(company, ids(31, 54));
    expect((await synced(connection)).run).toMatchObject({
      status: 'suspicious',
      heldDeletions: { count: 25 },
    });
    expect(await goneOf(connection)).toHaveLength(30);
  });

  it('is approved as it was held: whoever disappeared after that run is missing first', async () => {
    const { company, connection } = await companyOf(200);
    remove(company, ids(1, 30));
    const { run } = await synced(connection);
    remove(company, ids(31, 35));
    expect((await synced(connection)).run).toMatchObject({ heldDeletions: { count: 35 } });
    const { headers } = await approve(run.id);
    const applied = await runOf(headers.get('location')!.split('/').at(-1)!);
    expect(applied).toMatchObject({ status: 'succeeded', absences: NEWLY(5, 30) });
  });

  it('by a role that sees less is none, even when it is approved: by their ids the clients are there', async () => {
    const { company, connection } = await companyOf(60);
    company.faults.set({ sees: 2 });
    const { run } = await synced(connection);
    expect(run).toMatchObject({ status: 'suspicious', heldDeletions: { count: 30 } });
    await approve(run.id);
    expect(await goneOf(connection)).toEqual([]);
    expect((await synced(connection)).run).toMatchObject({
      status: 'suspicious',
      heldDeletions: { count: 30, approved: false },
    });
    company.faults.reset();
    expect((await synced(connection)).run).toMatchObject({ status: 'succeeded', absences: NEWLY(0, 0, 30) });
  });

  it('is also an account that is empty, however few there were', async () => {
    const { company, connection } = await companyOf(3);
    company.faults.set({ empty: true });
    const { run, news } = await synced(connection);
    expect(run).toMatchObject({
      status: 'suspicious',
      error: { detail: expect.stringContaining('The CRM listed no clients, although 3 are known.') },
      heldDeletions: { count: 3 },
    });
    expect(news).toEqual([]);
    company.faults.reset();
    remove(company, [1, 2, 3]);
    await approve((await synced(connection)).run.id);
    expect(await goneOf(connection)).toEqual(['1', '2', '3']);
    expect((await synced(connection)).run).toMatchObject({ status: 'succeeded', counts: { fetched: 0 } });
  });

  it('little by little is one as well', async () => {
    const { company, connection } = await companyOf(200);
    remove(company, ids(1, 8));
    expect((await synced(connection)).run).toMatchObject({ absences: NEWLY(8) });
    remove(company, ids(9, 16));
    expect((await synced(connection)).run).toMatchObject({ absences: NEWLY(8, 8) });
    remove(company, ids(17, 24));
    const { run, news } = await synced(connection);
    expect(run).toMatchObject({ status: 'suspicious', heldDeletions: { count: 16 } });
    expect(news).toEqual([]);
    expect(await goneOf(connection)).toHaveLength(8);
    await approve(run.id);
    expect(await goneOf(connection)).toEqual(ids(1, 24).map(String));
  });

  it('is nothing to approve where nothing is held', async () => {
    const { connection } = await companyOf(2);
    const { run } = await synced(connection);
    expect(await approve(run.id)).toMatchObject({ status: 409, code: 'no-deletions-held' });
    const nowhere = 'c0ffee00-0000-4000-8000-00000000000a';
    expect(await approve(nowhere)).toMatchObject({ status: 404, code: 'run-not-found' });
  });

  it('of a company that has been disconnected cannot be approved', async () => {
    const { company, connection } = await companyOf(30);
    remove(company, ids(1, 25));
    const { run } = await synced(connection);
    await world.api('DELETE', `/api/connections/${connection.id}`);
    expect(await approve(run.id)).toMatchObject({ status: 409, code: 'connection-disconnected' });
  });
});

it('asks for no more clients by their ids than there are missing, and for one that is there', async () => {
  const { company, connection } = await companyOf(5);
  remove(company, [1, 2]);
  await world.sync(connection);
  company.requests.clear();
  await world.sync(connection);
  expect(company.requests.summary().byRoute.client).toBe(3);
  company.requests.clear();
  await world.sync(connection);
  expect(company.requests.summary().byRoute.client).toBeUndefined();
  const { body } = await world.api<Page<LogEvent>>('GET', '/api/events?type=ClientGone&order=desc&limit=2');
  expect(body.data.map(({ data }) => data['externalId'])).toEqual(['2', '1']);
});
