import { Command, Query } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import type { Event, Recorded } from '../../shared/event-store/event.ts';
import type { BookingStatus, CrmBooking, UnusableBooking } from '../crm-connection/contract.ts';

/** What became of the bookings of a page; `waiting` names those of the quarantined that already waited as they are. */
export type TakenBookings = {
  created: number;
  updated: number;
  unchanged: number;
  quarantined: number;
  waiting: string[];
};

/** Takes what the CRM listed: each booking is brought up to date, stays as it is, or waits. Joins the open transaction. */
export class TakeBookings extends Command<TakenBookings> {
  constructor(
    readonly connectionId: string,
    readonly bookings: readonly CrmBooking[],
    readonly unusable: readonly UnusableBooking[],
    /** Null outside of any run. */
    readonly runId: string | null,
    readonly by: Caller,
  ) {
    super();
  }
}

/** Lets waiting bookings go until the CRM changes them. Returns how many did wait. Joins the open transaction. */
export class DismissBookings extends Command<number> {
  constructor(
    readonly bookings: readonly { connectionId: string; externalId: string }[],
    readonly by: Caller,
  ) {
    super();
  }
}

export type ReleasedBooking = { bookingId: string; leadId: string | null };

/**
 * Takes a booking out of quarantine, outside of any run, if it still waits there as `record`. Joins the open transaction.
 * @throws Collision when it does not
 */
export class ReleaseBooking extends Command<ReleasedBooking> {
  constructor(
    readonly connectionId: string,
    readonly booking: CrmBooking,
    readonly record: unknown,
    readonly by: Caller,
  ) {
    super();
  }
}

/** How many bookings of a connection are known that start or were made at `since` or later. */
export class CountBookings extends Query<number> {
  constructor(
    readonly connectionId: string,
    readonly since: Date,
  ) {
    super();
  }
}

/** Those of these bookings that have been taken once, by external id. */
export class KnownBookings extends Query<ReadonlySet<string>> {
  constructor(
    readonly connectionId: string,
    readonly externalIds: readonly string[],
  ) {
    super();
  }
}

export type UpcomingBooking = {
  id: string;
  status: BookingStatus;
  startAt: string;
  endAt: string;
  service: string | null;
  provider: string | null;
};

/** How many bookings a lead has, and the next ten of those that are not canceled. */
export class BookingsOfLead extends Query<{ total: number; upcoming: UpcomingBooking[] }> {
  constructor(readonly leadId: string) {
    super();
  }
}

/** What is to be shown of a booking at one time. */
export type BookingView = BookingLinks & { status: BookingStatus } & Pick<
    BookingValues,
    'startAt' | 'endAt' | 'service' | 'provider'
  >;

/** What one event made of a booking: `before` is null when it made the booking, values that were erased are null. */
export type BookingChange = {
  bookingId: string;
  change: 'created' | 'updated';
  changed: string[];
  before: Partial<BookingView> | null;
  after: Partial<BookingView> | null;
  event: Recorded<BookingUpserted>;
};

/** What these events of bookings have changed, in their order. */
export class DescribeBookingChanges extends Query<BookingChange[]> {
  constructor(readonly events: readonly Recorded<BookingUpserted>[]) {
    super();
  }
}

/** How many bookings there are, and how many are to come and not canceled, with the next of these. */
export class SummarizeBookings extends Query<{
  total: number;
  upcoming: number;
  next: (UpcomingBooking & { leadId: string | null })[];
}> {}

/** What the CRM says of an appointment: when it is, what for, with whom. */
export type BookingValues = Omit<CrmBooking, 'externalId' | 'clientId' | 'status'>;

/** Whose it is: the client in the CRM, if it names one, and that client's lead, if it has one. */
export type BookingLinks = { clientId: string | null; leadId: string | null };

type BookingFacts = { bookingId: string; connectionId: string; externalId: string };

/** The values are sealed with the client's key: what somebody books says much about a person. */
export type BookingUpserted = Event<
  'BookingUpserted',
  BookingFacts &
    BookingLinks & {
      change: 'created' | 'updated';
      changed: (keyof BookingValues | keyof BookingLinks | 'status')[];
      status: BookingStatus;
    },
  BookingValues
>;
export type BookingQuarantined = Event<
  'BookingQuarantined',
  BookingFacts & { runId: string | null; code: string },
  { detail: string; record: unknown }
>;
/** A person has said "never mind": the booking waits no longer, until the CRM changes it. */
export type BookingDismissed = Event<'BookingDismissed', BookingFacts & { code: string }>;
export type BookingEvent = BookingUpserted | BookingQuarantined | BookingDismissed;
