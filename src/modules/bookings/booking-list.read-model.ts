import { Injectable } from '@nestjs/common';
import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { BookingStatus } from '../crm-connection/contract.ts';
import type { LeadMerged, LeadSplit } from '../leads/contract.ts';
import { bookingFingerprint } from './booking-fingerprint.ts';
import { BookingsOfLead, CountBookings, KnownBookings } from './contract.ts';
import type { BookingEvent, BookingUpserted, BookingValues, UpcomingBooking } from './contract.ts';

export type BookingRow = { [Value in keyof BookingValues]: BookingValues[Value] | null } & {
  id: string;
  connectionId: string;
  externalId: string;
  clientId: string | null;
  leadId: string | null;
  status: BookingStatus;
  createdAt: string;
  updatedAt: string;
  version: number;
};

export type BookingQuestion = {
  /** Starts then or later. */
  from?: string | undefined;
  /** Starts before. */
  to?: string | undefined;
  status?: string | undefined;
  leadId?: string | undefined;
  connectionId?: string | undefined;
  /** The start of the last row before (its making here where it has none), and its id. */
  after: [sortedAt: string, id: string] | null;
  limit: number;
};

const UPCOMING_SHOWN = 10;

type Moved = LeadMerged | LeadSplit;
type ListEvent = BookingEvent | Moved;

/** The appointments as they were last taken: the table `bookings`. */
@Injectable()
export class BookingList implements ReadModel<ListEvent> {
  readonly name = 'booking-list';
  readonly tables = ['bookings'] as const;
  readonly on = [
    'BookingUpserted',
    'BookingQuarantined',
    'BookingDismissed',
    'LeadMerged',
    'LeadSplit',
  ] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<ListEvent>[]): Promise<void> => {
    let taken: Recorded<BookingEvent>[] = [];
    for (const event of events) {
      if (event.type !== 'LeadMerged' && event.type !== 'LeadSplit') taken.push(event);
      else {
        await this.take(taken);
        taken = [];
        await this.move(event.data, event.type);
      }
    }
    await this.take(taken);
  };

  private async take(events: Recorded<BookingEvent>[]): Promise<void> {
    const rows = new Map<string, ReturnType<typeof rowOf>>();
    const doubted = new Map<string, number>();
    for (const event of events) {
      const id = event.data.bookingId;
      const before = rows.get(id);
      if (event.type === 'BookingUpserted')
        rows.set(id, { ...rowOf(event), ...(before !== undefined && { createdAt: before.createdAt }) });
      else if (before === undefined) doubted.set(id, event.version);
      else rows.set(id, { ...before, fingerprint: null, version: event.version });
    }
    if (doubted.size > 0) await this.doubt(doubted);
    if (rows.size > 0) await this.put([...rows.values()]);
  }

  /** The bookings of clients that have moved to another lead go with them. Both leads have the event; one is enough. */
  private async move({ leadId, otherId, role, sources }: Moved['data'], type: Moved['type']): Promise<void> {
    if (role === 'kept') return;
    const [from, to] = type === 'LeadMerged' ? [leadId, otherId] : [otherId, leadId];
    await this.database.execute(sql`
      update bookings b set lead_id = ${to}
        from jsonb_to_recordset(${JSON.stringify(sources)}::jsonb) as s ("connectionId" uuid, "externalId" text)
       where b.lead_id = ${from} and b.connection_id = s."connectionId" and b.client_id = s."externalId"`);
  }

  /** What each of these bookings looked like; what is new, erased or waits is not among them. */
  async fingerprints(
    connectionId: string,
    externalIds: readonly string[],
  ): Promise<ReadonlyMap<string, string>> {
    if (externalIds.length === 0) return new Map();
    const rows = await this.database.rows(sql<{ externalId: string; fingerprint: string }>`
      select b.external_id as "externalId", encode(b.fingerprint, 'base64') as fingerprint
        from unnest(${externalIds}::text[]) as i (external_id)
       cross join lateral (select * from bookings
          where connection_id = ${connectionId} and external_id = i.external_id limit 1) b
       where b.fingerprint is not null`);
    return new Map(rows.map(({ externalId, fingerprint }) => [externalId, fingerprint]));
  }

  async page(question: BookingQuestion): Promise<BookingRow[]> {
    return this.database.rows(sql<BookingRow>`
      select ${BOOKING} from bookings
       where ${matching(question)} order by sort_at desc, id desc limit ${question.limit}`);
  }

  async one(id: string): Promise<BookingRow | undefined> {
    return this.database.row(sql<BookingRow>`select ${BOOKING} from bookings where id = ${id}`);
  }

  async count({ connectionId, since }: CountBookings): Promise<number> {
    const row = await this.database.row(sql<{ count: string }>`
      select count(*) from bookings
       where connection_id = ${connectionId} and (start_at >= ${since} or recorded_at >= ${since})`);
    return Number(row?.count ?? 0);
  }

  async known({ connectionId, externalIds }: KnownBookings): Promise<ReadonlySet<string>> {
    const rows = await this.database.rows(sql<{ externalId: string }>`
      select external_id as "externalId" from bookings
       where connection_id = ${connectionId} and external_id = any(${externalIds}::text[])`);
    return new Set(rows.map(({ externalId }) => externalId));
  }

  async countOf(leadId: string): Promise<number> {
    const row = await this.database.row(sql<{ count: string }>`
      select count(*) from bookings where lead_id = ${leadId}`);
    return Number(row?.count ?? 0);
  }

  async upcomingOf(leadId: string): Promise<UpcomingBooking[]> {
    return this.database.rows(sql<UpcomingBooking>`
      select id, status, iso_utc(start_at) as "startAt", iso_utc(end_at) as "endAt", service, provider from bookings
       where lead_id = ${leadId} and start_at >= clock_timestamp() and status <> 'canceled'
       order by bookings.start_at, id limit ${UPCOMING_SHOWN}`);
  }

  private async put(rows: object[]): Promise<void> {
    await this.database.execute(sql`
      insert into bookings (id, connection_id, external_id, client_id, lead_id, status, code, start_at, end_at,
        start_local, end_local, recorded_at, recorded_local, timezone, service_id, service, provider_id, provider,
        sort_at, fingerprint, created_at, updated_at, version)
      select id, "connectionId", "externalId", "clientId", "leadId", status, code, "startAt", "endAt", "startLocal",
        "endLocal", "recordedAt", "recordedLocal", timezone, "serviceId", service, "providerId", provider,
        coalesce("startAt", "createdAt"), decode(fingerprint, 'base64'), "createdAt", "updatedAt", version
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as b (id uuid, "connectionId" uuid, "externalId" text,
          "clientId" text, "leadId" uuid, status text, code text, "startAt" timestamptz, "endAt" timestamptz,
          "startLocal" text, "endLocal" text, "recordedAt" timestamptz, "recordedLocal" text, timezone text,
          "serviceId" text, service text, "providerId" text, provider text, fingerprint text,
          "createdAt" timestamptz, "updatedAt" timestamptz, version int)
      on conflict (id) do update set client_id = excluded.client_id, lead_id = excluded.lead_id,
        status = excluded.status, code = excluded.code, start_at = excluded.start_at, end_at = excluded.end_at,
        start_local = excluded.start_local, end_local = excluded.end_local, recorded_at = excluded.recorded_at,
        recorded_local = excluded.recorded_local, timezone = excluded.timezone, service_id = excluded.service_id,
        service = excluded.service, provider_id = excluded.provider_id, provider = excluded.provider,
        sort_at = coalesce(excluded.start_at, bookings.created_at), fingerprint = excluded.fingerprint,
        updated_at = excluded.updated_at, version = excluded.version`);
  }

  /** A newer version waits, or was dismissed: whatever comes next must be looked at. */
  private async doubt(versions: ReadonlyMap<string, number>): Promise<void> {
    await this.database.execute(sql`
      update bookings set fingerprint = null, version = d.version
        from unnest(${[...versions.keys()]}::uuid[], ${[...versions.values()]}::int[]) as d (id, version)
       where bookings.id = d.id`);
  }
}

@QueryHandler(CountBookings)
export class CountBookingsHandler implements IQueryHandler<CountBookings> {
  constructor(private readonly list: BookingList) {}

  execute(query: CountBookings): Promise<number> {
    return this.list.count(query);
  }
}

@QueryHandler(KnownBookings)
export class KnownBookingsHandler implements IQueryHandler<KnownBookings> {
  constructor(private readonly list: BookingList) {}

  execute(query: KnownBookings): Promise<ReadonlySet<string>> {
    return this.list.known(query);
  }
}

@QueryHandler(BookingsOfLead)
export class BookingsOfLeadHandler implements IQueryHandler<BookingsOfLead> {
  constructor(private readonly list: BookingList) {}

  async execute({ leadId }: BookingsOfLead): Promise<{ total: number; upcoming: UpcomingBooking[] }> {
    return { total: await this.list.countOf(leadId), upcoming: await this.list.upcomingOf(leadId) };
  }
}

const rowOf = ({ data, personal, recordedAt, version }: Recorded<BookingUpserted>) => ({
  ...personal,
  id: data.bookingId,
  connectionId: data.connectionId,
  externalId: data.externalId,
  clientId: data.clientId,
  leadId: data.leadId,
  status: data.status,
  fingerprint: personal === null ? null : bookingFingerprint(data, personal),
  createdAt: recordedAt,
  updatedAt: recordedAt,
  version,
});

const BOOKING = sql`id, connection_id as "connectionId", external_id as "externalId", client_id as "clientId",
  lead_id as "leadId", status, code, iso_utc(start_at) as "startAt", iso_utc(end_at) as "endAt",
  start_local as "startLocal", end_local as "endLocal", iso_utc(recorded_at) as "recordedAt",
  recorded_local as "recordedLocal", timezone, service_id as "serviceId", service, provider_id as "providerId", provider,
  iso_utc(created_at) as "createdAt", iso_utc(updated_at) as "updatedAt", version`;

const matching = (question: BookingQuestion): RawBuilder<unknown> => {
  const { from, to, status, leadId, connectionId, after } = question;
  const conditions = [sql`true`];
  if (from !== undefined)
    conditions.push(sql`start_at >= ${from}::timestamptz and sort_at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(sql`start_at < ${to}::timestamptz and sort_at < ${to}::timestamptz`);
  if (status !== undefined) conditions.push(sql`status = ${status}`);
  if (leadId !== undefined) conditions.push(sql`lead_id = ${leadId}`);
  if (connectionId !== undefined) conditions.push(sql`connection_id = ${connectionId}`);
  if (after !== null) conditions.push(sql`(sort_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`);
  return sql.join(conditions, sql` and `);
};
