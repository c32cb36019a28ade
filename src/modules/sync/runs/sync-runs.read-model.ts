import { Injectable } from '@nestjs/common';
import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import { Database } from '../../../shared/database/database.ts';
import { Refusal } from '../../../shared/errors.ts';
import type { ReadModel } from '../../../shared/event-store/event-store.ts';
import type { Recorded } from '../../../shared/event-store/event.ts';
import { GetRun } from '../contract.ts';
import type { SyncEvent, SyncRun } from '../contract.ts';
import type { PastRun } from '../deletions/deletion-fuse.ts';

export type RunQuestion = {
  connectionId?: string | undefined;
  status?: string | undefined;
  /** The id of a run. */
  after: string | null;
  limit: number;
};

/** Every run and how it ended. */
@Injectable()
export class SyncRuns implements ReadModel<SyncEvent> {
  readonly name = 'sync-runs';
  readonly tables = ['sync_runs'] as const;
  readonly on = [
    'SyncStarted',
    'SyncCompleted',
    'SyncFailed',
    'SyncInterrupted',
    'SyncCancelled',
    'DeletionsApproved',
  ] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<SyncEvent>[]): Promise<void> => {
    for (const event of events) {
      const { data, recordedAt } = event;
      if (event.type === 'SyncStarted') {
        await this.database.execute(sql`
          insert into sync_runs (id, position, connection_id, trigger, status, started_at)
          values (${data.runId}, ${event.position}, ${data.connectionId}, ${event.data.trigger}, 'running', ${recordedAt})`);
      } else if (event.type === 'DeletionsApproved') {
        await this.database.execute(sql`
          update sync_runs set approved_at = ${recordedAt}, approved_by = ${event.meta.actor} where id = ${data.runId}`);
      } else {
        const { status, error, warnings } = endOf(event);
        const { absences = null, heldDeletions: held = null } =
          event.type === 'SyncCompleted' ? event.data : {};
        await this.database.execute(sql`
          update sync_runs set status = ${status}, counts = ${JSON.stringify(event.data.counts)}::json,
            absences = ${absences === null ? null : JSON.stringify(absences)}::jsonb,
            held_deletions = ${held === null ? null : JSON.stringify(held)}::jsonb,
            error = ${error === null ? null : JSON.stringify(error)}::jsonb,
            warnings = ${JSON.stringify(warnings)}::jsonb, finished_at = ${recordedAt}
          where id = ${data.runId}`);
      }
    }
  };

  /** The last runs whose listing was believed, or has been approved by a person, newest first. */
  async believed(connectionId: string): Promise<PastRun[]> {
    return this.database.rows(sql<PastRun>`
      select (counts ->> 'fetched')::int as fetched, approved_at is not null as approved from sync_runs
       where connection_id = ${connectionId}
         and (status in ('succeeded', 'succeeded-with-errors') or approved_at is not null)
       order by position desc limit ${BELIEVED}`);
  }

  /** Who has approved deletions of the same connection since this run began; the last one. */
  async approvedSince(id: string): Promise<string | undefined> {
    const row = await this.database.row(sql<{ by: string }>`
      select held.approved_by as by from sync_runs r join sync_runs held using (connection_id)
       where r.id = ${id} and held.approved_at >= r.started_at order by held.approved_at desc limit 1`);
    return row?.by;
  }

  async one(id: string): Promise<SyncRun | undefined> {
    return this.database.row(sql<SyncRun>`${RUN} where r.id = ${id}`);
  }

  /** Where in the log it began. */
  async positionOf(id: string): Promise<string> {
    const row = await this.database.row(
      sql<{ position: string }>`select position from sync_runs where id = ${id}`,
    );
    return row!.position;
  }

  async lastOfEach(): Promise<SyncRun[]> {
    return this.database.rows(sql<SyncRun>`
      ${RUN} where r.id in (select distinct on (connection_id) id from sync_runs
        order by connection_id, position desc) order by r.position desc`);
  }

  async page({ connectionId, status, after, limit }: RunQuestion): Promise<SyncRun[]> {
    const conditions = [sql`true`];
    if (connectionId !== undefined) conditions.push(sql`r.connection_id = ${connectionId}`);
    if (status !== undefined) conditions.push(sql`r.status = ${status}`);
    if (after !== null) {
      conditions.push(sql`r.position < (select position from sync_runs where id = ${after})`);
    }
    return this.database.rows(sql<SyncRun>`
      ${RUN} where ${sql.join(conditions, sql` and `)} order by r.position desc limit ${limit}`);
  }
}

@QueryHandler(GetRun)
export class GetRunHandler implements IQueryHandler<GetRun> {
  constructor(private readonly runs: SyncRuns) {}

  async execute({ runId }: GetRun): Promise<SyncRun> {
    const run = await this.runs.one(runId);
    if (run === undefined) throw new Refusal('not-found', 'run-not-found', 'There is no run with this id.');
    return run;
  }
}

const BELIEVED = 5;

type Ended = Exclude<SyncEvent, { type: 'SyncStarted' | 'DeletionsApproved' }>;

const endOf = (event: Ended): Pick<SyncRun, 'status' | 'error' | 'warnings'> => {
  const { warnings = [] } = event.data;
  switch (event.type) {
    case 'SyncCompleted': {
      const { status, reason, heldDeletions } = event.data;
      const code = heldDeletions === undefined ? 'listing-doubtful' : 'deletions-held';
      const error = reason === null ? null : { code, detail: reason, phase: null };
      return { status, error, warnings };
    }
    case 'SyncFailed':
      return { status: 'failed', error: event.data.reason, warnings };
    case 'SyncInterrupted': {
      const error = { code: 'interrupted', detail: event.data.reason, phase: null };
      return { status: 'interrupted', error, warnings };
    }
    case 'SyncCancelled': {
      const error = { code: 'cancelled', detail: 'Somebody stopped it.', phase: null };
      return { status: 'cancelled', error, warnings };
    }
  }
};

const COUNTS = sql`coalesce(r.counts, a.counts)`;
const MET = sql`(${COUNTS} ->> 'fetched')::int + (${COUNTS} -> 'bookings' ->> 'fetched')::int`;

const RUN = sql`select r.id, r.connection_id as "connectionId", r.trigger, r.status, ${COUNTS} as counts,
    iso_utc(r.started_at) as "startedAt", iso_utc(r.finished_at) as "finishedAt", r.error, r.warnings,
    coalesce(r.absences, '{"missing": 0, "gone": 0, "returned": 0}') as absences, r.held_deletions || jsonb_build_object('approved', r.approved_at is not null,
      'approvedAt', iso_utc(r.approved_at), 'approvedBy', r.approved_by) as "heldDeletions",
    json_build_object('phase', coalesce(a.phase, 'ended'), 'done', coalesce(a.done, ${MET}),
      'total', case when a.run_id is null then ${MET} else a.total end) as progress
  from sync_runs r left join active_runs a on a.run_id = r.id`;
