import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../../shared/database/database.ts';
import type { ReadModel } from '../../../shared/event-store/event-store.ts';
import type { Recorded } from '../../../shared/event-store/event.ts';
import type { SyncFailed } from '../../sync/contract.ts';
import type { ConnectionEvent, CrmScheduleChanged, Schedule } from '../contract.ts';
import { retryAfter } from './retry.ts';
import { placeOf, timesAfter } from './slots.ts';

/** Times are UTC milliseconds; `now` is the database's, like all time that counts here. */
export type SyncTimes = {
  connectionId: string;
  schedule: Schedule | null;
  paused: boolean;
  regularAt: number | null;
  retryAt: number | null;
  tries: number;
  now: number;
};
export type DueSync = SyncTimes & { schedule: Schedule };

type Trigger = Exclude<ConnectionEvent, { type: 'CrmCredentialsReplaced' | 'CrmSettingsChanged' }>;

/** When each connection syncs by itself. Events say what is wanted and what failed; taking a time that has come is state. */
@Injectable()
export class SyncTimeTable implements ReadModel<Trigger | SyncFailed> {
  readonly name = 'sync-times';
  readonly tables = ['sync_times'] as const;
  readonly on = [
    'CrmConnected',
    'CrmScheduleChanged',
    'CrmNeedsAttention',
    'CrmRecovered',
    'CrmDisconnected',
    'SyncFailed',
  ] as const;

  /** Times that have come are not due again. */
  readonly keep = sql`
    update sync_times t set regular_at = o.regular_at, retry_at = o.retry_at, tries = o.tries, run_id = o.run_id
      from public.sync_times o
     where o.connection_id = t.connection_id and o.schedule is not distinct from t.schedule`;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<Trigger | SyncFailed>[]): Promise<void> => {
    for (const event of events) {
      if (event.type === 'CrmScheduleChanged') await this.planned(event);
      else if (event.type === 'SyncFailed') await this.failed(event);
      else await this.database.execute(CHANGES[event.type](event.data.connectionId));
    }
  };

  async of(connectionIds: readonly string[]): Promise<ReadonlyMap<string, SyncTimes>> {
    const rows = await this.database.rows(sql<SyncTimes>`
      ${TIMES} where connection_id = any(${connectionIds}::uuid[])`);
    return new Map(rows.map((row) => [row.connectionId, row]));
  }

  /** Connections whose time has come, the longest waiting first. */
  async due(): Promise<string[]> {
    const rows = await this.database.rows(sql<{ id: string }>`
      select connection_id as id from sync_times where ${IS_DUE} order by least(regular_at, retry_at)`);
    return rows.map(({ id }) => id);
  }

  /** Takes the time that has come, until the transaction ends. Undefined when another instance has it, or had it. */
  async take(connectionId: string): Promise<DueSync | undefined> {
    return this.database.row(sql<DueSync>`
      ${TIMES} where connection_id = ${connectionId} and ${IS_DUE} for update skip locked`);
  }

  /** Moves on to the next time: however many have passed, they were one. */
  async advance({ connectionId, schedule, regularAt, tries, now }: DueSync, runId: string): Promise<void> {
    const isRegular = regularAt !== null && regularAt <= now;
    const next = firstAfter(schedule, connectionId, now);
    await this.database.execute(sql`
      update sync_times set regular_at = ${instant(next)}, retry_at = null, tries = ${isRegular ? 0 : tries + 1},
        run_id = ${runId} where connection_id = ${connectionId}`);
  }

  private async planned({ data: { connectionId, schedule }, recordedAt }: Recorded<CrmScheduleChanged>) {
    const next = schedule === null ? null : firstAfter(schedule, connectionId, Date.parse(recordedAt));
    await this.database.execute(sql`
      update sync_times set schedule = ${schedule === null ? null : JSON.stringify(schedule)}::jsonb,
        regular_at = ${instant(next)}, retry_at = null, tries = 0, run_id = null
       where connection_id = ${connectionId}`);
  }

  /**
   * Only where the run is the one that a schedule has started or joined. A row that somebody is taking at this moment is
   * left to him: he starts the next run.
   */
  private async failed({ data, recordedAt }: Recorded<SyncFailed>): Promise<void> {
    const row = await this.database.row(sql<SyncTimes>`
      ${TIMES} where run_id = ${data.runId} for update skip locked`);
    if (row === undefined) return;
    const { connectionId, tries, paused } = row;
    const { code } = data.reason;
    const at = Date.parse(recordedAt);
    const again = paused ? at : retryAfter({ code, at }, tries, placeOf(connectionId));
    await this.database.execute(sql`
      update sync_times set retry_at = case when ${instant(again)} < regular_at then ${instant(again)} end, run_id = null
       where connection_id = ${connectionId}`);
  }
}

const firstAfter = (schedule: Schedule, connectionId: string, after: number): number | null =>
  timesAfter(schedule, connectionId, after).next().value ?? null;

const instant = (at: number | null) => sql`to_timestamp(${at === null ? null : at / 1000}::float8)`;

const epoch = (column: string) => sql`(extract(epoch from ${sql.ref(column)}) * 1000)::float8`;

const TIMES = sql`select connection_id as "connectionId", schedule, paused, ${epoch('regular_at')} as "regularAt",
  ${epoch('retry_at')} as "retryAt", tries, (extract(epoch from clock_timestamp()) * 1000)::float8 as now
  from sync_times`;

const IS_DUE = sql`not paused and least(regular_at, retry_at) <= clock_timestamp()`;

const CHANGES = {
  CrmConnected: (id: string) => sql`insert into sync_times (connection_id) values (${id})`,
  CrmNeedsAttention: (id: string) => sql`update sync_times set paused = true where connection_id = ${id}`,
  CrmRecovered: (id: string) => sql`update sync_times set paused = false where connection_id = ${id}`,
  CrmDisconnected: (id: string) => sql`delete from sync_times where connection_id = ${id}`,
};
