import { isDeepStrictEqual } from 'node:util';
import { Collision } from '../../shared/event-store/decider.ts';
import type { Decider } from '../../shared/event-store/decider.ts';
import type { BookingStatus } from '../crm-connection/contract.ts';
import type {
  BookingDismissed,
  BookingEvent,
  BookingLinks,
  BookingQuarantined,
  BookingUpserted,
  BookingValues,
} from './contract.ts';

/** What is known of an appointment. The values are null when they can no longer be read. */
export type Appointment = BookingLinks & { status: BookingStatus; values: BookingValues | null };

/** A booking as far as we have taken it; null before the first time. */
export type Booking = {
  /** As it was last taken; null when it never was. */
  taken: Appointment | null;
  /** Set while its newest version waits in quarantine, or has been dismissed there. */
  quarantined: { code: string; record: unknown; dismissed: boolean } | null;
} | null;

export const booking: Decider<Booking, BookingEvent> = {
  initial: null,
  evolve: (state, event) => {
    switch (event.type) {
      case 'BookingUpserted': {
        const { clientId, leadId, status } = event.data;
        return { taken: { clientId, leadId, status, values: event.personal ?? null }, quarantined: null };
      }
      case 'BookingQuarantined': {
        const record = event.personal?.record ?? null;
        const quarantined = { code: event.data.code, record, dismissed: false };
        return { taken: state?.taken ?? null, quarantined };
      }
      case 'BookingDismissed': {
        const waiting = state?.quarantined ?? null;
        return { taken: state?.taken ?? null, quarantined: waiting && { ...waiting, dismissed: true } };
      }
      default:
        event satisfies never;
        return state;
    }
  },
};

export type BookingFacts = { bookingId: string; connectionId: string; externalId: string };

const FIELDS = [
  'startAt',
  'endAt',
  'startLocal',
  'endLocal',
  'timezone',
  'code',
  'serviceId',
  'service',
  'providerId',
  'provider',
  'recordedAt',
  'recordedLocal',
] as const satisfies readonly (keyof BookingValues)[];
const OWN = ['status', 'clientId', 'leadId'] as const;

const changedFields = (
  before: Appointment | null,
  after: Appointment & { values: BookingValues },
): BookingUpserted['data']['changed'] => [
  ...OWN.filter((field) => (before?.[field] ?? null) !== after[field]),
  ...FIELDS.filter((field) => (before?.values?.[field] ?? null) !== after.values[field]),
];

/** Takes a good booking: a fact when it is new, has changed, or comes out of quarantine. */
export const upsertBooking =
  (facts: BookingFacts, appointment: Appointment & { values: BookingValues }) =>
  (state: Booking): BookingUpserted[] => {
    const before = state?.taken ?? null;
    const changed = changedFields(before, appointment);
    if (before !== null && changed.length === 0 && state?.quarantined === null) return [];
    const { values, ...rest } = appointment;
    const change = before === null ? ('created' as const) : ('updated' as const);
    const subject = subjectOf(facts, rest.clientId);
    return [
      { type: 'BookingUpserted', data: { ...facts, ...rest, change, changed }, personal: values, subject },
    ];
  };

export type UnusableReason = { code: string; detail: string; record: unknown; clientId: string | null };

/** Puts aside a booking that cannot be taken: a fact when it was not already, for the same reason in the same state. */
export const quarantineBooking =
  (facts: BookingFacts, runId: string | null, { code, detail, record, clientId }: UnusableReason) =>
  (state: Booking): BookingQuarantined[] => {
    const waiting = state?.quarantined ?? null;
    if (waiting !== null && waiting.code === code && isDeepStrictEqual(waiting.record, record)) return [];
    const subject = subjectOf(facts, clientId);
    return [
      { type: 'BookingQuarantined', data: { ...facts, runId, code }, personal: { detail, record }, subject },
    ];
  };

/** Takes a booking out of quarantine if it still is there as this record. @throws Collision */
export const releaseBooking =
  (facts: BookingFacts, record: unknown, appointment: Appointment & { values: BookingValues }) =>
  (state: Booking): BookingUpserted[] => {
    const waiting = state?.quarantined ?? null;
    if (waiting === null || !isDeepStrictEqual(waiting.record, record)) throw new Collision('A booking');
    return upsertBooking(facts, appointment)(state);
  };

/** Lets a waiting booking go without taking it. Again changes nothing. */
export const dismissBooking =
  (facts: BookingFacts) =>
  (state: Booking): BookingDismissed[] => {
    const waiting = state?.quarantined ?? null;
    if (waiting === null || waiting.dismissed) return [];
    return [{ type: 'BookingDismissed', data: { ...facts, code: waiting.code } }];
  };

export const bookingStream = (bookingId: string): string => `booking-${bookingId}`;

/** An appointment tells of its client, so forgetting the client forgets it. Nobody's has a key of its own. */
const subjectOf = ({ bookingId, connectionId }: BookingFacts, clientId: string | null): string =>
  clientId === null ? bookingStream(bookingId) : `crm-client-${connectionId}-${clientId}`;
