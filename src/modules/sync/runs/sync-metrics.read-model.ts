import { Injectable, Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseMetrics } from '../../../shared/database/database-metrics.ts';
import { Database } from '../../../shared/database/database.ts';
import { Metrics } from '../../../shared/metrics/metrics.ts';
import type { SyncCounts } from '../contract.ts';
import { EndRun } from './end-run.ts';

const SECONDS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/** What runs have done, counted in the process that ends them, once that has been committed; and what waits. */
@Injectable()
export class SyncMetrics {
  private readonly log = new Logger(SyncMetrics.name);
  private readonly runs;
  private readonly durations;
  private readonly clients;
  private readonly bookings;

  constructor(
    private readonly database: Database,
    metrics: Metrics,
    questions: DatabaseMetrics,
    endRun: EndRun,
  ) {
    this.runs = metrics.counter('crm_sync_runs_total', 'Runs that this process has ended.');
    this.durations = metrics.histogram(
      'crm_sync_run_duration_seconds',
      'From their start to their end.',
      SECONDS,
    );
    this.clients = metrics.counter(
      'crm_sync_clients_total',
      'Clients that these runs fetched, by outcome; "created": a new lead.',
    );
    this.bookings = metrics.counter(
      'crm_sync_bookings_total',
      'Bookings that these runs fetched, by outcome.',
    );
    ask(questions);
    endRun.onEnd((runId, counts) => {
      this.count(counts);
      void this.note(runId);
    });
  }

  private count({ bookings, ...clients }: SyncCounts): void {
    for (const [counter, counts] of [
      [this.clients, clients],
      [this.bookings, bookings],
    ] as const)
      for (const [outcome, count] of Object.entries(counts))
        if (outcome !== 'fetched') counter.add({ outcome }, count);
  }

  private async note(runId: string): Promise<void> {
    try {
      const row = await this.database.row(sql<{ trigger: string; status: string; seconds: number }>`
        select trigger, status, extract(epoch from finished_at - started_at)::float8 as seconds
          from sync_runs where id = ${runId}`);
      if (row === undefined) return;
      const { trigger, status, seconds } = row;
      this.runs.add({ trigger, status });
      this.durations.observe({ status }, seconds);
    } catch (error) {
      this.log.warn({ err: error, runId }, 'a run was not counted for /metrics');
    }
  }
}

const ask = (questions: DatabaseMetrics): void => {
  questions.ask(
    {
      name: 'crm_sync_active_runs',
      help: 'Runs that go on, whichever instance works on them.',
      type: 'gauge',
    },
    sql`select '{}'::jsonb, count(*) from active_runs`,
  );
  questions.ask(
    {
      name: 'crm_sync_quarantine_waiting',
      help: 'Records that no run could take, by reason.',
      type: 'gauge',
    },
    sql`select jsonb_build_object('kind', kind, 'code', code), count(*) from quarantine
         where dismissed_at is null group by kind, code`,
  );
};
