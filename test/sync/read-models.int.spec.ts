import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActiveRuns } from '../../src/modules/sync/runs/active-runs.store.ts';
import {
  client,
  clientStream,
  importClient,
  quarantineClient,
} from '../../src/modules/sync/client.decider.ts';
import type { ClientValues, RunError, SyncCounts } from '../../src/modules/sync/contract.ts';
import { CrmClientList } from '../../src/modules/sync/crm-clients.read-model.ts';
import { fingerprint } from '../../src/modules/sync/fingerprint.ts';
import { Quarantine } from '../../src/modules/sync/quarantine/quarantine.read-model.ts';
import {
  approveDeletions,
  add,
  cancel,
  complete,
  fail,
  interrupt,
  run,
  runStream,
  start,
} from '../../src/modules/sync/runs/sync-run.decider.ts';
import { SyncRuns } from '../../src/modules/sync/runs/sync-runs.read-model.ts';
import { dismissClient, fixClient } from '../../src/modules/sync/quarantine/waiting-client.decider.ts';
import { decision } from '../../src/shared/event-store/decider.ts';
import type { Decision } from '../../src/shared/event-store/decider.ts';
import { META, openTestStore } from '../shared/event-store-harness.ts';
import type { TestStore } from '../shared/event-store-harness.ts';

let store: TestStore;
let clients: CrmClientList;
let quarantine: Quarantine;
let runs: SyncRuns;
let active: ActiveRuns;
beforeAll(async () => {
  store = await openTestStore();
  clients = new CrmClientList(store.database);
  quarantine = new Quarantine(store.database);
  runs = new SyncRuns(store.database);
  active = new ActiveRuns(store.database);
  store.events.subscribe(clients);
  store.events.subscribe(quarantine);
  store.events.subscribe(runs);
});
afterAll(() => store.close());

const record = (...decisions: Decision[]) => store.events.transact(decisions, META);
const ada: ClientValues = { name: 'Ada', email: 'ada@example.com', phone: null };
const factsOf = (connectionId: string, externalId: string) => ({
  connectionId,
  externalId,
  runId: randomUUID(),
});
const imports = (connectionId: string, externalId: string, values = ada): Decision => {
  const facts = factsOf(connectionId, externalId);
  return decision(clientStream(facts), client, importClient(facts, randomUUID(), values));
};
const puts = (
  connectionId: string,
  externalId: string,
  code: string,
  values: ClientValues | null = ada,
): Decision => {
  const facts = factsOf(connectionId, externalId);
  const reason = { code, detail: `Client ${externalId}: ${code}.`, values, record: { id: externalId, code } };
  return decision(clientStream(facts), client, quarantineClient(facts, reason));
};

/** How clients look now, for the question which of them have changed. */
const look = (externalId: string, values: ClientValues | null) => ({
  externalId,
  fingerprint: values === null ? null : fingerprint(values),
});

const dismisses = (connectionId: string, externalId: string): Decision => {
  const identity = { connectionId, externalId };
  return decision(clientStream(identity), client, dismissClient(identity));
};
const fixes = (connectionId: string, externalId: string): Decision => {
  const identity = { connectionId, externalId };
  return decision(clientStream(identity), client, fixClient(identity, { email: 'x@example.com' }));
};

/** How many clients of a connection are known and not gone. */
const known = async (connectionId: string): Promise<number> => {
  const there = "select from crm_clients where connection_id = $1 and absence is distinct from 'gone'";
  return (await store.rows(there, [connectionId])).length;
};

describe('the clients of a company', () => {
  it('have changed unless they look as they did when they were last taken', async () => {
    const acme = randomUUID();
    const bob = { ...ada, name: 'Bob' };
    await record(imports(acme, '1'), imports(acme, '2', bob));
    await record(imports(acme, '1', { ...ada, phone: '1' }));
    const now = [look('1', ada), look('2', bob), look('3', ada), look('4', null)];
    expect(await clients.changed(acme, now)).toEqual(
      new Map([
        ['1', { fingerprint: fingerprint({ ...ada, phone: '1' }), code: null, absence: null }],
        ['3', null],
        ['4', null],
      ]),
    );
    expect(await known(acme)).toBe(2);
  });

  it('include one alone whose record cannot be read', async () => {
    expect(await clients.changed(randomUUID(), [look('1', null)])).toEqual(new Map([['1', null]]));
  });

  it('are those of this company alone', async () => {
    const [acme, other] = [randomUUID(), randomUUID()];
    await record(imports(acme, '1'));
    expect(await clients.changed(other, [look('1', ada)])).toEqual(new Map([['1', null]]));
    expect(await known(other)).toBe(0);
    expect(await clients.changed(acme, [])).toEqual(new Map());
  });

  it('are told also when they wait in quarantine unchanged, with the reason', async () => {
    const acme = randomUUID();
    const lost = { ...ada, email: null };
    await record(puts(acme, '1', 'email.missing', lost), puts(acme, '2', 'record.unreadable', null));
    expect(await clients.changed(acme, [look('1', lost), look('2', null)])).toEqual(
      new Map([
        ['1', { fingerprint: fingerprint(lost), code: 'email.missing', absence: null }],
        ['2', { fingerprint: null, code: 'record.unreadable', absence: null }],
      ]),
    );
    await record(imports(acme, '1'));
    expect(await clients.changed(acme, [look('1', ada)])).toEqual(new Map());
  });

  it('are known once, however often they come in one batch', async () => {
    const acme = randomUUID();
    await record(puts(acme, '1', 'email.missing'), imports(acme, '1'), puts(acme, '1', 'email.taken'));
    expect((await clients.changed(acme, [look('1', ada), look('1', ada)])).get('1')!.code).toBe(
      'email.taken',
    );
    expect(await known(acme)).toBe(1);
  });
});

describe('quarantine', () => {
  const waiting = (connectionId: string) => quarantine.page({ connectionId, after: null, limit: 100 });

  it('shows who waits, why, and what was received', async () => {
    const acme = randomUUID();
    const event = (await record(puts(acme, '1', 'email.missing')))[0]![0]!;
    expect(await waiting(acme)).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
        connectionId: acme,
        externalId: '1',
        kind: 'client',
        status: 'waiting',
        code: 'email.missing',
        detail: 'Client 1: email.missing.',
        advice: expect.stringContaining('clientsWithoutEmail'),
        leads: [],
        record: { id: '1', code: 'email.missing' },
        firstSeenAt: event.recordedAt,
        lastSeenAt: event.recordedAt,
        attempts: 1,
      },
    ]);
  });

  it('has a client once; another reason replaces the first, and it keeps its id and its place', async () => {
    const acme = randomUUID();
    await record(puts(acme, '1', 'email.missing'));
    const [first] = await waiting(acme);
    await record(puts(acme, '1', 'email.invalid'));
    const [second, ...more] = await waiting(acme);
    expect(more).toEqual([]);
    expect(second).toMatchObject({
      id: first!.id,
      firstSeenAt: first!.firstSeenAt,
      code: 'email.invalid',
      attempts: 2,
    });
    expect(second!.lastSeenAt > first!.lastSeenAt).toBe(true);
  });

  it('lets go who was taken', async () => {
    const acme = randomUUID();
    await record(puts(acme, '1', 'email.missing'), puts(acme, '2', 'email.missing'));
    await record(imports(acme, '1'));
    expect((await waiting(acme)).map(({ externalId }) => externalId)).toEqual(['2']);
    await record(puts(acme, '1', 'email.missing'));
    await record(imports(acme, '1', { ...ada, phone: '2' }), imports(acme, '2'));
    expect(await waiting(acme)).toEqual([]);
  });

  it('hides who was dismissed, until its record changes', async () => {
    const acme = randomUUID();
    const dismissed = () =>
      quarantine.page({ connectionId: acme, status: 'dismissed', after: null, limit: 100 });
    await record(puts(acme, '1', 'email.missing'), puts(acme, '2', 'email.missing'));
    await record(dismisses(acme, '1'));
    expect((await waiting(acme)).map(({ externalId }) => externalId)).toEqual(['2']);
    expect(await dismissed()).toMatchObject([{ externalId: '1', status: 'dismissed' }]);
    expect(await clients.changed(acme, [look('1', ada)])).toEqual(new Map());
    await record(puts(acme, '1', 'email.invalid'));
    expect(await waiting(acme)).toHaveLength(2);
    expect(await dismissed()).toEqual([]);
    await record(puts(acme, '3', 'email.missing'), dismisses(acme, '3'), dismisses(acme, '2'));
    await record(imports(acme, '2'));
    expect(await dismissed()).toMatchObject([{ externalId: '3' }]);
    await record(imports(acme, '3'));
    expect(await dismissed()).toEqual([]);
  });

  it('knows for good whom somebody has put right', async () => {
    const acme = randomUUID();
    await record(puts(acme, '1', 'email.missing'), fixes(acme, '1'), puts(acme, '2', 'email.missing'));
    expect(await clients.fixed(acme, ['1', '2', '3'])).toEqual(['1']);
    await record(imports(acme, '1'), imports(acme, '2'));
    expect(await clients.fixed(acme, ['1', '2', '3'])).toEqual(['1']);
  });

  it('has a page for each kind, each code, and counts what is behind a place', async () => {
    const acme = randomUUID();
    await record(puts(acme, '1', 'email.missing'));
    await record(puts(acme, '2', 'email.invalid'));
    const question = { connectionId: acme, after: null, limit: 100 };
    expect(await quarantine.page({ ...question, kind: 'booking' })).toEqual([]);
    const [newest] = await quarantine.page({ ...question, kind: 'client' });
    expect(await quarantine.count({ connectionId: acme }, null)).toBe(2);
    expect(await quarantine.count({ connectionId: acme }, [newest!.firstSeenAt, newest!.id])).toBe(1);
    expect(await quarantine.count({ connectionId: acme, code: 'email.invalid' }, null)).toBe(1);
    expect(await quarantine.one(newest!.id)).toEqual(newest);
    expect(await quarantine.one(randomUUID())).toBeUndefined();
  });

  it('counts how often a run has met who waits, and leaves the others alone', async () => {
    const [acme, other] = [randomUUID(), randomUUID()];
    await record(
      puts(acme, '1', 'email.missing'),
      puts(acme, '2', 'email.missing'),
      puts(other, '1', 'email.missing'),
    );
    await quarantine.sighted(acme, ['1', '404']);
    await quarantine.sighted(acme, []);
    const attempts = [...(await waiting(acme)), ...(await waiting(other))].map((one) => [
      one.externalId,
      one.attempts,
    ]);
    expect(new Map(attempts as [string, number][])).toEqual(
      new Map([
        ['2', 1],
        ['1', 1],
      ]),
    );
    expect((await waiting(acme)).find(({ externalId }) => externalId === '1')!.attempts).toBe(2);
  });

  it('shows only what a run has met, when that is asked', async () => {
    const acme = randomUUID();
    await record(puts(acme, '1', 'email.missing'));
    const later = (await record(puts(acme, '2', 'email.missing')))[0]![0]!;
    const seen = (seenSince: string) =>
      quarantine.page({ connectionId: acme, seenSince, after: null, limit: 10 });
    expect((await seen(String(later.position))).map(({ externalId }) => externalId)).toEqual(['2']);
    await quarantine.sighted(acme, ['1']);
    expect(await seen(String(later.position))).toHaveLength(2);
  });

  it('is read page by page, the newest first, each once, by company and by reason', async () => {
    const acme = randomUUID();
    const codes = ['email.missing', 'email.invalid', 'email.taken'];
    for (let n = 0; n < 6; n += 1) {
      const batch = Array.from({ length: 4 }, (_, i) => puts(acme, `${n}-${i}`, codes[(n + i) % 3]!));
      await record(...batch);
    }
    const read: string[] = [];
    let after: [string, string] | null = null;
    for (;;) {
      const page = await quarantine.page({ connectionId: acme, after, limit: 5 });
      if (page.length === 0) break;
      read.push(...page.map(({ firstSeenAt, externalId }) => `${firstSeenAt} ${externalId}`));
      after = [page.at(-1)!.firstSeenAt, page.at(-1)!.id];
    }
    expect(new Set(read).size).toBe(24);
    const times = read.map((line) => line.split(' ')[0]!);
    expect(times).toEqual(times.toSorted().toReversed());
    const taken = await quarantine.page({ connectionId: acme, code: 'email.taken', after: null, limit: 100 });
    expect(new Set(taken.map(({ code }) => code))).toEqual(new Set(['email.taken']));
    expect(taken).toHaveLength(8);
  });

  it('still shows that somebody waits whose values were erased', async () => {
    const acme = randomUUID();
    const facts = factsOf(acme, '1');
    const erased = {
      type: 'ClientQuarantined',
      data: { ...facts, code: 'email.missing' },
      personal: null,
    };
    await record({ stream: clientStream(facts), decide: () => [erased] });
    expect((await waiting(acme))[0]).toMatchObject({ detail: 'The values have been erased.', record: null });
    expect((await clients.changed(acme, [look('1', ada)])).get('1')).toEqual({
      fingerprint: null,
      code: 'email.missing',
      absence: null,
    });
  });
});

describe('runs', () => {
  const COUNTS: SyncCounts = {
    fetched: 3,
    created: 1,
    updated: 0,
    linked: 0,
    unchanged: 1,
    quarantined: 1,
    erased: 0,
    bookings: { fetched: 5, created: 3, updated: 1, unchanged: 0, quarantined: 1 },
  };
  const begin = async (connectionId: string) => {
    const facts = { runId: randomUUID(), connectionId };
    await active.claim(connectionId, facts.runId);
    await record(decision(runStream(facts.runId), run, start(facts, 'schedule')));
    return facts;
  };

  it('show how far they are while they go on', async () => {
    const { runId, connectionId } = await begin(randomUUID());
    expect(await runs.one(runId)).toMatchObject({
      id: runId,
      connectionId,
      trigger: 'schedule',
      status: 'running',
      counts: { fetched: 0 },
      finishedAt: null,
      error: null,
      progress: { phase: 'starting', done: 0, total: null },
    });
    const claimed = (await active.takeUp(runId))!;
    const step = { counts: COUNTS, phase: 'clients', total: 10, externalIds: ['7'] } as const;
    await active.advance(claimed, step);
    expect(await runs.one(runId)).toMatchObject({
      counts: COUNTS,
      progress: { phase: 'clients', done: 8, total: 10 },
    });
    await active.advance(claimed, step);
    expect(await runs.one(runId)).toMatchObject({
      counts: add(COUNTS, COUNTS),
      progress: { phase: 'clients', done: 16, total: 10 },
    });
  });

  const ENDS = {
    'succeeded-with-errors': [complete, null, null],
    suspicious: [
      complete,
      'It stopped half-way.',
      { code: 'listing-doubtful', detail: 'It stopped half-way.', phase: null },
    ],
    failed: [
      fail,
      { code: 'crm-unreachable', detail: 'Nobody answers.', phase: 'bookings' },
      { code: 'crm-unreachable', detail: 'Nobody answers.', phase: 'bookings' },
    ],
    cancelled: [cancel, undefined, { code: 'cancelled', detail: 'Somebody stopped it.', phase: null }],
    interrupted: [interrupt, 'Silence.', { code: 'interrupted', detail: 'Silence.', phase: null }],
  } as const;

  it.each(Object.keys(ENDS) as (keyof typeof ENDS)[])('say how they ended: %s', async (status) => {
    const facts = await begin(randomUUID());
    const [decide, reason, error] = ENDS[status];
    const end = (decide as typeof fail)(facts, COUNTS, reason as RunError);
    const recorded = await record(decision(runStream(facts.runId), run, end));
    await active.release({ ...facts, fence: 0 });
    expect(await runs.one(facts.runId)).toEqual({
      id: facts.runId,
      connectionId: facts.connectionId,
      trigger: 'schedule',
      status,
      counts: COUNTS,
      startedAt: expect.stringMatching(/Z$/),
      finishedAt: recorded[0]![0]!.recordedAt,
      error,
      warnings: [],
      absences: { missing: 0, gone: 0, returned: 0 },
      heldDeletions: null,
      progress: { phase: 'ended', done: 8, total: 8 },
    });
  });

  it('say whom they missed, what they hold, and who has approved it', async () => {
    const facts = await begin(randomUUID());
    const held = { count: 31, reason: 'Too many.' };
    const missed = { absences: { missing: 0, gone: 2, returned: 1 }, heldDeletions: held };
    const stream = runStream(facts.runId);
    await record(decision(stream, run, complete(facts, COUNTS, 'Too many.', [], missed)));
    await active.release({ ...facts, fence: 0 });
    expect(await runs.one(facts.runId)).toMatchObject({
      error: { code: 'deletions-held' },
      absences: missed.absences,
      heldDeletions: { ...held, approved: false, approvedAt: null, approvedBy: null },
    });
    expect(await runs.believed(facts.connectionId)).toEqual([]);
    const recorded = await record(decision(stream, run, approveDeletions(facts)));
    const { recordedAt, meta } = recorded[0]![0]!;
    expect((await runs.one(facts.runId))?.heldDeletions).toEqual({
      ...held,
      approved: true,
      approvedAt: recordedAt,
      approvedBy: meta.actor,
    });
    expect(await record(decision(stream, run, approveDeletions(facts)))).toEqual([[]]);
    expect(await runs.believed(facts.connectionId)).toEqual([{ fetched: COUNTS.fetched, approved: true }]);
  });

  it('keep what a person should know of them', async () => {
    const facts = await begin(randomUUID());
    expect((await runs.one(facts.runId))?.warnings).toEqual([]);
    const warnings = [{ code: 'timezone-unknown', detail: 'Nobody says where the company is.' }];
    await record(decision(runStream(facts.runId), run, complete(facts, COUNTS, null, warnings)));
    await active.release({ ...facts, fence: 0 });
    expect((await runs.one(facts.runId))?.warnings).toEqual(warnings);
  });

  it('are read page by page, the newest first, each once, by company and by status', async () => {
    const connectionId = randomUUID();
    const begun: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      const facts = await begin(connectionId);
      begun.unshift(facts.runId);
      const end = n % 2 === 0 ? complete(facts, COUNTS, null) : interrupt(facts, COUNTS, 'Silence.');
      await record(decision<unknown, never>(runStream(facts.runId), run as never, end as never));
      await active.release({ ...facts, fence: 0 });
    }
    const read: string[] = [];
    let after: string | null = null;
    for (;;) {
      const page = await runs.page({ connectionId, after, limit: 2 });
      if (page.length === 0) break;
      read.push(...page.map(({ id }) => id));
      after = page.at(-1)!.id;
    }
    expect(read).toEqual(begun);
    const interrupted = await runs.page({ connectionId, status: 'interrupted', after: null, limit: 10 });
    expect(interrupted).toHaveLength(3);
  });

  it('that do not exist are not there', async () => {
    expect(await runs.one(randomUUID())).toBeUndefined();
  });
});
