import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Caller } from '../../../shared/caller.ts';
import { Database } from '../../../shared/database/database.ts';
import type { SyncCounts, SyncWarning } from '../contract.ts';
import { NO_COUNTS } from './sync-run.decider.ts';
import type { Doubt, Missed } from './sync-run.decider.ts';

export type Phase = 'clients' | 'bookings';

/** Who works on a run: valid until another takes it up. */
export type Claim = { runId: string; fence: number };

/** What the clients' half of a run has left for its end. */
export type Found = { doubt: Doubt; warnings: SyncWarning[]; missed?: Missed };

/** How far a run has come since the last step; `total` is how many records the CRM has announced. */
export type Step = {
  counts: SyncCounts;
  phase: Phase;
  total: number | null;
  /** Whom this step has met. */
  externalIds: readonly string[];
  others?: readonly string[];
  /** Where the list can be read on from here, null: nowhere but at its start. Left out: as before. */
  cursor?: string | null;
  /** What a person should know of the records of this step: kept with them, whoever comes to the end of the run. */
  warnings?: readonly SyncWarning[];
};

/** A run as whoever takes it up finds it. */
export type TakenUp = Claim & {
  connectionId: string;
  counts: SyncCounts;
  phase: Phase | 'starting';
  total: number | null;
  cursor: string | null;
  found: Found | null;
  /** What those before have heard of the records that they have written. */
  warnings: SyncWarning[];
  cancelledBy: Caller | null;
};

/** A run as it is when its connection is given free. `warnings`: what was heard of what has been written. */
export type Released = { counts: SyncCounts; warnings: SyncWarning[]; cancelledBy: Caller | null };

/** Whoever works on this run is not its worker any more: it has been taken up by another, or has ended. */
export class LeaseLost extends Error {
  constructor(runId: string) {
    super(`Run ${runId} is not this worker's any more.`);
    this.name = 'LeaseLost';
  }
}

/** Somebody wants the run to end. */
export class RunCancelled extends Error {
  constructor(readonly by: Caller) {
    super('The run was cancelled.');
    this.name = 'RunCancelled';
  }
}

/** After that the list has moved on too far: it is read from its start. */
const CURSOR_LASTS = sql`interval '10 minutes'`;

const withEach = (warnings: readonly SyncWarning[]): RawBuilder<unknown> => sql`(
  select jsonb_agg(warning) from (
    select distinct on (warning ->> 'code') warning
      from jsonb_array_elements(${JSON.stringify(warnings)}::jsonb || warnings) as warning) each_once)`;

/** The one run that each connection may have at a time. State, not facts: gone when the run has ended. */
@Injectable()
export class ActiveRuns {
  constructor(private readonly database: Database) {}

  /** Makes `runId` the active run of the connection, unless there is one already. */
  async claim(connectionId: string, runId: string): Promise<boolean> {
    const claimed = await this.database.execute(sql`
      insert into active_runs (connection_id, run_id, counts, phase, done)
      values (${connectionId}, ${runId}, ${JSON.stringify(NO_COUNTS)}::json, 'starting', 0)
      on conflict (connection_id) do nothing`);
    return claimed === 1;
  }

  /** From here on whoever worked on it before cannot write any more. Undefined when it has ended. */
  async takeUp(runId: string): Promise<TakenUp | undefined> {
    return this.database.row(sql<TakenUp>`
      update active_runs set fence = fence + 1 where run_id = ${runId}
      returning run_id as "runId", fence, connection_id as "connectionId", counts, phase, total, found, warnings,
        cancelled_by as "cancelledBy",
        case when moved_at > clock_timestamp() - ${CURSOR_LASTS} then cursor end as cursor`);
  }

  /** The database's time. */
  async now(): Promise<string> {
    const row = await this.database.row(sql<{ now: string }>`select iso_utc(clock_timestamp()) as now`);
    return row!.now;
  }

  /** Whom a run has met so far. */
  async seen(
    runId: string,
    kind: 'client' | 'booking',
  ): Promise<{ externalIds: string[]; others: string[] }> {
    const row = await this.database.row(sql<{ externalIds: string[]; others: string[] }>`
      select array(select unnest(external_ids) from run_seen where run_id = ${runId} and kind = ${kind}) as "externalIds",
             array(select unnest(others) from run_seen where run_id = ${runId} and kind = ${kind}) as others`);
    return row!;
  }

  /**
   * Adds a step to how far the run has come; proves, inside a page's transaction, that it is still ours and wanted.
   * @throws LeaseLost, RunCancelled
   */
  async advance(
    { runId, fence }: Claim,
    { counts, phase, total, externalIds, others = [], cursor, warnings = [] }: Step,
  ): Promise<void> {
    const kind = phase === 'clients' ? 'client' : 'booking';
    const [moved] = await this.database.rows(sql<{ cancelledBy: Caller | null }>`
      with moved as (
        update active_runs set phase = ${phase}, total = ${total}::int, moved_at = clock_timestamp(),
          done = done + ${counts.fetched + counts.bookings.fetched},
          cursor = ${cursor === undefined ? sql`cursor` : sql`${cursor}::text`},
          warnings = ${warnings.length === 0 ? sql`warnings` : withEach(warnings)},
          counts = (select json_object_agg(step.key, case json_typeof(step.value)
                      when 'number' then to_json(step.value::text::int + coalesce((counts ->> step.key)::int, 0))
                      else (select json_object_agg(key, value::int + coalesce((counts -> step.key ->> key)::int, 0))
                              from json_each_text(step.value)) end)
                      from json_each(${JSON.stringify(counts)}::json) as step)
         where run_id = ${runId} and fence = ${fence} returning run_id, cancelled_by
      ), noted as (
        insert into run_seen (run_id, kind, external_ids, others)
        select run_id, ${kind}, ${externalIds}::text[], ${others}::text[] from moved
         where ${externalIds.length + others.length > 0}
      )
      select cancelled_by as "cancelledBy" from moved`);
    if (moved === undefined) throw new LeaseLost(runId);
    if (moved.cancelledBy !== null) throw new RunCancelled(moved.cancelledBy);
  }

  /**
   * The clients are done; what is to be said of them is kept until the end.
   * @throws LeaseLost
   */
  async beginBookings({ runId, fence }: Claim, found: Found): Promise<void> {
    const ours = await this.database.execute(sql`
      update active_runs set phase = 'bookings', total = null, cursor = null, found = ${JSON.stringify(found)}::jsonb,
        moved_at = clock_timestamp()
       where run_id = ${runId} and fence = ${fence}`);
    if (ours !== 1) throw new LeaseLost(runId);
  }

  /**
   * Whether the run shall go on.
   * @throws LeaseLost, RunCancelled
   */
  async mayGoOn({ runId, fence }: Claim): Promise<void> {
    const row = await this.database.row(sql<{ by: Caller | null }>`
      select cancelled_by as by from active_runs where run_id = ${runId} and fence = ${fence}`);
    if (row === undefined) throw new LeaseLost(runId);
    if (row.by !== null) throw new RunCancelled(row.by);
  }

  /** Asks whoever works on the run to end it. False when it has ended. Who asked first counts. */
  async cancel(runId: string, by: Caller): Promise<boolean> {
    const asked = await this.database.execute(sql`
      update active_runs set cancelled_by = coalesce(cancelled_by, ${JSON.stringify(by)}::jsonb) where run_id = ${runId}`);
    return asked === 1;
  }

  /**
   * Gives the connection free, and says what the run has counted and heard, and who wanted it to end before.
   * @throws LeaseLost
   */
  async release({ runId, fence }: Claim): Promise<Released> {
    const row = await this.database.row(sql<Released>`
      delete from active_runs where run_id = ${runId} and fence = ${fence}
      returning counts, coalesce(found -> 'warnings', '[]') || warnings as warnings, cancelled_by as "cancelledBy"`);
    if (row === undefined) throw new LeaseLost(runId);
    return row;
  }

  async ofConnection(connectionId: string): Promise<string | undefined> {
    const row = await this.database.row(sql<{ runId: string }>`
      select run_id as "runId" from active_runs where connection_id = ${connectionId}`);
    return row?.runId;
  }

  async all(): Promise<string[]> {
    const rows = await this.database.rows(sql<{ runId: string }>`select run_id as "runId" from active_runs`);
    return rows.map(({ runId }) => runId);
  }
}
