import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Interval } from '@nestjs/schedule';
import type { Caller } from '../../shared/caller.ts';
import { isDatabaseOutage, isDiskFull } from '../../shared/database/database-outage.ts';
import { VersionCheck } from '../../shared/database/version-check.ts';
import { Refusal } from '../../shared/errors.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { Jobs } from '../../shared/jobs/jobs.ts';
import type { Job, JobQueue } from '../../shared/jobs/jobs.ts';
import { Shutdown } from '../../shared/shutdown.ts';
import { GetConnection, connectionDisconnected } from '../crm-connection/contract.ts';
import { SyncCrm } from './contract.ts';
import { ActiveRuns, LeaseLost, RunCancelled } from './runs/active-runs.store.ts';
import type { Found, Phase, TakenUp } from './runs/active-runs.store.ts';
import { EndRun, eachOnce } from './runs/end-run.ts';
import type { Progress, RunTask } from './runs/run-task.ts';
import { SyncRuns } from './runs/sync-runs.read-model.ts';
import { SyncBookings } from './sync-bookings.ts';
import { SyncClients } from './sync-clients.ts';

/** A worker that is silent for 15 s is dead; with the looks for silence and for work, another is at it within 30 s. */
const RUNS: JobQueue = {
  name: 'sync-runs',
  keep: 'all',
  heartbeat: 15,
  retries: 10,
  pause: 2,
  longestPause: 60,
  atATime: 4,
};
/** What is to be done; whoever does it, does it in the name of who asked for it. */
type Order = { runId: string; by: Caller };

const BEAT = 2_000; // ms, so often it is asked whether the run shall go on
const LOOK_FOR_LOST = 10_000; // ms

/** Works on runs, whichever instance has started them, from where the worker before has come to. */
@Injectable()
export class RunWorker implements OnModuleInit {
  private readonly log = new Logger(RunWorker.name);

  constructor(
    private readonly jobs: Jobs,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly clients: SyncClients,
    private readonly bookings: SyncBookings,
    private readonly activeRuns: ActiveRuns,
    private readonly runs: SyncRuns,
    private readonly endRun: EndRun,
    private readonly shutdown: Shutdown,
    private readonly version: VersionCheck,
  ) {}

  onModuleInit(): void {
    this.jobs.on<Order>(RUNS, (job) => this.work(job));
  }

  /** Has the run worked on, by whoever is free. Joins the open transaction. */
  async order(runId: string, by: Caller): Promise<void> {
    await this.jobs.send(RUNS, { runId, by }, { key: runId });
  }

  /** A run of which nobody does anything any more: its workers died so often that it was given up. */
  @Interval(LOOK_FOR_LOST)
  async endTheLost(): Promise<void> {
    try {
      for (const runId of await this.activeRuns.all()) {
        if (!(await this.jobs.has(RUNS, runId))) await this.endRun.interrupted(runId, GIVEN_UP);
      }
    } catch (error) {
      this.log.warn({ err: error }, 'lost runs could not be looked for');
    }
  }

  private async work({ data: { runId, by }, signal: ending, isLast }: Job<Order>): Promise<void> {
    const taken = await this.activeRuns.takeUp(runId);
    if (taken === undefined) return; // it has ended
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, ending]);
    const progress: Progress = {
      counts: taken.counts,
      total: taken.total,
      phase: taken.found === null ? 'clients' : 'bookings',
    };
    const beating = setInterval(() => void this.beat(taken, abort), BEAT);
    try {
      if (taken.cancelledBy !== null) throw new RunCancelled(taken.cancelledBy);
      await this.sync(taken, progress, by, signal);
    } catch (error) {
      // The queue has taken the job away: it took this worker for dead, and gives it to another if it has not done so yet.
      const isLost = ending.aborted && !this.shutdown.signal.aborted;
      const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
      if (isLast && isDiskFull(cause)) await this.waitForRoom(runId, by);
      else await this.endAfter(isLost ? new LeaseLost(runId) : cause, taken, progress.phase, by);
    } finally {
      clearInterval(beating);
    }
  }

  private async sync(taken: TakenUp, progress: Progress, by: Caller, signal: AbortSignal): Promise<void> {
    const { runId, fence, connectionId } = taken;
    const connection = await this.queries.execute(new GetConnection(connectionId));
    if (connection.status === 'disconnected') throw connectionDisconnected();
    const task: RunTask = { runId, fence, connection, by, signal };
    const found = taken.found ?? (await this.clients.sync(task, progress, taken.cursor));
    if (taken.found === null) await this.activeRuns.beginBookings(task, found);
    progress.phase = 'bookings';
    const { doubt, warnings } = await this.bookings.sync(task, progress);
    const doubts = [found.doubt, doubt].filter((one) => one !== null);
    const end = {
      doubt: doubts.length === 0 ? null : doubts.join(' '),
      warnings: eachOnce([...found.warnings, ...taken.warnings, ...warnings]),
      ...(found.missed && { missed: found.missed }),
    };
    await this.endRun.completed(taken, end, by, () => this.applyApproved(taken, end));
  }

  /**
   * Somebody has approved the deletions of an earlier run when this one was past them, and holds them as well: another run
   * applies them. Joins the open transaction.
   */
  private async applyApproved({ runId, connectionId }: TakenUp, { missed }: Found): Promise<void> {
    if (missed?.heldDeletions === undefined) return;
    const actor = await this.runs.approvedSince(runId);
    if (actor === undefined) return;
    await this.commands.execute(new SyncCrm(connectionId, 'api', { actor, correlationId: runId }));
  }

  /** Ends the work when the run is not ours any more, when somebody wants it to end, or without its connection. */
  private async beat(taken: TakenUp, abort: AbortController): Promise<void> {
    try {
      await this.activeRuns.mayGoOn(taken);
      const { status } = await this.queries.execute(new GetConnection(taken.connectionId));
      if (status === 'disconnected') abort.abort(connectionDisconnected());
    } catch (error) {
      // A database that is away for a moment is no reason to give up.
      if (error instanceof LeaseLost || error instanceof RunCancelled) abort.abort(error);
      else this.log.warn({ err: error, runId: taken.runId }, 'the run could not be looked at');
    }
  }

  /** However often it has been tried: when somebody makes room is not in our hands, and whoever does finds the run going on. */
  private async waitForRoom(runId: string, by: Caller): Promise<void> {
    this.log.warn({ runId }, 'the run goes on waiting until the disk of the database has room');
    await this.events.transaction(() => this.order(runId, by));
  }

  /** @throws what may pass: the queue has the run tried again, from where it is. */
  private async endAfter(cause: unknown, taken: TakenUp, phase: Phase, by: Caller): Promise<void> {
    const { runId } = taken;
    if (cause instanceof LeaseLost) {
      this.log.warn({ runId }, 'the run is left to another worker');
    } else if (cause instanceof RunCancelled) {
      await this.endRun.cancelled(taken, cause.by);
    } else if (this.shutdown.signal.aborted) {
      await this.events.transaction(() => this.order(runId, by));
      this.log.log({ runId }, 'the run was handed back');
    } else if (isDatabaseOutage(cause)) {
      const until = isDiskFull(cause) ? 'until the disk of the database has room' : 'for the database';
      this.log.warn({ runId }, `the run waits ${until}`);
      throw cause;
    } else {
      // A newer version may just have taken away what this one has asked for: then the run goes on there.
      if (!(cause instanceof Refusal) && (await this.version.isOutdated())) throw cause;
      if (!(cause instanceof Refusal)) this.log.error({ err: cause, runId }, 'the run failed');
      await this.endRun.failed(taken, { ...reasonOf(cause), phase }, by);
    }
  }
}

const GIVEN_UP =
  'It was taken up again and again and could not be brought to its end; the log of the service says more. What was written stays.';

const reasonOf = (error: unknown): { code: string; detail: string } =>
  error instanceof Refusal
    ? { code: error.code, detail: error.message }
    : {
        code: 'internal-error',
        detail:
          'Something went wrong inside crm-sync. The log of the service says more; pages already written stay.',
      };
