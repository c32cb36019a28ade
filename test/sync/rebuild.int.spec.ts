import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  changeSchedule,
  changeSettings,
  connect,
  connection,
  connectionStream,
  disconnect,
  needAttention,
  recover,
  replaceCredentials,
} from '../../src/modules/crm-connection/connection.decider.ts';
import { BookingList } from '../../src/modules/bookings/booking-list.read-model.ts';
import {
  booking,
  bookingStream,
  dismissBooking,
  quarantineBooking,
  upsertBooking,
} from '../../src/modules/bookings/booking.decider.ts';
import { Connections } from '../../src/modules/crm-connection/connections.read-model.ts';
import { SyncTimeTable } from '../../src/modules/crm-connection/schedule/sync-times.read-model.ts';
import { LeadList } from '../../src/modules/leads/lead-list.read-model.ts';
import {
  broughtBy,
  comeBack,
  giveBack,
  mergeInto,
  takeIn,
} from '../../src/modules/leads/lead-merge.decider.ts';
import {
  homeOf,
  isAlive,
  lead,
  leadStream,
  loseSource,
  upsert,
  valuesOf,
} from '../../src/modules/leads/lead.decider.ts';
import type { Lead } from '../../src/modules/leads/lead.decider.ts';
import type { LeadEvent } from '../../src/modules/leads/contract.ts';
import {
  loseClient,
  missClient,
  returnClient,
} from '../../src/modules/sync/deletions/absent-client.decider.ts';
import {
  client,
  clientStream,
  importClient,
  quarantineClient,
} from '../../src/modules/sync/client.decider.ts';
import { CrmClientList } from '../../src/modules/sync/crm-clients.read-model.ts';
import { Quarantine } from '../../src/modules/sync/quarantine/quarantine.read-model.ts';
import {
  complete,
  fail,
  interrupt,
  NO_COUNTS,
  run,
  runStream,
  start,
} from '../../src/modules/sync/runs/sync-run.decider.ts';
import { dismissClient, fixClient } from '../../src/modules/sync/quarantine/waiting-client.decider.ts';
import { SyncRuns } from '../../src/modules/sync/runs/sync-runs.read-model.ts';
import { decision, fold } from '../../src/shared/event-store/decider.ts';
import type { Event } from '../../src/shared/event-store/event.ts';
import type { Decision } from '../../src/shared/event-store/decider.ts';
import type { ReadModel } from '../../src/shared/event-store/event-store.ts';
import { META, openTestStore } from '../shared/event-store-harness.ts';
import type { TestStore } from '../shared/event-store-harness.ts';

let store: TestStore;
let readModels: ReadModel[];
beforeAll(async () => {
  store = await openTestStore();
  const { database } = store;
  readModels = [
    new Connections(database),
    new SyncTimeTable(database),
    new SyncRuns(database),
    new CrmClientList(database),
    new Quarantine(database),
    new LeadList(database),
    new BookingList(database),
  ] as unknown as ReadModel[];
  for (const readModel of readModels) store.events.subscribe(readModel);
});
afterAll(() => store.close());

/** What of each table follows from the events; `last_seen_at` and `attempts` of quarantine are state. */
const TABLES = {
  connections: '*',
  sync_times: '*',
  sync_runs: '*',
  crm_clients: '*',
  quarantine:
    'id, connection_id, external_id, kind, code, detail, record, leads, dismissed_at, first_seen_at',
  leads: '*',
  lead_sources: '*',
  lead_connections: '*',
  bookings: '*',
};

const snapshot = async (): Promise<Record<string, string[]>> => {
  const all: Record<string, string[]> = {};
  for (const [table, columns] of Object.entries(TABLES)) {
    const rows = await store.rows<{ row: string }>(
      `select to_jsonb(t)::text as row from (select ${columns} from ${table}) t order by 1`,
    );
    all[table] = rows.map(({ row }) => row);
  }
  return all;
};

/** Empties every read model and feeds it the whole log again, in batches of these sizes. */
const rebuild = async (sizes: number[]): Promise<void> => {
  await store.rows(`truncate ${Object.keys(TABLES).join(', ')}`);
  let after = 0;
  for (let n = 0; ; n += 1) {
    const batch = await store.events.readAll({ after, limit: sizes[n % sizes.length]! });
    if (batch.length === 0) return;
    after = batch.at(-1)!.position;
    await store.database.transaction(async () => {
      for (const { on, apply } of readModels) {
        const events = batch.filter(({ type }) => on.includes(type));
        if (events.length > 0) await apply(events);
      }
    });
  }
};

const idOf = (kind: string, n: number): string =>
  `${kind.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const connectionId = fc.constantFrom(1, 2).map((n) => idOf('c', n));
const text = fc.option(fc.constantFrom('Ada', 'Bob', 'Zoë 😀', '100%'), { nil: null, freq: 3 });
const values = fc.record({ name: text, phone: text });

const COMPANIES = [idOf('c', 1), idOf('c', 2)];
const leadOf = (company: string, n: number): string => `${company.slice(0, -4)}${n >> 1}`.padEnd(36, '0');
const LEADS = COMPANIES.flatMap((company) => [leadOf(company, 0), leadOf(company, 2)]);

/** What is to happen can depend on what has happened. */
type Step = () => Decision[] | Promise<Decision[]>;

const leadState = async (id: string): Promise<Lead> => {
  const past = (await store.events.read([leadStream(id)])).get(leadStream(id)) ?? [];
  return fold(lead, past as readonly Event[] as readonly LeadEvent[]);
};
/** The lead that this one is a part of, in the end. */
const rootOf = async (id: string): Promise<string> => {
  const parent = (await leadState(id))?.mergedInto;
  return parent === undefined ? id : rootOf(parent);
};

/** A client is taken with its lead, as in a sync. Two clients of one company share a lead and its e-mail. */
const taking = fc.tuple(connectionId, fc.nat(3), values).map(([company, n, said]): Step => async () => {
  const facts = { connectionId: company, externalId: String(n), runId: idOf('a', 0) };
  const home = leadOf(company, n);
  const leadId = await rootOf(home);
  const all = { ...said, email: n < 2 ? `${company.slice(-1)}@example.com` : null };
  return [
    decision(clientStream(facts), client, importClient(facts, leadId, all)),
    decision(leadStream(leadId), lead, upsert(leadId, facts, all, home)),
  ];
});
const merging = fc
  .tuple(fc.constantFrom(...LEADS), fc.constantFrom(...LEADS))
  .map(([one, other]): Step => async () => {
    const [id, otherId] = [await rootOf(one), await rootOf(other)];
    const [kept, merged] = [await leadState(id), await leadState(otherId)];
    if (id === otherId || kept === null || merged === null) return [];
    return [
      decision(leadStream(otherId), lead, mergeInto(otherId, id, merged.sources)),
      decision(leadStream(id), lead, takeIn(id, otherId, merged.sources)),
    ];
  });
const splitting = fc.constantFrom(...LEADS).map((otherId): Step => async () => {
  const id = await rootOf(otherId);
  const sources = broughtBy(otherId, (await leadState(id))?.sources ?? []);
  if (sources.length === 0) return [];
  return [
    decision(leadStream(otherId), lead, comeBack(otherId, id, sources)),
    decision(leadStream(id), lead, giveBack(id, otherId, sources)),
  ];
});
/** A client is missed, or is found to be gone with its lead, or is shown again. */
const absence = fc
  .tuple(connectionId, fc.nat(3), fc.nat(3), fc.constantFrom('10', '20', '30'))
  .map(([company, n, what, second]): Step => async () => {
    const facts = { connectionId: company, externalId: String(n), runId: idOf('a', 1) };
    const stream = clientStream(facts);
    const missing = decision(stream, client, missClient({ ...facts, runId: idOf('a', 0) }));
    if (what === 0) return [missing];
    if (what === 1) return [decision(stream, client, returnClient(facts))];
    const gone = decision(stream, client, loseClient(facts, { code: 'not-found' }));
    const leadId = await rootOf(leadOf(company, n));
    const sources = (await leadState(leadId))?.sources ?? [];
    if (!sources.some((one) => one.connectionId === company && one.externalId === String(n)))
      return [missing, gone];
    const at = `2026-11-22T15:30:${second}.000000Z`;
    return [missing, gone, decision(leadStream(leadId), lead, loseSource(leadId, facts, at), gone)];
  });
const handling = fc.tuple(connectionId, fc.nat(3), fc.boolean()).map(([company, n, never]): Step => () => {
  const identity = { connectionId: company, externalId: String(n) };
  const decide = never ? dismissClient(identity) : fixClient(identity, { email: `fixed${n}@example.com` });
  return [decision(clientStream(identity), client, decide)];
});
const putting = fc
  .tuple(
    connectionId,
    fc.nat(3),
    fc.constantFrom('email.missing', 'email.taken'),
    fc.option(values, { nil: null }),
  )
  .map(([company, n, code, said]): Step => () => {
    const facts = { connectionId: company, externalId: String(n), runId: idOf('a', 0) };
    const reason = {
      code,
      detail: 'Because.',
      values: said === null ? null : { ...said, email: null },
      record: { n, said },
    };
    return [decision(clientStream(facts), client, quarantineClient(facts, reason))];
  });
const VALUES = {
  endAt: '2026-12-01T11:00:00.000Z',
  startLocal: '2026-12-01 10:00:00',
  endLocal: '2026-12-01 12:00:00',
  timezone: 'Europe/Berlin',
  serviceId: '6',
  providerId: null,
  provider: null,
  recordedAt: null,
  recordedLocal: null,
} as const;
const appointment = fc.record({
  status: fc.constantFrom('confirmed' as const, 'canceled' as const),
  clientId: fc.constantFrom(null, '1', '2'),
  leadId: fc.constantFrom(null, idOf('e', 1)),
  startAt: fc.constantFrom('2026-12-01T09:00:00.000Z', '2026-12-01T09:30:00.000Z'),
  service: text,
});
/** A booking is taken, put aside for one of two reasons, or dismissed. */
const booked = fc
  .tuple(connectionId, fc.nat(3), appointment, fc.nat(5))
  .map(([company, n, { startAt, service, ...links }, bad]): Step => () => {
    const facts = {
      bookingId: idOf('b', n * 10 + Number(company.at(-1))),
      connectionId: company,
      externalId: String(n),
    };
    const values = { ...VALUES, code: `code-${n}`, startAt, service };
    const reason = {
      code: 'record.unreadable',
      detail: 'Because.',
      record: { bad },
      clientId: links.clientId,
    };
    const stream = bookingStream(facts.bookingId);
    if (bad > 3) return [decision(stream, booking, dismissBooking(facts))];
    const decide =
      bad > 1 ? upsertBooking(facts, { ...links, values }) : quarantineBooking(facts, idOf('a', 0), reason);
    return [decision(stream, booking, decide)];
  });
const trigger = fc.constantFrom('api' as const, 'schedule' as const);
const running = fc
  .tuple(connectionId, fc.nat(5), fc.nat(4), trigger)
  .map(([company, n, end, by]): Step => () => {
    const facts = { runId: idOf('a', n), connectionId: company };
    const stream = runStream(facts.runId);
    const ends = [
      decision(stream, run, complete(facts, NO_COUNTS, null)),
      decision(
        stream,
        run,
        complete(facts, NO_COUNTS, 'Doubtful.', [{ code: 'timezone-unknown', detail: 'Where?' }]),
      ),
      decision(stream, run, fail(facts, NO_COUNTS, { code: 'x', detail: 'y', phase: 'clients' })),
      decision(stream, run, interrupt(facts, NO_COUNTS, 'Silence.')),
    ];
    const begin = decision(stream, run, start(facts, by));
    return end < ends.length ? [begin, ends[end]!] : [begin];
  });
const connecting = fc.tuple(connectionId, fc.nat(7)).map(([id, n]): Step => () => {
  const company = { provider: 'simplybook', company: id, domain: 'simplybook.example' } as const;
  const facts = { connectionId: id, ...company, timezone: null, clientsWithoutEmail: 'quarantine' } as const;
  const stream = connectionStream(id);
  const decisions = [
    decision(stream, connection, connect(facts, { name: 'Studio', login: 'olga' })),
    decision(stream, connection, replaceCredentials(id, 'petra')),
    decision(stream, connection, needAttention(id, { code: 'crm-locked-out', detail: 'Wait.' })),
    decision(stream, connection, recover(id)),
    decision(stream, connection, changeSchedule(id, { cron: '30 2 * * *', timezone: 'Europe/Berlin' })),
    decision(stream, connection, changeSchedule(id, null)),
    decision(
      stream,
      connection,
      changeSettings(id, { name: 'Studio Süd', country: 'DE', clientFields: true }),
    ),
    decision(stream, connection, disconnect(id)),
  ];
  return [decisions[n]!];
});
const history = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: taking },
    { weight: 3, arbitrary: absence },
    { weight: 2, arbitrary: putting },
    { weight: 2, arbitrary: booked },
    { weight: 2, arbitrary: handling },
    { weight: 2, arbitrary: merging },
    splitting,
    running,
    connecting,
  ),
  {
    minLength: 5,
    maxLength: 25,
  },
);

/** Whose each source is, through which merge, and in which order: the table says what the deciders say. */
const expectLeadsAsDecided = async (): Promise<void> => {
  for (const id of LEADS) {
    const state = await leadState(id);
    const found = await store.rows<{ key: string; home: string }>(
      `select connection_id || '/' || external_id as key, coalesce(home_id, lead_id) as home from lead_sources
        where lead_id = $1 order by linked_position`,
      [id],
    );
    const isMerged = state?.mergedInto !== undefined;
    const expected = isMerged ? [] : (state?.sources ?? []);
    expect(found).toEqual(
      expected.map((one) => ({ key: `${one.connectionId}/${one.externalId}`, home: homeOf(id, one) })),
    );
    const [row] = await store.rows<{
      merged_into: string | null;
      status: string;
      name: string | null;
      version: number;
      events: number;
    }>(
      `select merged_into, status, name, version,
              (select count(*)::int from events where stream = 'lead-' || id) as events from leads where id = $1`,
      [id],
    );
    expect(row?.merged_into ?? null).toBe(isMerged ? await rootOf(id) : null);
    if (row === undefined || isMerged) continue;
    expect(row).toMatchObject({
      status: isAlive(expected) ? 'active' : 'gone',
      name: valuesOf(expected).name,
      version: row.events,
    });
  }
};

describe('read models are a fold of the log', () => {
  const live = async (steps: Step[]): Promise<Record<string, string[]>> => {
    for (const step of steps) await store.events.transact(await step(), META);
    await expectLeadsAsDecided();
    return snapshot();
  };

  it('fed event by event from the beginning they are what they are', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const before = await live(steps);
        await rebuild([1]);
        expect(await snapshot()).toEqual(before);
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });

  it('so they are in batches of whatever sizes', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(history, sizes, async (steps, some) => {
        const before = await live(steps);
        await rebuild(some);
        expect(await snapshot()).toEqual(before);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  });

  it('and all at once', async () => {
    const facts = { connectionId: idOf('c', 1), externalId: '9', runId: idOf('a', 0) };
    const reason = { code: 'email.missing', detail: 'Because.', values: null, record: {} };
    const waits = { bookingId: idOf('b', 91), connectionId: idOf('c', 1), externalId: '9' };
    const stream = bookingStream(waits.bookingId);
    await live([
      () => [decision(clientStream(facts), client, quarantineClient(facts, reason))],
      () => [decision(stream, booking, quarantineBooking(waits, facts.runId, { ...reason, clientId: null }))],
      () => [decision(stream, booking, dismissBooking(waits))],
    ]);
    const other = { connectionId: idOf('c', 1), externalId: '8', runId: idOf('a', 0) };
    const [leadId, at] = [idOf('e', 8), '2026-11-22T15:30:00.000000Z'];
    const said = { name: 'Ada', email: null, phone: null };
    await live([
      () => [
        decision(clientStream(other), client, importClient(other, leadId, said)),
        decision(leadStream(leadId), lead, upsert(leadId, other, said)),
      ],
      () => [
        decision(clientStream(other), client, missClient({ ...other, runId: idOf('a', 1) })),
        decision(clientStream(other), client, loseClient(other, { code: 'not-found' })),
        decision(leadStream(leadId), lead, loseSource(leadId, other, at)),
      ],
    ]);
    expect(await store.rows(`select status, version from leads where id = '${leadId}'`)).toEqual([
      { status: 'gone', version: 3 },
    ]);
    const before = await snapshot();
    await rebuild([100_000]);
    expect(await snapshot()).toEqual(before);
    expect(before['leads']!.length).toBeGreaterThan(1);
    expect(before['quarantine']!.length).toBeGreaterThan(0);
    expect(
      await store.rows(`select kind from quarantine where dismissed_at is not null and kind = 'booking'`),
    ).not.toEqual([]);
  });
});
