import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import { nameBasedUuid } from '../../shared/name-based-uuid.ts';
import type { BookingEvent, BookingQuarantined } from '../bookings/contract.ts';
import type { ClientEvent, ClientQuarantined } from './contract.ts';

export type QuarantinedRecord = {
  id: string;
  connectionId: string;
  externalId: string;
  kind: 'client' | 'booking';
  code: string;
  detail: string;
  record: unknown;
  firstSeenAt: string;
  lastSeenAt: string;
  attempts: number;
};

export type QuarantineQuestion = {
  connectionId?: string | undefined;
  code?: string | undefined;
  /** Only what a run that started then has met. */
  seenSince?: string | undefined;
  after: [firstSeenAt: string, id: string] | null;
  limit: number;
};

type Taken = ClientEvent | BookingEvent;
type Waiting = { event: Recorded<ClientQuarantined | BookingQuarantined>; firstSeenAt: string };

/** The records that no run could take, and why. */
@Injectable()
export class Quarantine implements ReadModel<Taken> {
  readonly name = 'quarantine';
  readonly on = ['ClientImported', 'ClientQuarantined', 'BookingUpserted', 'BookingQuarantined'] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<Taken>[]): Promise<void> => {
    const released = new Set<string>();
    const waiting = new Map<string, Waiting>();
    for (const event of events) {
      const { stream, recordedAt } = event;
      if (event.type === 'ClientQuarantined' || event.type === 'BookingQuarantined') {
        waiting.set(stream, { event, firstSeenAt: waiting.get(stream)?.firstSeenAt ?? recordedAt });
      } else {
        waiting.delete(stream);
        // A record's very first event releases nothing.
        if (event.version > 1) released.add(stream);
      }
    }
    if (released.size > 0) await this.release([...released]);
    if (waiting.size > 0) await this.add([...waiting.values()]);
  };

  /** Notes that a run has met these waiting records again, unchanged. */
  async sighted(
    connectionId: string,
    externalIds: readonly string[],
    kind: QuarantinedRecord['kind'] = 'client',
  ): Promise<void> {
    if (externalIds.length === 0) return;
    await this.database.execute(sql`
      update quarantine set last_seen_at = clock_timestamp(), attempts = attempts + 1
       where connection_id = ${connectionId} and kind = ${kind} and external_id = any(${externalIds}::text[])`);
  }

  async page(question: QuarantineQuestion): Promise<QuarantinedRecord[]> {
    return this.database.rows(sql<QuarantinedRecord>`
      select id, connection_id as "connectionId", external_id as "externalId", kind, code, detail, record,
             iso_utc(first_seen_at) as "firstSeenAt", iso_utc(last_seen_at) as "lastSeenAt", attempts
        from quarantine where ${matching(question)}
       order by quarantine.first_seen_at desc, id desc limit ${question.limit}`);
  }

  private async add(waiting: Waiting[]): Promise<void> {
    const rows = waiting.map(({ event: { type, stream, data, personal, recordedAt }, firstSeenAt }) => ({
      id: nameBasedUuid(stream),
      kind: type === 'ClientQuarantined' ? 'client' : 'booking',
      firstSeenAt,
      connectionId: data.connectionId,
      externalId: data.externalId,
      code: data.code,
      detail: personal?.detail ?? 'The values have been erased.',
      record: personal?.record ?? null,
      lastSeenAt: recordedAt,
    }));
    await this.database.execute(sql`
      insert into quarantine
      select id, "connectionId", "externalId", kind, code, detail, record, "firstSeenAt", "lastSeenAt", 1
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as q (id uuid, "connectionId" uuid, "externalId" text,
          kind text, code text, detail text, record jsonb, "firstSeenAt" timestamptz, "lastSeenAt" timestamptz)
      on conflict (connection_id, kind, external_id) do update set code = excluded.code, detail = excluded.detail,
        record = excluded.record, last_seen_at = excluded.last_seen_at, attempts = quarantine.attempts + 1`);
  }

  private async release(streams: string[]): Promise<void> {
    await this.database.execute(sql`
      delete from quarantine where id = any(${streams.map(nameBasedUuid)}::uuid[])`);
  }
}

const matching = ({ connectionId, code, seenSince, after }: QuarantineQuestion): RawBuilder<unknown> => {
  const conditions = [sql`true`];
  if (connectionId !== undefined) conditions.push(sql`connection_id = ${connectionId}`);
  if (code !== undefined) conditions.push(sql`code = ${code}`);
  if (seenSince !== undefined) conditions.push(sql`last_seen_at >= ${seenSince}::timestamptz`);
  if (after !== null) {
    conditions.push(sql`(first_seen_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`);
  }
  return sql.join(conditions, sql` and `);
};
