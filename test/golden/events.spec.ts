import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  changeSchedule,
  changeSettings,
  connect,
  connection,
  disconnect,
  needAttention,
  recover,
  replaceCredentials,
} from '../../src/modules/crm-connection/connection.decider.ts';
import type { ConnectionEvent, CrmConnected } from '../../src/modules/crm-connection/contract.ts';
import {
  booking,
  dismissBooking,
  quarantineBooking,
  upsertBooking,
} from '../../src/modules/bookings/booking.decider.ts';
import type { BookingEvent, BookingValues } from '../../src/modules/bookings/contract.ts';
import type { LeadEvent } from '../../src/modules/leads/contract.ts';
import { giveBack, mergeInto } from '../../src/modules/leads/lead-merge.decider.ts';
import { announced, lead, upsert } from '../../src/modules/leads/lead.decider.ts';
import {
  loseClient,
  missClient,
  returnClient,
} from '../../src/modules/sync/deletions/absent-client.decider.ts';
import { client, importClient, quarantineClient } from '../../src/modules/sync/client.decider.ts';
import type { ClientEvent, SyncEvent } from '../../src/modules/sync/contract.ts';
import {
  cancel,
  approveDeletions,
  complete,
  fail,
  interrupt,
  run,
  start,
} from '../../src/modules/sync/runs/sync-run.decider.ts';
import { dismissClient, fixClient } from '../../src/modules/sync/quarantine/waiting-client.decider.ts';
import type { WebhooksEvent } from '../../src/modules/webhooks/contract.ts';
import { register, remove, webhooks } from '../../src/modules/webhooks/webhooks.decider.ts';
import { fold } from '../../src/shared/event-store/decider.ts';
import type { Event } from '../../src/shared/event-store/event.ts';

const connectionId = 'c0ffee00-0000-4000-8000-00000000000c';
const runId = 'c0ffee00-0000-4000-8000-00000000000a';
const leadId = 'c0ffee00-0000-4000-8000-00000000000e';
const externalId = '41';
const login = 'olga@studio.example';
const values = { name: 'Ada Example', email: 'ada@example.com', phone: null };
const counts = {
  fetched: 9,
  created: 5,
  updated: 1,
  linked: 1,
  unchanged: 1,
  quarantined: 1,
  erased: 0,
  bookings: { fetched: 4, created: 2, updated: 1, unchanged: 0, quarantined: 1 },
};
const facts = { connectionId, externalId, runId };
const company: CrmConnected['data'] = {
  connectionId,
  provider: 'simplybook',
  company: 'studio-nord',
  domain: 'simplybook.example',
  timezone: null,
  clientsWithoutEmail: 'quarantine',
};

const schedule = { cron: '30 2 * * MON-FRI', timezone: 'Europe/Berlin' };
/** What is known of a connection of which nothing has been told. */
const UNTOLD = {
  attention: null,
  schedule: null,
  settings: { name: '', country: null, clientsWithoutEmail: 'quarantine', clientFields: false },
} as const;
const connected = fold(connection, connect(company, { name: 'Studio Nord', login })('new'));
const troubled = { ...UNTOLD, attention: 'crm-credentials-refused' };

const bookingFacts = {
  bookingId: 'c0ffee00-0000-4000-8000-00000000000b',
  connectionId,
  externalId: '4021',
};
const appointment: BookingValues = {
  startAt: '2026-12-01T09:00:00.000Z',
  endAt: '2026-12-01T10:00:00.000Z',
  startLocal: '2026-12-01 10:00:00',
  endLocal: '2026-12-01 11:00:00',
  timezone: 'Europe/Berlin',
  code: '5k2m9xqp',
  serviceId: '6',
  service: 'Full session',
  providerId: '2',
  provider: null,
  recordedAt: '2026-11-20T15:31:07.000Z',
  recordedLocal: '2026-11-20 16:31:07',
};
const links = { clientId: externalId, leadId, status: 'confirmed' as const };
const impossible = {
  code: 'booking.time.impossible',
  detail: 'Booking 4021 starts at 2026-02-30 10:00:00, a time that clocks in Europe/Berlin never show.',
  record: { id: 4021, start_datetime: '2026-02-30 10:00:00' },
  clientId: null,
};
const otherId = 'c0ffee00-0000-4000-8000-00000000000f';
const identity = { connectionId, externalId };
const waiting = {
  code: 'email.missing',
  detail: 'Client 41 (Ada Example) has no e-mail address.',
  values: { ...values, email: null },
  record: { id: '41', name: 'Ada Example', email: '' },
};
const isWaiting = { imported: null, quarantined: { ...waiting, dismissed: false }, fixes: {} };
const nothing = { imported: null, quarantined: null, fixes: {} };
const fixes = { email: { value: 'ada@example.com', over: null } };
const source = { ...identity, ...values };

type EventType = (
  | ConnectionEvent
  | SyncEvent
  | ClientEvent
  | LeadEvent
  | BookingEvent
  | WebhooksEvent
)['type'];

/** What the deciders of today make of each event; a type that is missing here does not compile. */
const made: Record<EventType, Event[]> = {
  CrmConnected: connect(company, { name: 'Studio Nord', login })('new'),
  CrmCredentialsReplaced: replaceCredentials(connectionId, login)(connected),
  CrmNeedsAttention: needAttention(connectionId, {
    code: 'crm-credentials-refused',
    detail: 'The CRM does not accept the password.',
  })(connected),
  CrmRecovered: recover(connectionId)(troubled),
  CrmScheduleChanged: changeSchedule(connectionId, schedule)(connected),
  CrmSettingsChanged: changeSettings(connectionId, { name: 'Studio Süd', country: 'DE', clientFields: true })(
    connected,
  ),
  CrmDisconnected: disconnect(connectionId)(connected),
  CrmWebhooksRegistered: register({ connectionId, registered: true, events: ['new_client'] })(),
  CrmWebhooksRemoved: remove(connectionId)('on'),
  SyncStarted: start({ runId, connectionId }, 'api')('new'),
  SyncCompleted: complete({ runId, connectionId }, counts, null, [
    { code: 'timezone-unknown', detail: 'The company does not say where it is.' },
  ])('running'),
  DeletionsApproved: approveDeletions({ runId, connectionId })({ holds: 31 }),
  SyncFailed: fail({ runId, connectionId }, counts, {
    code: 'crm-unreachable',
    detail: 'Nobody answers.',
    phase: 'bookings',
  })('running'),
  SyncInterrupted: interrupt({ runId, connectionId }, counts, 'The service was stopped.')('running'),
  SyncCancelled: cancel({ runId, connectionId }, counts)('running'),
  ClientImported: importClient(facts, leadId, values)(null),
  ClientQuarantined: quarantineClient(facts, waiting)(null),
  ClientFixed: fixClient(identity, { email: 'ada@example.com' })(isWaiting),
  ClientFixEnded: importClient(facts, leadId, { ...values, email: 'lovelace@example.com' })({
    ...isWaiting,
    fixes,
  }).slice(1),
  ClientDismissed: dismissClient(identity)(isWaiting),
  LeadUpserted: upsert(leadId, { connectionId, externalId }, values)(null),
  LeadMerged: mergeInto(leadId, otherId, [source])({ sources: [source] }),
  ClientMissing: missClient(facts)(isWaiting),
  ClientGone: loseClient(facts, { code: 'not-found', approvedIn: otherId })({
    ...isWaiting,
    absent: { since: otherId, gone: false },
  }),
  ClientReturned: returnClient(facts)({ ...isWaiting, absent: { since: otherId, gone: true } }),
  LeadGone: announced(leadId, [source], [{ ...source, gone: '2026-11-22T15:30:00.000000Z' }]),
  LeadRestored: announced(leadId, [{ ...source, gone: '2026-11-22T15:30:00.000000Z' }], [source]),
  LeadSplit: giveBack(leadId, otherId, [source])({ sources: [{ ...source, via: [otherId] }] }),
  BookingUpserted: upsertBooking(bookingFacts, { ...links, values: appointment })(null),
  BookingQuarantined: quarantineBooking(bookingFacts, runId, impossible)(null),
  BookingDismissed: dismissBooking(bookingFacts)({
    taken: null,
    quarantined: { code: impossible.code, record: impossible.record, dismissed: false },
  }),
};

/** What the kept events come to, each by itself. */
const states: Record<EventType, unknown> = {
  CrmConnected: { ...UNTOLD, settings: { ...UNTOLD.settings, name: 'Studio Nord' } },
  CrmCredentialsReplaced: 'new',
  CrmNeedsAttention: troubled,
  CrmRecovered: UNTOLD,
  CrmScheduleChanged: { ...UNTOLD, schedule },
  CrmSettingsChanged: {
    ...UNTOLD,
    settings: { ...UNTOLD.settings, name: 'Studio Süd', country: 'DE', clientFields: true },
  },
  CrmDisconnected: 'disconnected',
  CrmWebhooksRegistered: 'on',
  CrmWebhooksRemoved: 'off',
  SyncStarted: 'running',
  SyncCompleted: 'ended',
  SyncFailed: 'ended',
  DeletionsApproved: 'ended',
  SyncInterrupted: 'ended',
  SyncCancelled: 'ended',
  ClientImported: { imported: values, quarantined: null, fixes: {} },
  ClientQuarantined: isWaiting,
  ClientFixed: { imported: null, quarantined: null, fixes },
  ClientFixEnded: { imported: null, quarantined: null, fixes: {} },
  ClientDismissed: { imported: null, quarantined: null, fixes: {} },
  LeadUpserted: { sources: [{ connectionId, externalId, ...values }] },
  ClientMissing: { ...nothing, absent: { since: runId, gone: false } },
  ClientGone: { ...nothing, absent: { since: null, gone: true } },
  ClientReturned: nothing,
  LeadGone: null,
  LeadRestored: null,
  LeadMerged: { sources: [], mergedInto: otherId },
  LeadSplit: { sources: [] },
  BookingUpserted: { taken: { ...links, values: appointment }, quarantined: null },
  BookingQuarantined: {
    taken: null,
    quarantined: { code: impossible.code, record: impossible.record, dismissed: false },
  },
  BookingDismissed: { taken: null, quarantined: null },
};

const FOLDER = join(import.meta.dirname, 'events');
const kept = async (type: string): Promise<Event> =>
  JSON.parse(await readFile(join(FOLDER, `${type}.json`), 'utf8')) as Event;

const stateAfter = (event: Event): unknown => {
  const { type } = event;
  if (type.startsWith('CrmWebhooks')) return fold(webhooks, [event as WebhooksEvent]);
  if (type.startsWith('Crm')) return fold(connection, [event as ConnectionEvent]);
  if (type.startsWith('Sync') || type === 'DeletionsApproved') return fold(run, [event as SyncEvent]);
  if (type.startsWith('Client')) return fold(client, [event as ClientEvent]);
  if (type.startsWith('Booking')) return fold(booking, [event as BookingEvent]);
  return fold(lead, [event as LeadEvent]);
};

describe('events are a storage format', () => {
  it('has a kept example of every type', async () => {
    const names = (await readdir(FOLDER)).map((file) => file.replace(/\.json$/, ''));
    expect(names.toSorted()).toEqual(Object.keys(made).toSorted());
  });

  it.each(Object.keys(made))('%s is written as it always was', async (type) => {
    expect(JSON.parse(JSON.stringify(made[type as EventType]))).toEqual([await kept(type)]);
  });

  it.each(Object.keys(made))('%s of the past is still understood', async (type) => {
    expect(stateAfter(await kept(type))).toEqual(states[type as EventType]);
  });
});
