import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { SyncCounts } from './contract.ts';
import { NO_COUNTS } from './sync-run.decider.ts';

export type Phase = 'clients' | 'bookings';
/** How far a run has come since the last time it said so; `total` is how many records the CRM has announced. */
export type Step = { counts: SyncCounts; phase: Phase; total: number | null };
/** How far a run has come. `unsaved` is what its row does not say yet: the next heartbeat does. */
export type Progress = { counts: SyncCounts; unsaved: SyncCounts; phase: Phase; total: number | null };
export type ActiveRun = { connectionId: string; runId: string; counts: SyncCounts; dead: boolean };

/** Whoever works on this run is not its worker any more: another instance has ended it. */
export class LeaseLost extends Error {
  constructor(runId: string) {
    super(`Run ${runId} is not this worker's any more.`);
    this.name = 'LeaseLost';
  }
}

/** How long a run may stay silent before others take its worker for dead. Time is the database's. */
const LEASE = sql`clock_timestamp() + interval '60 seconds'`;

/** The one run that each connection may have at a time. State, not facts: gone when the run has ended. */
@Injectable()
export class ActiveRuns {
  constructor(private readonly database: Database) {}

  /** Makes `runId` the active run of the connection, unless there is one already. */
  async claim(connectionId: string, runId: string): Promise<boolean> {
    const claimed = await this.database.execute(sql`
      insert into active_runs (connection_id, run_id, lease_until, counts, phase, done)
      values (${connectionId}, ${runId}, ${LEASE}, ${JSON.stringify(NO_COUNTS)}::json, 'starting', 0)
      on conflict (connection_id) do nothing`);
    return claimed === 1;
  }

  /**
   * Prolongs the lease and adds a step to how far the run has come; proves, inside a page's transaction, that it is still
   * ours. Steps are added up by the database, because two pages may be on their way at a time.
   */
  async advance(runId: string, { counts, phase, total }: Step): Promise<void> {
    const ours = await this.database.execute(sql`
      update active_runs set lease_until = ${LEASE}, phase = ${phase}, total = ${total}::int,
        done = done + ${counts.fetched + counts.bookings.fetched},
        counts = (select json_object_agg(step.key, case json_typeof(step.value)
                    when 'number' then to_json(step.value::text::int + coalesce((counts ->> step.key)::int, 0))
                    else (select json_object_agg(key, value::int + coalesce((counts -> step.key ->> key)::int, 0))
                            from json_each_text(step.value)) end)
                    from json_each(${JSON.stringify(counts)}::json) as step)
       where run_id = ${runId}`);
    if (ours !== 1) throw new LeaseLost(runId);
  }

  /** Gives the connection free. False when somebody else has done so before. */
  async release(runId: string): Promise<boolean> {
    return (await this.database.execute(sql`delete from active_runs where run_id = ${runId}`)) === 1;
  }

  async ofConnection(connectionId: string): Promise<ActiveRun | undefined> {
    return this.database.row(sql<ActiveRun>`${ACTIVE_RUN} where connection_id = ${connectionId}`);
  }

  async dead(): Promise<ActiveRun[]> {
    return this.database.rows(sql<ActiveRun>`${ACTIVE_RUN} where lease_until < clock_timestamp()`);
  }
}

const ACTIVE_RUN = sql`select connection_id as "connectionId", run_id as "runId", counts,
  lease_until < clock_timestamp() as dead from active_runs`;
