import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../../shared/database/database.ts';
import type { ReadModel } from '../../../shared/event-store/event-store.ts';
import type { Recorded } from '../../../shared/event-store/event.ts';
import { nameBasedUuid } from '../../../shared/name-based-uuid.ts';
import type { BookingEvent, BookingQuarantined } from '../../bookings/contract.ts';
import type { ClientIdentity } from '../client.decider.ts';
import type { ClientEvent, ClientQuarantined } from '../contract.ts';
import { adviceOn } from './quarantine-advice.ts';

export type QuarantineStatus = 'waiting' | 'dismissed';

export type QuarantinedRecord = {
  id: string;
  connectionId: string;
  externalId: string;
  kind: 'client' | 'booking';
  status: QuarantineStatus;
  code: string;
  detail: string;
  /** What to do about it. */
  advice: string;
  /** The leads that want the same e-mail; none for any other reason. */
  leads: string[];
  record: unknown;
  firstSeenAt: string;
  lastSeenAt: string;
  attempts: number;
};

/** Which records, whatever their place in the list. */
export type QuarantineFilter = {
  connectionId?: string | undefined;
  code?: string | undefined;
  kind?: QuarantinedRecord['kind'] | undefined;
  status?: QuarantineStatus | undefined;
  /** Only what was met at this position of the log or behind it, as by a run that has begun there. */
  seenSince?: string | undefined;
};

export type QuarantinePlace = [firstSeenAt: string, id: string];
export type QuarantineQuestion = QuarantineFilter & { after: QuarantinePlace | null; limit: number };

type Taken = ClientEvent | BookingEvent;
type Waiting = {
  event: Recorded<ClientQuarantined | BookingQuarantined>;
  firstSeenAt: string;
  dismissedAt: string | null;
};

/** The records that no run could take, and why. */
@Injectable()
export class Quarantine implements ReadModel<Taken> {
  readonly name = 'quarantine';
  readonly tables = ['quarantine'] as const;
  readonly on = [
    'ClientImported',
    'ClientQuarantined',
    'ClientDismissed',
    'ClientGone',
    'BookingUpserted',
    'BookingQuarantined',
    'BookingDismissed',
  ] as const;

  /** How often, and when last, a run has met them. */
  readonly keep = sql`
    update quarantine q set last_seen_at = greatest(q.last_seen_at, o.last_seen_at),
           last_seen_position = greatest(q.last_seen_position, o.last_seen_position),
           attempts = greatest(q.attempts, o.attempts)
      from public.quarantine o where o.id = q.id`;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<Taken>[]): Promise<void> => {
    const released = new Set<string>();
    const waiting = new Map<string, Waiting>();
    const dismissed = new Map<string, string>();
    for (const event of events) {
      const { stream, recordedAt } = event;
      const known = waiting.get(stream);
      if (event.type === 'ClientQuarantined' || event.type === 'BookingQuarantined') {
        waiting.set(stream, { event, firstSeenAt: known?.firstSeenAt ?? recordedAt, dismissedAt: null });
      } else if (event.type === 'ClientDismissed' || event.type === 'BookingDismissed') {
        if (known === undefined) dismissed.set(stream, recordedAt);
        else known.dismissedAt = recordedAt;
      } else {
        waiting.delete(stream);
        // A record's very first event releases nothing.
        if (event.version > 1) released.add(stream);
      }
    }
    if (released.size > 0) await this.release([...released]);
    if (dismissed.size > 0) await this.dismiss(dismissed);
    if (waiting.size > 0) await this.add([...waiting.values()]);
  };

  /** Notes that somebody has tried in vain to have these records taken. */
  async tried(
    connectionId: string,
    externalIds: readonly string[],
    kind: QuarantinedRecord['kind'] = 'client',
  ): Promise<void> {
    if (externalIds.length === 0) return;
    await this.database.execute(sql`
      update quarantine set attempts = attempts + 1
       where connection_id = ${connectionId} and kind = ${kind} and external_id = any(${externalIds}::text[])`);
  }

  /** Notes that a run has met these records again, unchanged. Returns those that wait; the others were dismissed. */
  async sighted(
    connectionId: string,
    externalIds: readonly string[],
    kind: QuarantinedRecord['kind'] = 'client',
  ): Promise<ReadonlySet<string>> {
    if (externalIds.length === 0) return new Set();
    const rows = await this.database.rows(sql<{ externalId: string; waits: boolean }>`
      update quarantine set last_seen_at = clock_timestamp(), attempts = attempts + 1,
             last_seen_position = (select position from event_log)
       where connection_id = ${connectionId} and kind = ${kind} and external_id = any(${externalIds}::text[])
      returning external_id as "externalId", dismissed_at is null as waits`);
    return new Set(rows.flatMap(({ externalId, waits }) => (waits ? [externalId] : [])));
  }

  /** Those of these bookings that are here, waiting or dismissed. */
  async bookings(connectionId: string, externalIds: readonly string[]): Promise<string[]> {
    const rows = await this.database.rows(sql<{ externalId: string }>`
      select external_id as "externalId" from quarantine
       where connection_id = ${connectionId} and kind = 'booking' and external_id = any(${externalIds}::text[])`);
    return rows.map(({ externalId }) => externalId);
  }

  /** The clients that wait because one of these leads has their e-mail address. */
  async wantingAddressOf(leads: readonly string[]): Promise<ClientIdentity[]> {
    return this.database.rows(sql<ClientIdentity>`
      select connection_id as "connectionId", external_id as "externalId" from quarantine
       where kind = 'client' and code = 'email.taken' and dismissed_at is null and leads && ${leads}::uuid[]
       order by connection_id, external_id`);
  }

  async page({ after, limit, ...filter }: QuarantineQuestion): Promise<QuarantinedRecord[]> {
    const rows = await this.database.rows(sql<Row>`
      ${RECORD} where ${matching(filter, after)}
       order by quarantine.first_seen_at desc, id desc limit ${limit}`);
    return rows.map(withAdvice);
  }

  async one(id: string): Promise<QuarantinedRecord | undefined> {
    const row = await this.database.row(sql<Row>`${RECORD} where id = ${id}`);
    return row === undefined ? undefined : withAdvice(row);
  }

  /** How many there are behind this place of the list. */
  async count(filter: QuarantineFilter, after: QuarantinePlace | null): Promise<number> {
    const row = await this.database.row(sql<{ count: string }>`
      select count(*) from quarantine where ${matching(filter, after)}`);
    return Number(row?.count ?? 0);
  }

  /** What waits, not what was dismissed. */
  async countByCode(): Promise<{ code: string; count: number }[]> {
    return this.database.rows(sql<{ code: string; count: number }>`
      select code, count(*)::int as count from quarantine where dismissed_at is null
       group by code order by count(*) desc, code`);
  }

  private async add(waiting: Waiting[]): Promise<void> {
    const rows = waiting.map(
      ({ event: { type, stream, data, personal, recordedAt, position }, firstSeenAt, dismissedAt }) => ({
        id: nameBasedUuid(stream),
        kind: type === 'ClientQuarantined' ? 'client' : 'booking',
        firstSeenAt,
        connectionId: data.connectionId,
        externalId: data.externalId,
        code: data.code,
        leads: 'leads' in data ? data.leads : [],
        detail: personal?.detail ?? 'The values have been erased.',
        record: personal?.record ?? null,
        lastSeenAt: recordedAt,
        position,
        dismissedAt,
      }),
    );
    await this.database.execute(sql`
      insert into quarantine (id, connection_id, external_id, kind, code, detail, record, first_seen_at, last_seen_at,
        last_seen_position, attempts, leads, dismissed_at)
      select id, "connectionId", "externalId", kind, code, detail, record, "firstSeenAt", "lastSeenAt", position, 1, leads,
             "dismissedAt"
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as q (id uuid, "connectionId" uuid, "externalId" text,
          kind text, code text, detail text, record jsonb, "firstSeenAt" timestamptz, "lastSeenAt" timestamptz, position bigint, leads uuid[],
          "dismissedAt" timestamptz)
      on conflict (connection_id, kind, external_id) do update set code = excluded.code, detail = excluded.detail,
        record = excluded.record, last_seen_at = excluded.last_seen_at,
        last_seen_position = excluded.last_seen_position, attempts = quarantine.attempts + 1,
        leads = excluded.leads, dismissed_at = excluded.dismissed_at`);
  }

  private async dismiss(dismissed: ReadonlyMap<string, string>): Promise<void> {
    await this.database.execute(sql`
      update quarantine q set dismissed_at = d.at
        from unnest(${[...dismissed.keys()].map(nameBasedUuid)}::uuid[], ${[...dismissed.values()]}::timestamptz[]) as d (id, at)
       where q.id = d.id`);
  }

  private async release(streams: string[]): Promise<void> {
    await this.database.execute(sql`
      delete from quarantine where id = any(${streams.map(nameBasedUuid)}::uuid[])`);
  }
}

type Row = Omit<QuarantinedRecord, 'advice'>;

const withAdvice = (row: Row): QuarantinedRecord => ({ ...row, advice: adviceOn(row) });

const RECORD = sql`select id, connection_id as "connectionId", external_id as "externalId", kind, code, detail, record,
  case when dismissed_at is null then 'waiting' else 'dismissed' end as status, to_json(leads) as leads,
  iso_utc(first_seen_at) as "firstSeenAt", iso_utc(last_seen_at) as "lastSeenAt", attempts from quarantine`;

const matching = (filter: QuarantineFilter, after: QuarantinePlace | null): RawBuilder<unknown> => {
  const { connectionId, code, kind, status = 'waiting', seenSince } = filter;
  const conditions = [status === 'waiting' ? sql`dismissed_at is null` : sql`dismissed_at is not null`];
  if (connectionId !== undefined) conditions.push(sql`connection_id = ${connectionId}`);
  if (code !== undefined) conditions.push(sql`code = ${code}`);
  if (kind !== undefined) conditions.push(sql`kind = ${kind}`);
  if (seenSince !== undefined) conditions.push(sql`last_seen_position >= ${seenSince}::bigint`);
  if (after !== null) {
    conditions.push(sql`(first_seen_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`);
  }
  return sql.join(conditions, sql` and `);
};
