import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../../shared/database/database.ts';
import type { ReadModel } from '../../../shared/event-store/event-store.ts';
import type { Recorded } from '../../../shared/event-store/event.ts';
import type {
  SyncCancelled,
  SyncCompleted,
  SyncFailed,
  SyncInterrupted,
  SyncStarted,
} from '../../sync/contract.ts';
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
  runId: string | null;
  now: number;
};
export type DueSync = SyncTimes & { schedule: Schedule };

type Trigger = Exclude<ConnectionEvent, { type: 'CrmCredentialsReplaced' | 'CrmSettingsChanged' }>;
type SyncEnded = SyncCompleted | SyncFailed | SyncCancelled | SyncInterrupted;
type TimeEvent = Trigger | SyncStarted | SyncEnded;

/**
 * When each connection syncs by itself. Events say what is wanted, which time has started a run and what failed. A time
 * that has only joined a run is moved on at once, which is state; the end of that run says the same to whoever reads the log.
 */
@Injectable()
export class SyncTimeTable implements ReadModel<TimeEvent> {
  readonly name = 'sync-times';
  readonly tables = ['sync_times'] as const;
  readonly on = [
    'CrmConnected',
    'CrmScheduleChanged',
    'CrmNeedsAttention',
    'CrmRecovered',
    'CrmDisconnected',
    'SyncStarted',
    'SyncCompleted',
    'SyncFailed',
    'SyncCancelled',
    'SyncInterrupted',
  ] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<TimeEvent>[]): Promise<void> => {
    for (const event of events) {
      switch (event.type) {
        case 'CrmScheduleChanged':
          await this.planned(event);
          break;
        case 'SyncStarted':
          await this.started(event);
          break;
        case 'SyncCompleted':
        case 'SyncFailed':
        case 'SyncCancelled':
        case 'SyncInterrupted':
          await this.ended(event);
          break;
        default:
          await this.database.execute(CHANGES[event.type](event.data.connectionId));
      }
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

  /** Moves on to the next time, as of `now`: however many have passed, they were one. */
  async advance(due: DueSync, runId: string): Promise<void> {
    const { connectionId, schedule, regularAt, retryAt, now } = due;
    const isRetry = retryAt !== null && (regularAt === null || regularAt > now);
    const tries = isRetry ? due.tries + 1 : 0;
    const next = firstAfter(schedule, connectionId, now);
    await this.database.execute(sql`
      update sync_times set regular_at = ${instant(next)}, retry_at = null, tries = ${tries}, run_id = ${runId}
       where connection_id = ${connectionId}`);
  }

  private async planned({ data: { connectionId, schedule }, recordedAt }: Recorded<CrmScheduleChanged>) {
    const next = schedule === null ? null : firstAfter(schedule, connectionId, Date.parse(recordedAt));
    await this.database.execute(sql`
      update sync_times set schedule = ${schedule === null ? null : JSON.stringify(schedule)}::jsonb,
        regular_at = ${instant(next)}, retry_at = null, tries = 0, run_id = null
       where connection_id = ${connectionId}`);
  }

  /** A time that has come has started this run, in the transaction that has taken it. */
  private async started({ data, recordedAt }: Recorded<SyncStarted>): Promise<void> {
    if (data.trigger !== 'schedule') return;
    const row = (await this.of([data.connectionId])).get(data.connectionId);
    if (row === undefined || row.schedule === null) return;
    await this.advance({ ...row, schedule: row.schedule, now: Date.parse(recordedAt) }, data.runId);
  }

  /**
   * A time that has come while a run was going on has joined it, whether anybody has looked meanwhile or not. Where the run
   * is one that a schedule has started or joined, its failure is tried again. A row that somebody is taking at this moment
   * is left to him: he starts the next run.
   */
  private async ended(event: Recorded<SyncEnded>): Promise<void> {
    const { runId, connectionId } = event.data;
    const row = await this.database.row(sql<SyncTimes>`
      ${TIMES} where connection_id = ${connectionId} and schedule is not null for update skip locked`);
    if (row === undefined) return;
    const due: DueSync = { ...row, schedule: row.schedule!, now: Date.parse(event.recordedAt) };
    const joins = hasCome(due);
    if (joins) await this.advance(due, runId);
    if (event.type === 'SyncFailed' && (joins || row.runId === runId)) await this.failed(event);
  }

  private async failed({ data: { connectionId, reason }, recordedAt }: Recorded<SyncFailed>): Promise<void> {
    const { tries, paused } = (await this.of([connectionId])).get(connectionId)!;
    const at = Date.parse(recordedAt);
    const again = paused ? at : retryAfter({ code: reason.code, at }, tries, placeOf(connectionId));
    await this.database.execute(sql`
      update sync_times set retry_at = case when ${instant(again)} < regular_at then ${instant(again)} end, run_id = null
       where connection_id = ${connectionId}`);
  }
}

const hasCome = ({ paused, regularAt, retryAt, now }: DueSync): boolean =>
  !paused && Math.min(regularAt ?? Infinity, retryAt ?? Infinity) <= now;

const firstAfter = (schedule: Schedule, connectionId: string, after: number): number | null =>
  timesAfter(schedule, connectionId, after).next().value ?? null;

const instant = (at: number | null) => sql`to_timestamp(${at === null ? null : at / 1000}::float8)`;

const epoch = (column: string) => sql`(extract(epoch from ${sql.ref(column)}) * 1000)::float8`;

const TIMES = sql`select connection_id as "connectionId", schedule, paused, ${epoch('regular_at')} as "regularAt",
  ${epoch('retry_at')} as "retryAt", tries, run_id as "runId", (extract(epoch from clock_timestamp()) * 1000)::float8 as now
  from sync_times`;

const IS_DUE = sql`not paused and least(regular_at, retry_at) <= clock_timestamp()`;

const CHANGES = {
  CrmConnected: (id: string) => sql`insert into sync_times (connection_id) values (${id})`,
  CrmNeedsAttention: (id: string) => sql`update sync_times set paused = true where connection_id = ${id}`,
  CrmRecovered: (id: string) => sql`update sync_times set paused = false where connection_id = ${id}`,
  CrmDisconnected: (id: string) => sql`delete from sync_times where connection_id = ${id}`,
};
