import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogEvent, Page, Run, SyncAnswer } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const nothing = {
  leads_created: 0,
  leads_updated: 0,
  bookings_found: 0,
  errors_count: 0,
  clients_fetched: 0,
  leads_unchanged: 0,
  leads_linked: 0,
  clients_quarantined: 0,
  clients_erased: 0,
  clients_missing: 0,
  clients_gone: 0,
  clients_returned: 0,
  bookings_created: 0,
  bookings_updated: 0,
  bookings_unchanged: 0,
  bookings_quarantined: 0,
};

const typesOf = (events: readonly LogEvent[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
};

describe('the answer to a sync', () => {
  it('says field by field what a first sync did', async () => {
    const { connection } = await world.connected({ clients: 5 });
    expect(await world.sync(connection)).toEqual({
      success: true,
      message: 'CRM sync completed successfully',
      lastSynced: expect.stringMatching(INSTANT),
      runId: expect.stringMatching(UUID),
      status: 'succeeded',
      stats: { ...nothing, leads_created: 5, clients_fetched: 5 },
      errors: [],
      heldDeletions: null,
      warnings: [],
    });
  });

  it('counts each client of an ugly list exactly once and shows the first ten that it could not take', async () => {
    const { company, connection } = await world.connected({ clients: 60, clean: false });
    for (let more = 0; more < 12; more += 1) company.crm.add({ name: `Without Address ${more}` });
    const { status, stats, errors } = await world.sync(connection);
    expect(status).toBe('succeeded-with-errors');
    expect(stats.clients_fetched).toBe(72);
    expect(stats.clients_fetched).toBe(
      stats.leads_created +
        stats.leads_updated +
        stats.leads_linked +
        stats.leads_unchanged +
        stats.clients_quarantined +
        stats.clients_erased,
    );
    expect(stats.clients_quarantined).toBeGreaterThan(12);
    expect(stats.errors_count).toBe(stats.clients_quarantined);
    expect(errors).toHaveLength(10);
    for (const error of errors) {
      expect(error).toEqual({
        externalId: expect.stringMatching(/^\d+$/),
        code: expect.stringMatching(/^[a-z]+\.[a-z]+$/),
        message: expect.stringMatching(new RegExp(`^Client ${error.externalId} \\(.*\\) has .*\\.$`)),
      });
    }
  });

  it('is 404 for a connection that is not there', async () => {
    const answer = await world.api('POST', '/api/connections/0b8f6a52-6d0c-4a7e-9a39-3f6a1b1c9d10/sync');
    expect([answer.status, answer.code]).toEqual([404, 'connection-not-found']);
  });

  it('is the first answer again for the same Idempotency-Key, and no second run', async () => {
    const { connection } = await world.connected({ clients: 3 });
    const path = `/api/connections/${connection.id}/sync`;
    const headers = { 'idempotency-key': '"first sync of the day"' };
    const first = await world.api<SyncAnswer>('POST', path, undefined, headers);
    const events = await world.appended(async () => {
      const again = await world.api<SyncAnswer>('POST', path, undefined, headers);
      expect([again.status, again.body]).toEqual([200, first.body]);
    });
    expect(events).toEqual([]);
  });
});

describe('the log of a sync', () => {
  it('has one ClientImported and one LeadUpserted per client, and the beginning and end of the run', async () => {
    const { connection } = await world.connected({ clients: 250 });
    const events = await world.appended(() => world.sync(connection));
    expect(typesOf(events)).toEqual({
      SyncStarted: 1,
      ClientImported: 250,
      LeadUpserted: 250,
      SyncCompleted: 1,
    });
    expect([events[0]?.type, events.at(-1)?.type]).toEqual(['SyncStarted', 'SyncCompleted']);

    const again = await world.appended(() => world.sync(connection));
    expect(typesOf(again)).toEqual({ SyncStarted: 1, SyncCompleted: 1 });
    expect(again.at(-1)?.data['counts']).toMatchObject({ fetched: 250, unchanged: 250, created: 0 });
  });

  it('has the import of each client before what it did to its lead, and as its cause', async () => {
    const { connection } = await world.connected({ clients: 120 });
    const events = await world.appended(() => world.sync(connection));
    const imports = events.filter(({ type }) => type === 'ClientImported');
    const upserts = events.filter(({ type }) => type === 'LeadUpserted');
    expect(upserts).toHaveLength(120);
    for (const { data, position, stream, meta } of upserts) {
      const source = data['source'] as { connectionId: string; externalId: string };
      const cause = imports.find(({ data: client }) => client['externalId'] === source.externalId);
      expect(cause?.position).toBeLessThan(position);
      expect(meta.causationId).toBe(`event:${cause?.position}`);
      expect(stream).toBe(`lead-${String(data['leadId'])}`);
      expect(cause?.stream).toBe(`crm-client-${connection.id}-${source.externalId}`);
    }
  });

  it('says of every event who asked for it, in which request and in which run', async () => {
    const { connection } = await world.connected({ clients: 4 });
    let runId = '';
    const events = await world.appended(async () => {
      const headers = { 'x-correlation-id': 'the-monday-sync' };
      const answer = await world.api<SyncAnswer>(
        'POST',
        `/api/connections/${connection.id}/sync`,
        undefined,
        headers,
      );
      expect(answer.headers.get('x-correlation-id')).toBe('the-monday-sync');
      runId = answer.body.runId;
    });
    expect(events).toHaveLength(10);
    for (const { type, meta } of events) {
      expect(meta).toEqual({
        actor: 'key:admin',
        correlationId: 'the-monday-sync',
        causationId: type === 'LeadUpserted' ? expect.stringMatching(/^event:\d+$/) : null,
        runId,
      });
    }
    expect(events[0]).toMatchObject({
      stream: `sync-run-${runId}`,
      version: 1,
      data: { runId, connectionId: connection.id, trigger: 'api' },
      personal: null,
      erased: false,
    });
    expect(events[1]).toMatchObject({
      type: 'ClientImported',
      data: {
        connectionId: connection.id,
        runId,
        change: 'new',
        changed: expect.arrayContaining(['name', 'email', 'phone']),
      },
      personal: { name: expect.any(String), email: expect.any(String), phone: expect.any(String) },
    });
    expect(events[9]?.data).toMatchObject({
      status: 'succeeded',
      counts: { fetched: 4, created: 4, updated: 0, linked: 0, unchanged: 0, quarantined: 0, erased: 0 },
    });
  });
});

describe('who does not want to wait', () => {
  it('gets 202, where to look, and there the run until its end', async () => {
    const { company, connection } = await world.connected({ clients: 150 });
    const { reached, release } = company.holdPage(2);
    const answer = await world.api<Run>('POST', `/api/connections/${connection.id}/sync`, undefined, {
      prefer: 'respond-async',
    });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/runs/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      connectionId: connection.id,
      trigger: 'api',
      status: 'running',
      startedAt: expect.stringMatching(INSTANT),
      finishedAt: null,
      error: null,
    });
    await reached;
    const { body: underWay } = await world.api<Run>('GET', `/api/runs/${answer.body.id}`);
    expect(underWay.status).toBe('running');
    release();
    expect(await world.end(answer.body.id)).toMatchObject({
      status: 'succeeded',
      counts: { fetched: 150, created: 150, updated: 0, linked: 0, unchanged: 0, quarantined: 0, erased: 0 },
      finishedAt: expect.stringMatching(INSTANT),
      error: null,
      progress: { done: 150, total: 150 },
    });
  });

  it.each(['wait=1', 'foo, wait = "1"', 'WAIT=1; x', 'wait=0'])(
    'gets 202 when the run takes longer than Prefer: %s',
    async (prefer) => {
      const { company, connection } = await world.connected({ clients: 1 });
      const { release } = company.holdPage(1);
      const path = `/api/connections/${connection.id}/sync`;
      const answer = await world.api<Run>('POST', path, undefined, { prefer });
      expect([answer.status, answer.body.status]).toEqual([202, 'running']);
      release();
      expect((await world.end(answer.body.id)).status).toBe('succeeded');
    },
  );

  it.each(['wait=60', 'wait=-1', 'wait=soon', 'handling=lenient', ''])(
    'gets the answer when the run ends within Prefer: %s',
    async (prefer) => {
      const { connection } = await world.connected({ clients: 1 });
      const answer = await world.api<SyncAnswer>(
        'POST',
        `/api/connections/${connection.id}/sync`,
        undefined,
        { prefer },
      );
      expect([answer.status, answer.body.success]).toEqual([200, true]);
    },
  );
});

describe('two triggers at once', () => {
  it('are one run, told to everybody who asked', async () => {
    const { company, connection } = await world.connected({ clients: 230 });
    company.requests.clear();
    const { reached, release } = company.holdPage(1);
    const path = `/api/connections/${connection.id}/sync`;
    const events = await world.appended(async () => {
      const asked = Array.from({ length: 10 }, () => world.api<SyncAnswer>('POST', path));
      await reached;
      const joined = await world.api<Run>('POST', path, undefined, { prefer: 'respond-async' });
      release();
      const answers = await Promise.all(asked);
      const [first] = answers;
      for (const answer of answers) expect([answer.status, answer.body]).toEqual([200, first?.body]);
      expect([joined.status, joined.body.id]).toEqual([202, first?.body.runId]);
      expect(joined.headers.get('location')).toBe(`/api/runs/${first?.body.runId}`);
      expect(first?.body.stats).toEqual({ ...nothing, clients_fetched: 230, leads_created: 230 });
    });
    expect(typesOf(events)).toMatchObject({ SyncStarted: 1, SyncCompleted: 1, ClientImported: 230 });
    expect(company.requests.summary()).toMatchObject({
      byRoute: { clients: 3, bookings: 1 },
      logins: { ok: 0 },
      maxConcurrent: 1,
    });
  });

  it('for two connections are two runs at the same time', async () => {
    const [one, other] = [await world.connected({ clients: 2 }), await world.connected({ clients: 3 })];
    const { reached, release } = one.company.holdPage(1);
    const slow = await world.start(one.connection);
    await reached;
    expect((await world.sync(other.connection)).stats.leads_created).toBe(3);
    release();
    expect((await world.end(slow.id)).counts.created).toBe(2);
  });
});

describe('the CRM is treated well', () => {
  it('by one login at the connecting and three pages for 250 clients, one at a time', async () => {
    const { company, connection } = await world.connected({ clients: 250 });
    await world.sync(connection);
    await world.sync(connection);
    const { logins, refreshes, byRoute, maxConcurrent } = company.requests.summary();
    expect({ logins, refreshes, byRoute, maxConcurrent }).toEqual({
      logins: { ok: 1, failed: 0 },
      refreshes: { ok: 0, failed: 0 },
      byRoute: { login: 1, clients: 6, bookings: 2 },
      maxConcurrent: 1,
    });
    const sync = [1, 2, 3].map((page) => ['clients', page, 100]).concat([['bookings', 1, 100]]);
    expect(company.requests.list.slice(1).map(({ route, page, onPage }) => [route, page, onPage])).toEqual([
      ...sync,
      ...sync,
    ]);
  });
});

describe('the runs', () => {
  it('are listed newest first, by connection and by how they ended', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    const first = await world.sync(connection);
    company.faults.set({ accessDenied: true });
    const failed = await world.api<{ runId: string }>('POST', `/api/connections/${connection.id}/sync`);
    company.faults.reset();
    const last = await world.sync(connection);
    const { body } = await world.api<Page<Run>>('GET', `/api/runs?connectionId=${connection.id}`);
    expect(body.page).toEqual({ nextCursor: null, limit: 50 });
    expect(body.data.map(({ id, status }) => [id, status])).toEqual([
      [last.runId, 'succeeded'],
      [failed.body.runId, 'failed'],
      [first.runId, 'succeeded'],
    ]);
    const { body: bad } = await world.api<Page<Run>>(
      'GET',
      `/api/runs?connectionId=${connection.id}&status=failed`,
    );
    expect(bad.data.map(({ id }) => id)).toEqual([failed.body.runId]);
    expect((await world.api<Run>('GET', `/api/runs/${first.runId}`)).body).toEqual(body.data[2]);
  });

  it('come page by page, none twice and none left out', async () => {
    const { connection } = await world.connected({ clients: 1 });
    for (let times = 0; times < 5; times += 1) await world.sync(connection);
    const path = `/api/runs?connectionId=${connection.id}&limit=2`;
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: { body: Page<Run> } = await world.api<Page<Run>>(
        'GET',
        `${path}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.page.nextCursor;
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });

  it('are 404 when there is none with this id', async () => {
    const { status, code } = await world.api('GET', '/api/runs/0b8f6a52-6d0c-4a7e-9a39-3f6a1b1c9d10');
    expect([status, code]).toEqual([404, 'run-not-found']);
  });
});
