import { Query } from '@nestjs/cqrs';
import { Refusal } from '../../shared/errors.ts';

export type * from './events/contract.ts';

/** One company in one CRM, as anybody may see it: never a secret. */
export type Connection = {
  id: string;
  provider: 'simplybook';
  name: string;
  company: string;
  login: string;
  domain: string;
  timezone: string | null;
  /** Where it is, ISO 3166-1 alpha-2: how its phone numbers are read. Null when nobody has said so. */
  country: string | null;
  clientsWithoutEmail: 'quarantine' | 'import';
  /** Whether the custom fields of new and changed clients are fetched, at the cost of a request for each. */
  clientFields: boolean;
  status: 'connected' | 'needs-attention' | 'disconnected';
  attention: { code: string; detail: string } | null;
  lastSyncedAt: string | null;
  createdAt: string;
  version: number;
};

/** A connection and when it syncs next by itself. */
export type PlannedConnection = Connection & { nextSyncAt: string | null };

export const connectionDisconnected = (): Refusal =>
  new Refusal(
    'conflict',
    'connection-disconnected',
    'This connection has been disconnected and its credentials are gone. Connect the company again.',
  );

/** The connection, or a refusal `not-found`. */
export class GetConnection extends Query<Connection> {
  constructor(readonly connectionId: string) {
    super();
  }
}

/** Every connection that has not been disconnected, the oldest first. */
export class ListConnections extends Query<PlannedConnection[]> {}

/** Blank parts are null; `country` is ISO 3166-1 alpha-2, `state` whatever the CRM calls it. */
export type Address = {
  line1: string | null;
  line2: string | null;
  city: string | null;
  zip: string | null;
  country: string | null;
  state: string | null;
};

/** What a company asks of its clients beside the usual, for example a birthday. `title` is what people call it. */
export type CustomField = { id: string; title: string; value: string };

/** A client as the CRM lists it. Texts are as the CRM wrote them, trimmed; blank ones are null. */
export type CrmClient = {
  externalId: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  /** Null when every part is blank; not there when the CRM does not show it, which does not mean that there is none. */
  address?: Address | null;
  /** As received, parsed and nothing else: not safe to store before `storable` has seen it. */
  record: unknown;
};

/** A record that cannot be taken for a client. `externalId` is null when not even its id can be read. */
export type UnreadableRecord = { externalId: string | null; detail: string; record: unknown };

/** What one request for clients brought. Clients the CRM marks as deleted are in neither of the first two. */
export type ClientPage = {
  clients: CrmClient[];
  unreadable: UnreadableRecord[];
  /** The ids of those that are marked as deleted. */
  others: string[];
  /** Where the list can be read on after this page, by whoever knows whom it has brought up to here; null: only anew. */
  cursor: string | null;
  /** How many clients the CRM says there are; null when it does not say. */
  announced: number | null;
  warnings?: CrmWarning[];
  /**
   * Set on the last page only: whether the whole list has been seen, and if not, why. `unproven`: nothing speaks against
   * it and nothing proves it, which is too little for calling anybody missing; a warning says so.
   */
  end: { complete: true; unproven?: true } | { complete: false; reason: string } | null;
};

/** What the CRM says of one client when asked by its id. `unknown`: nothing, or something that proves nothing. */
export type ClientLook = 'present' | 'not-found' | 'marked-deleted' | 'unknown';

/** Where a listing that was broken off is read on: after the page with this `cursor`. `met`: all that it had brought. */
export type ListedSoFar = { cursor: string; met: readonly string[] };

/**
 * The client list of a connection, page by page, each client once. Ends with a page whose `end` is set, or throws a
 * Refusal `crm-…` when no complete page can be had after bounded retries.
 */
export abstract class CrmClients {
  abstract pages(
    connectionId: string,
    signal: AbortSignal,
    from?: ListedSoFar,
  ): AsyncGenerator<ClientPage, void, undefined>;

  /**
   * The custom fields of these clients, one request each. Who is not in the answer is gone meanwhile, or the CRM shows no
   * fields: `warn` hears of that.
   */
  abstract fieldsOf(
    connectionId: string,
    externalIds: readonly string[],
    signal: AbortSignal,
    warn?: (warning: CrmWarning) => void,
  ): Promise<ReadonlyMap<string, CustomField[]>>;

  /**
   * Asks for these clients by their ids, one request each. Ends early when the CRM tells nothing of several in a row, or
   * refuses.
   */
  abstract looks(
    connectionId: string,
    externalIds: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<[externalId: string, look: ClientLook], void, undefined>;
}

export type BookingStatus = 'confirmed' | 'confirmed_pending' | 'pending' | 'canceled';

/**
 * A booking as the CRM lists it, with nothing of its client but the id. Times stand beside the text that the CRM wrote,
 * which is local to the company, and the zone it was read in (docs/adr/0011-times-of-bookings.md).
 */
export type CrmBooking = {
  externalId: string;
  /** Null when the CRM names none. It may also name one that it does not list. */
  clientId: string | null;
  status: BookingStatus;
  code: string | null;
  startAt: string;
  endAt: string;
  startLocal: string;
  endLocal: string;
  recordedAt: string | null;
  recordedLocal: string | null;
  timezone: string;
  serviceId: string | null;
  service: string | null;
  providerId: string | null;
  provider: string | null;
};

/** A booking that cannot be taken. `record` is as received, without what belongs to its client. */
export type UnusableBooking = {
  externalId: string | null;
  clientId: string | null;
  code: 'record.unreadable' | 'booking.time.impossible' | 'booking.status.unknown';
  detail: string;
  record: unknown;
};

/** What a person should know about a listing although it came to its end. */
export type CrmWarning = {
  code:
    | 'bookings-not-offered'
    | 'bookings-forbidden'
    | 'bookings-order-unknown'
    | 'bookings-changed-unread'
    | 'bookings-count-unknown'
    | 'clients-count-unknown'
    | 'client-fields-forbidden'
    | 'client-fields-not-offered'
    | 'timezone-unknown';
  detail: string;
};

/** What one request for bookings brought. */
export type BookingPage = {
  bookings: CrmBooking[];
  unreadable: UnusableBooking[];
  /** Bookings from before the window: wanted only where they are known already. */
  onlyKnown?: true;
  announced: number | null;
  warnings: CrmWarning[];
  end: ClientPage['end'];
};

/**
 * The bookings of a connection that were made or start at `since` or later, page by page, each once; where the CRM
 * tells, also those that have changed since the last whole sync. Ends with a page
 * whose `end` is set, or throws a Refusal `crm-…` when no complete page can be had after bounded retries. A company that
 * offers no bookings, or a user who may not see them, is a warning.
 */
export abstract class CrmBookings {
  abstract bookingPages(
    connectionId: string,
    since: Date,
    signal: AbortSignal,
  ): AsyncGenerator<BookingPage, void, undefined>;

  /**
   * Reads records as they were put aside once more. Of the CRM it asks nothing but what every booking is read with, which
   * is its zone and the names of services and providers, and only where these are not known.
   */
  abstract readAgain(
    connectionId: string,
    records: readonly unknown[],
  ): Promise<Pick<BookingPage, 'bookings' | 'unreadable'>>;
}
