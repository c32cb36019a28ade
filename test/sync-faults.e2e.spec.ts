import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Switches } from '../sandbox/faults.ts';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, FailedSync, Lead, LeadSource, LogEvent, Page, Run, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const leadsOf = async ({ id }: Connection): Promise<Lead[]> => world.all<Lead>(`/api/leads?source=${id}`);

/** Three pages without three hundred clients. */
const SMALL_PAGES = { clients: 25, switches: { onPageCap: 10 } } as const;

/** What the leads say about the clients of this connection. */
const sourcesOf = async (connection: Connection): Promise<LeadSource[]> => {
  const sources = (await leadsOf(connection)).flatMap((lead) => lead.sources);
  return sources.filter(({ connectionId }) => connectionId === connection.id);
};

/** Leads are what the CRM holds: each client that is there stands in them, once, by its name. */
const expectLeadsOf = async (connection: Connection, { crm }: Company): Promise<void> => {
  const sources = await sourcesOf(connection);
  const books = new Map(sources.map(({ externalId, name }) => [externalId, name]));
  expect(sources).toHaveLength(books.size);
  const there = crm.all().filter(({ deleted }) => !deleted);
  for (const { id, name } of there) expect([id, books.get(String(id))]).toEqual([id, name.trim()]);
};

const count = (events: readonly LogEvent[], type: string): number =>
  events.filter((event) => event.type === type).length;

const refused = async ({ id }: Connection): Promise<FailedSync> => {
  const answer = await world.api<FailedSync>('POST', `/api/connections/${id}/sync`);
  expect([answer.status, answer.body.success]).toEqual([502, false]);
  return answer.body;
};

describe('a token that expires in the middle of a run', () => {
  const expireAtPage2 = async (switches: Partial<Switches>) => {
    const { company, connection } = await world.connected(SMALL_PAGES);
    company.faults.set(switches);
    const { reached, release } = company.holdPage(2);
    const { id } = await world.start(connection);
    await reached;
    company.auth.expireTokens();
    release();
    const run = await world.end(id);
    expect(run).toMatchObject({ status: 'succeeded', counts: { fetched: 25, created: 25 } });
    return company.requests.summary();
  };

  it.each(['body-419', 'http-419', 'plain-401', 'http-400', 'http-200'] as const)(
    'is replaced by one refresh, however the CRM tells it (%s)',
    async (expiry) => {
      const { logins, refreshes, byRoute } = await expireAtPage2({ expiry });
      expect({ logins, refreshes, byRoute }).toEqual({
        logins: { ok: 1, failed: 0 },
        refreshes: { ok: 1, failed: 0 },
        byRoute: { login: 1, refresh: 1, clients: 4, bookings: 1 },
      });
    },
  );

  it.each([{ refreshRefused: true }, { refreshLost: 1 }, { refreshSameToken: true }])(
    'is replaced by one new login where a refresh brings none (%j)',
    async (switches) => {
      const { logins, byRoute } = await expireAtPage2(switches);
      expect([logins, byRoute.refresh, byRoute.clients]).toEqual([{ ok: 2, failed: 0 }, 1, 4]);
    },
  );
});

describe('a page that fails by accident', () => {
  it.each([
    ['an error of the server', { kind: 'status', value: 503 }],
    ['a web page in its place', { kind: 'html' }],
    ['nothing at all', { kind: 'lost' }],
    ['half an answer', { kind: 'truncate' }],
    ['half an answer that says it is whole', { kind: 'cut' }],
    ['an empty list', { kind: 'body', value: '[]' }],
    ['an empty object', { kind: 'body', value: '{}' }],
    ['"too many requests" and how long to wait', { kind: 'rate-limit', value: '1' }],
    ['a slow answer', { kind: 'slow', value: 300 }],
    ['a redirect to elsewhere', { kind: 'redirect' }],
    ['what is no HTTP', { kind: 'not-http' }],
    ['broken compression', { kind: 'gzip-garbage' }],
  ] as const)('with %s is asked for again, and nothing is missing or doubled', async (_, trouble) => {
    const { company, connection } = await world.connected(SMALL_PAGES);
    company.faults.set({ troubles: [{ ...trouble, on: 'clients', page: 2, times: 1 }] });
    const events = await world.appended(async () => {
      const { status, stats } = await world.sync(connection);
      expect([status, stats.clients_fetched, stats.leads_created]).toEqual(['succeeded', 25, 25]);
    });
    expect([count(events, 'ClientImported'), count(events, 'LeadUpserted')]).toEqual([25, 25]);
    expect(company.faults.struck[trouble.kind]).toBe(1);
    expect(company.requests.summary().maxConcurrent).toBe(1);
  });
});

describe('a page that fails for good', () => {
  it('ends the run as failed; finished pages stay, and the next run completes them without doubles', async () => {
    const { company, connection } = await world.connected(SMALL_PAGES);
    company.faults.set({ troubles: [{ kind: 'status', value: 500, on: 'clients', page: 3 }] });
    const first = await world.appended(async () => {
      const problem = await refused(connection);
      expect(problem).toMatchObject({
        type: 'tag:crm-sync,2026:problems/crm-unreachable',
        status: 502,
        runId: expect.any(String),
      });
      expect(problem.error).toMatch(
        /^Failed to fetch clients from SimplyBook\.me\. .*status 500.*Try again in a few minutes/,
      );
      const { body: run } = await world.api<Run>('GET', `/api/runs/${problem.runId}`);
      expect(run).toMatchObject({
        status: 'failed',
        error: { code: 'crm-unreachable', detail: expect.stringContaining('status 500') },
        counts: { fetched: 20, created: 20 },
      });
    });
    expect([count(first, 'ClientImported'), first.at(-1)?.type]).toEqual([20, 'SyncFailed']);
    expect(await leadsOf(connection)).toHaveLength(20);
    const { body: still } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect([still.status, still.lastSyncedAt]).toEqual(['connected', null]);

    company.faults.reset();
    const second = await world.appended(async () => {
      const { stats } = await world.sync(connection);
      expect(stats).toMatchObject({ clients_fetched: 25, leads_created: 5, leads_unchanged: 20 });
    });
    expect([count(second, 'ClientImported'), count(second, 'LeadUpserted')]).toEqual([5, 5]);
    await expectLeadsOf(connection, company);
  });

  it('is not asked for for ever: five times, then the run ends', async () => {
    const { company, connection } = await world.connected({ clients: 10 });
    company.requests.clear();
    company.faults.set({ troubles: [{ kind: 'html', on: 'clients' }] });
    expect(await refused(connection)).toMatchObject({ type: expect.stringMatching(/crm-answer-unusable$/) });
    expect(company.requests.summary().byRoute).toEqual({ clients: 5 });
  });
});

describe('an account that shows nothing any more', () => {
  it.each([{ empty: true }, { empty: true, itemsCount: 'zero' }] as const)(
    'is a suspicious run: leads stay, and the connection was not synced (%j)',
    async (switches) => {
      const { company, connection } = await world.connected({ clients: 20 });
      await world.sync(connection);
      const { body: before } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
      const leads = await leadsOf(connection);
      company.faults.set(switches);
      const { status, stats, message } = await world.sync(connection);
      expect([status, stats.clients_fetched]).toEqual(['suspicious', 0]);
      expect(message).toMatch(/doubtful.*20 are known/);
      expect(await leadsOf(connection)).toEqual(leads);
      const { body: after } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
      expect(after.lastSyncedAt).toBe(before.lastSyncedAt);
    },
  );

  it('because the fields are hidden keeps what is known: absent is not blank', async () => {
    const { company, connection } = await world.connected({ clients: 6 });
    await world.sync(connection);
    const values = (await leadsOf(connection)).map(({ id, email, phone }) => ({ id, email, phone }));
    company.faults.set({ hide: ['email', 'phone'] });
    const { stats } = await world.sync(connection);
    expect(stats).toMatchObject({ clients_fetched: 6, clients_quarantined: 6, leads_updated: 0 });
    expect((await leadsOf(connection)).map(({ id, email, phone }) => ({ id, email, phone }))).toEqual(values);
    company.faults.reset();
    expect((await world.sync(connection)).stats).toMatchObject({
      leads_unchanged: 6,
      clients_quarantined: 0,
    });
  });
});

describe('a list that moves while it is read', () => {
  it.each<Partial<Switches>>([
    { drift: 'insert' },
    { drift: 'rename' },
    { drift: 'delete' },
    { drift: 'mixed' },
  ])('(%j) is read again until all have been seen, or says that they were not', async (switches) => {
    const { company, connection } = await world.connected({
      clients: 35,
      switches: { onPageCap: 10, ...switches },
    });
    let { status } = await world.sync(connection);
    expect(['succeeded', 'suspicious']).toContain(status);
    for (let times = 0; times < 4 && status === 'suspicious'; times += 1) {
      ({ status } = await world.sync(connection));
    }
    expect(status).toBe('succeeded');
    await expectLeadsOf(connection, company);
  });

  it('and comes in another order each time is read until all have been seen', async () => {
    const { company, connection } = await world.connected({
      clients: 35,
      switches: { onPageCap: 10, order: 'shuffle' },
    });
    for (let times = 0; times < 5; times += 1) {
      const { status, stats } = await world.sync(connection);
      expect([status, stats.clients_fetched]).toEqual(['succeeded', 35]);
    }
    await expectLeadsOf(connection, company);
  });

  it.each<Partial<Switches>>([
    { repeatPage: 2 },
    { itemsCount: 'absent', pagesCount: 'absent' },
    { pagesCount: 'huge' },
    { onPageCap: 7 },
    { onPageFixed: 10, onPageEcho: 'asked' },
    { metadata: 'list' },
    { bareArray: true },
    { endless: 'repeat', itemsCount: 'absent', pagesCount: 'grows' },
    { ids: 'text' },
    { ids: 'padded' },
    { ids: 'float' },
  ])('or is told oddly (%j) becomes the same leads', async (switches) => {
    const { company, connection } = await world.connected({
      clients: 23,
      switches: { onPageCap: 10, ...switches },
    });
    const { stats } = await world.sync(connection);
    expect(stats).toMatchObject({ clients_fetched: 23, leads_created: 23 });
    await expectLeadsOf(connection, company);
  });

  it('keeps apart ids that JavaScript would take for one number', async () => {
    const { connection } = await world.connected({ clients: 40, switches: { ids: 'big' } });
    expect((await world.sync(connection)).stats).toMatchObject({ leads_created: 40, errors_count: 0 });
    for (const { externalId } of await sourcesOf(connection))
      expect(externalId).toMatch(/^90071992547\d{5}$/);
  });
});

describe('records that are none', () => {
  it('wait in quarantine, each with a reason, and never stop the run', async () => {
    const { company, connection } = await world.connected({ clients: 30, switches: { weird: ['all'] } });
    const events = await world.appended(async () => {
      const { status, stats } = await world.sync(connection);
      expect(status).toBe('succeeded-with-errors');
      expect(stats.clients_fetched).toBe(30 + 17);
      expect(stats.leads_created).toBeGreaterThanOrEqual(30);
      expect(stats.clients_fetched).toBe(stats.leads_created + stats.clients_quarantined);
    });
    expect(events.at(-1)?.type).toBe('SyncCompleted');
    await expectLeadsOf(connection, company);
    const waiting = await world.all<Waiting>(`/api/quarantine?connectionId=${connection.id}`);
    const codes = Object.groupBy(waiting, ({ code }) => code);
    expect(Object.keys(codes).toSorted()).toEqual(['name.missing', 'record.unreadable']);
    for (const { detail } of waiting) expect(detail).toMatch(/^(A client|Client \S+( \(.*\))?) .*\.$/);

    const again = await world.appended(() => world.sync(connection));
    expect(again.map(({ type }) => type)).toEqual(['SyncStarted', 'SyncCompleted']);
  });

  it('are taken where they are only unusual: a phone that is a number, a field nobody knows', async () => {
    const { connection } = await world.connected({ switches: { weird: ['number-phone', 'extra'] } });
    expect((await world.sync(connection)).stats).toMatchObject({ clients_fetched: 2, errors_count: 0 });
    const phones = (await sourcesOf(connection)).map(({ phone }) => phone);
    expect(new Set(phones)).toEqual(new Set(['+4915100000007', '4915112345678']));
  });

  it('are taken over word for word where they are only strange to look at', async () => {
    const { company, connection } = await world.connected();
    const names = [
      '<script>alert(1)</script>',
      '=HYPERLINK("http://example.com")',
      "Robert'); DROP TABLE leads;--",
      'مرام \u202e evil',
      '🧘‍♀️ Ŷôga Ñame',
      'x'.repeat(1000),
      '%s %d {{7*7}} ${7*7} \\n',
    ];
    names.forEach((name, index) => company.crm.add({ name, email: `strange${index}@strange.example.com` }));
    expect((await world.sync(connection)).status).toBe('succeeded');
    const taken = (await leadsOf(connection)).map(({ name }) => name);
    expect(taken).toHaveLength(names.length);
    expect(new Set(taken)).toEqual(new Set(names));
  });
});

describe('a CRM that asks one company for fewer requests', () => {
  it.each([
    ['with 429', { kind: 'rate-limit', on: 'clients', value: 1 }],
    ['with 403', { kind: 'status', on: 'clients', value: 403 }],
  ] as const)('%s ends the run of that one alone, and the next brings everything', async (_, trouble) => {
    const slow = await world.connected(SMALL_PAGES);
    const other = await world.connected(SMALL_PAGES);
    slow.company.faults.set({ troubles: [trouble] });
    const [refusal, done] = await Promise.all([refused(slow.connection), world.sync(other.connection)]);
    expect(refusal.type).toMatch(/crm-(rate-limited|permission-denied)$/);
    expect([done.status, done.stats.leads_created]).toEqual(['succeeded', 25]);
    slow.company.faults.set({ troubles: [] });
    expect((await world.sync(slow.connection)).stats).toMatchObject({ clients_fetched: 25 });
    await expectLeadsOf(slow.connection, slow.company);
    await expectLeadsOf(other.connection, other.company);
  });
});

describe('a company that does not let us in any more', () => {
  it('makes its connection say what is wrong, once, until the credentials work again', async () => {
    const { company, connection } = await world.connected({ clients: 3 });
    await world.sync(connection);
    company.auth.expireTokens();
    company.faults.set({ login: 'refused', refreshRefused: true });
    const first = await world.appended(async () => {
      expect(await refused(connection)).toMatchObject({
        type: expect.stringMatching(/crm-credentials-refused$/),
      });
    });
    expect(first.map(({ type }) => type)).toEqual(['SyncStarted', 'CrmNeedsAttention', 'SyncFailed']);
    const { body: ill } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect(ill).toMatchObject({
      status: 'needs-attention',
      attention: { code: 'crm-credentials-refused', detail: expect.stringContaining('Manage → Users') },
    });
    const second = await world.appended(() => refused(connection));
    expect(second.map(({ type }) => type)).toEqual(['SyncStarted', 'SyncFailed']);

    company.faults.reset();
    // As if the five minutes in which no login is tried again were over.
    await world.rows('update login_refusals set held_until = now() where connection_id = $1', [
      connection.id,
    ]);
    const third = await world.appended(() => world.sync(connection));
    expect(third.map(({ type }) => type)).toEqual(['SyncStarted', 'CrmRecovered', 'SyncCompleted']);
    const { body: well } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect([well.status, well.attention]).toEqual(['connected', null]);
    const { body: log } = await world.api<Page<LogEvent>>(
      'GET',
      `/api/events?stream=connection-${connection.id}`,
    );
    expect(log.data.map(({ type, version }) => [type, version])).toEqual([
      ['CrmConnected', 1],
      ['CrmNeedsAttention', 2],
      ['CrmRecovered', 3],
    ]);
  });

  it('is asked to log in once per run, not again and again', async () => {
    const { company, connection } = await world.connected({ clients: 3 });
    company.auth.expireTokens();
    company.faults.set({ login: 'refused', refreshRefused: true });
    company.requests.clear();
    await refused(connection);
    expect(company.requests.summary().logins).toEqual({ ok: 0, failed: 1 });
  });
});
