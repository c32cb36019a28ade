import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { RecordKind } from './contract.ts';

/** What is to be looked at: a record, or all of them. */
export type LookAt = { connectionId: string; kind: RecordKind | 'all'; externalId: string };

/** A look that has been begun. `startedAt` is the database's time, from before anything was read. */
export type Look = LookAt & {
  lease: string;
  wanted: string;
  startedAt: string;
  tries: number;
  correlationId: string;
};

export const ALL = { kind: 'all', externalId: '' } as const;

/** Somebody else has taken the look over. */
export class LookLost extends Error {}

const NOW = sql`clock_timestamp()`;
/** So many records of one connection may wait: whatever comes beyond that is a change of "something". */
const MOST_WAITING = 1_000;
/** Longer than a look may take: whoever has it for longer is dead. */
const LEASE = sql.raw("interval '150 seconds'");
const KEPT = sql.raw("interval '7 days'");

/**
 * The first time a record is told of it is looked at at once; after that when nothing more has come for a while, but not
 * later than so long after the first. Everything at once costs a sync, so it is looked at now and then.
 */
const QUIET = sql`case when l.kind = 'all' then interval '15 minutes' else interval '5 seconds' end`;
const LONGEST = sql`case when l.kind = 'all' then interval '15 minutes' else interval '60 seconds' end`;

const LATER = sql`least(coalesce(l.waiting_since, ${NOW}) + ${LONGEST}, ${NOW} + ${QUIET})`;

/** When the next look at a record may begin that is asked for now. */
const DUE = sql`case
  when l.lease is not null or l.tries > 0 or l.due_at <= ${NOW} then l.due_at
  when l.due_at is null and (l.looked_at is null or l.looked_at < ${NOW} - ${QUIET}) then ${NOW}
  else ${LATER} end`;

const ASK_AGAIN = sql`wanted = l.wanted + 1, asked_at = ${NOW}, waiting_since = coalesce(l.waiting_since, ${NOW}),
  due_at = ${DUE}`;

const LOOK = sql`l.connection_id as "connectionId", l.kind, l.external_id as "externalId", l.lease, l.wanted::text,
  iso_utc(l.looked_at) as "startedAt", l.tries, l.correlation_id as "correlationId"`;

const same = ({ connectionId, kind, externalId }: LookAt): RawBuilder<unknown> =>
  sql`l.connection_id = ${connectionId} and l.kind = ${kind} and l.external_id = ${externalId}`;

/** The inbox: what webhooks have said to have changed, and how far we have looked. */
@Injectable()
export class Looks {
  constructor(private readonly database: Database) {}

  /** Notes that a record is to be looked at. Returns in how many seconds that may be. */
  async ask(look: LookAt, correlationId: string): Promise<number> {
    const { connectionId, kind, externalId } = (await this.hasRoom(look)) ? look : { ...look, ...ALL };
    const row = await this.database.row(sql<{ wait: number }>`
      insert into looks as l (connection_id, kind, external_id, wanted, done, asked_at, waiting_since, due_at,
        correlation_id)
      values (${connectionId}, ${kind}, ${externalId}, 1, 0, ${NOW}, ${NOW}, ${NOW}, ${correlationId})
      on conflict (connection_id, kind, external_id) do update set ${ASK_AGAIN},
        correlation_id = excluded.correlation_id
      returning extract(epoch from l.due_at - ${NOW})::float8 as wait`);
    return row?.wait ?? 0;
  }

  /** The records that were looked at since then. */
  async since(connectionId: string, kind: RecordKind, since: string): Promise<string[]> {
    const rows = await this.database.rows(sql<{ externalId: string }>`
      select external_id as "externalId" from looks
       where connection_id = ${connectionId} and kind = ${kind} and applied_at >= ${since}::timestamptz`);
    return rows.map(({ externalId }) => externalId);
  }

  /** Asks for records, whether the inbox knows them or not. */
  async askAgain(
    connectionId: string,
    kind: RecordKind,
    externalIds: readonly string[],
    correlationId: string,
  ): Promise<void> {
    await this.database.execute(sql`
      insert into looks as l (connection_id, kind, external_id, wanted, done, asked_at, waiting_since, due_at,
        correlation_id)
      select ${connectionId}::uuid, ${kind}, external_id, 1, 0, ${NOW}, ${NOW}, ${NOW}, ${correlationId}
        from unnest(${externalIds}::text[]) as e (external_id)
      on conflict (connection_id, kind, external_id) do update set ${ASK_AGAIN}`);
  }

  /** Begins with what has waited longest, if anything may be looked at by now. */
  begin(connectionId: string): Promise<Look | undefined> {
    return this.database.row(sql<Look>`
      update looks l set ${begun()}
       where l.connection_id = ${connectionId} and (l.kind, l.external_id) = (
         select kind, external_id from looks
          where connection_id = ${connectionId} and due_at <= ${NOW}
          order by due_at limit 1 for update skip locked)
      returning ${LOOK}`);
  }

  /** Begins with this record now, unless somebody is looking at it already. */
  beginWith({ connectionId, kind, externalId }: LookAt, correlationId: string): Promise<Look | undefined> {
    return this.database.row(sql<Look>`
      insert into looks as l (connection_id, kind, external_id, wanted, done, asked_at, due_at, lease, looked_at,
        correlation_id)
      values (${connectionId}, ${kind}, ${externalId}, 1, 0, ${NOW}, ${NOW} + ${LEASE}, ${randomUUID()}, ${NOW},
        ${correlationId})
      on conflict (connection_id, kind, external_id) do update set ${begun()}
       where l.lease is null or l.due_at <= ${NOW}
      returning ${LOOK}`);
  }

  /** The same look from its start: what was read may be old. @throws LookLost */
  async restart(look: Look): Promise<Look> {
    const again = await this.database.row(sql<Look>`
      update looks l set looked_at = ${NOW}, due_at = ${NOW} + ${LEASE}, waiting_since = null
       where ${same(look)} and l.lease = ${look.lease}
      returning ${LOOK}`);
    if (again === undefined) throw new LookLost();
    return again;
  }

  /** Notes how it ended. @throws LookLost */
  async end(look: Look, outcome: string): Promise<void> {
    await this.settle(
      look,
      sql`lease = null, tries = 0, outcome = ${outcome}, applied_at = l.looked_at, ${doneWith(look)}`,
    );
  }

  /** Gives up for now, to try again in so many seconds. @throws LookLost */
  async fail(look: Look, retryIn: number): Promise<void> {
    await this.settle(
      look,
      sql`lease = null, tries = l.tries + 1, outcome = 'failed', due_at = ${NOW} + make_interval(secs => ${retryIn})`,
    );
  }

  /** Gives up for good, as far as it had been asked for when it began. @throws LookLost */
  async giveUp(look: Look): Promise<void> {
    await this.settle(look, sql`lease = null, tries = 0, outcome = 'failed', ${doneWith(look)}`);
  }

  /** Hands it back as it was: nothing was wrong with it. */
  async handBack({ lease, ...look }: Look, seconds: number): Promise<void> {
    await this.database.execute(sql`
      update looks l set lease = null, due_at = ${NOW} + make_interval(secs => ${seconds})
       where ${same(look)} and l.lease = ${lease}`);
  }

  /** In how many seconds something may be looked at; null when nothing waits. */
  async nextIn(connectionId: string): Promise<number | null> {
    const row = await this.database.row(sql<{ wait: number | null }>`
      select extract(epoch from min(due_at) - ${NOW})::float8 as wait from looks where connection_id = ${connectionId}`);
    return row?.wait ?? null;
  }

  /** The connections for which something could be looked at now. */
  async due(): Promise<string[]> {
    const rows = await this.database.rows(sql<{ id: string }>`
      select distinct connection_id as id from looks where due_at <= ${NOW}`);
    return rows.map(({ id }) => id);
  }

  async state(connectionId: string): Promise<{ waiting: number; lastDeliveryAt: string | null }> {
    const row = await this.database.row(sql<{ waiting: string; lastDeliveryAt: string | null }>`
      select count(*) filter (where due_at is not null) as waiting, iso_utc(max(asked_at)) as "lastDeliveryAt"
        from looks where connection_id = ${connectionId}`);
    return { waiting: Number(row?.waiting ?? 0), lastDeliveryAt: row?.lastDeliveryAt ?? null };
  }

  async gone(connectionId: string): Promise<string[]> {
    const rows = await this.database.rows(sql<{ externalId: string }>`
      select external_id as "externalId" from looks
       where connection_id = ${connectionId} and kind = 'client' and outcome = 'gone'`);
    return rows.map(({ externalId }) => externalId);
  }

  async drop(connectionId: string): Promise<void> {
    await this.database.execute(sql`delete from looks where connection_id = ${connectionId}`);
    await this.database.execute(sql`delete from look_pauses where connection_id = ${connectionId}`);
  }

  /** Forgets what nobody has asked for in a week. */
  async forgetOld(): Promise<void> {
    await this.database.execute(sql`
      delete from looks where (connection_id, kind, external_id) in (
        select connection_id, kind, external_id from looks
         where asked_at < ${NOW} - ${KEPT} and due_at is null limit 1000 for update skip locked)`);
  }

  private async settle(look: Look, changes: RawBuilder<unknown>): Promise<void> {
    const settled = await this.database.execute(sql`
      update looks l set ${changes} where ${same(look)} and l.lease = ${look.lease}`);
    if (settled !== 1) throw new LookLost();
  }

  private async hasRoom(look: LookAt): Promise<boolean> {
    const row = await this.database.row(sql<{ has: boolean }>`
      select exists (select from looks l where ${same(look)}) or (select count(*) < ${MOST_WAITING} from (
        select from looks where connection_id = ${look.connectionId} and due_at is not null limit ${MOST_WAITING}) w) as has`);
    return row?.has === true;
  }
}

/** Another look is due when more has been asked meanwhile. */
const doneWith = ({ wanted }: Look): RawBuilder<unknown> =>
  sql`done = ${wanted}::bigint, due_at = case when l.wanted > ${wanted}::bigint then ${LATER} end`;

const begun = (): RawBuilder<unknown> =>
  sql`lease = ${randomUUID()}, looked_at = ${NOW}, due_at = ${NOW} + ${LEASE}, waiting_since = null`;
