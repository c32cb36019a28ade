import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Interval } from '@nestjs/schedule';
import { Refusal } from '../../shared/errors.ts';
import { Shutdown } from '../../shared/shutdown.ts';
import { CrmClients, GetConnection, connectionDisconnected } from '../crm-connection/contract.ts';
import type { ClientPage, CrmClient } from '../crm-connection/contract.ts';
import { ActiveRuns, LeaseLost } from './active-runs.store.ts';
import type { Progress } from './active-runs.store.ts';
import { batches } from './batches.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import { EndRun } from './end-run.ts';
import { overlap } from './overlap.ts';
import { SyncBookings } from './sync-bookings.ts';
import { SyncPage } from './sync-page.ts';
import type { Contested, RunTask, Work } from './sync-page.ts';
import { NO_COUNTS, add } from './sync-run.decider.ts';
import type { Doubt } from './sync-run.decider.ts';

const HEARTBEAT = 5_000; // ms, a twelfth of the lease
const AT_A_TIME = 2; // batches: one is decided and sealed while the other is written
const BATCH = 1_000; // clients a transaction: larger ones gain nothing, smaller ones cost (bench/)

/** Works on the runs that this instance has started, and ends those whose worker is dead. */
@Injectable()
export class RunWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(RunWorker.name);
  /** By run id: resolves when it has ended. */
  private readonly working = new Map<string, Promise<void>>();

  constructor(
    private readonly queries: QueryBus,
    private readonly crm: CrmClients,
    private readonly page: SyncPage,
    private readonly bookings: SyncBookings,
    private readonly clients: CrmClientList,
    private readonly activeRuns: ActiveRuns,
    private readonly endRun: EndRun,
    private readonly shutdown: Shutdown,
  ) {}

  work(task: RunTask): void {
    this.working.set(
      task.runId,
      this.run(task).finally(() => this.working.delete(task.runId)),
    );
  }

  /** Resolves when the run has ended, or at once when this instance does not work on it. */
  async ended(runId: string): Promise<void> {
    await this.working.get(runId);
  }

  onApplicationBootstrap(): Promise<void> {
    return this.buryTheDead();
  }

  @Interval(15_000)
  async buryTheDead(): Promise<void> {
    try {
      for (const active of await this.activeRuns.dead()) {
        await this.endRun.interrupted(active, 'Its worker has not been heard of for a minute.');
      }
    } catch (error) {
      this.log.warn({ err: error }, 'dead runs could not be looked for');
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.working.values());
  }

  private async run(given: RunTask): Promise<void> {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.shutdown.signal]);
    const task = { ...given, signal };
    const { runId, connection, by } = task;
    const facts = { runId, connectionId: connection.id };
    const progress: Progress = { counts: NO_COUNTS, unsaved: NO_COUNTS, phase: 'clients', total: null };
    const beating = setInterval(() => void this.beat(task, progress, abort), HEARTBEAT);
    try {
      const doubt = await this.syncClients(task, progress);
      const { doubt: another, warnings } = await this.bookings.sync(task, progress, signal);
      const doubts = [doubt, another].filter((one) => one !== null);
      const end = { doubt: doubts.length === 0 ? null : doubts.join(' '), warnings };
      await this.endRun.completed(facts, progress.counts, end, by);
    } catch (error) {
      await this.endAfter(abort.signal.aborted ? abort.signal.reason : error, task, progress);
    } finally {
      clearInterval(beating);
    }
  }

  /** Keeps the lease, and ends the run when it is not ours any more or its connection has been disconnected. */
  private async beat(
    { runId, connection }: RunTask,
    progress: Progress,
    abort: AbortController,
  ): Promise<void> {
    const { unsaved, phase, total } = progress;
    progress.unsaved = NO_COUNTS;
    try {
      await this.activeRuns.advance(runId, { counts: unsaved, phase, total }).catch((error: unknown) => {
        progress.unsaved = add(progress.unsaved, unsaved);
        throw error;
      });
      const { status } = await this.queries.execute(new GetConnection(connection.id));
      if (status === 'disconnected') abort.abort(connectionDisconnected());
    } catch (error) {
      // A database that is away for a moment is no reason to give up: the lease lasts for many beats.
      if (error instanceof LeaseLost) abort.abort(error);
      else this.log.warn({ err: error, runId }, 'the lease could not be prolonged');
    }
  }

  private async syncClients(task: Work, progress: Progress): Promise<Doubt> {
    const { connection, signal } = task;
    const known = await this.clients.count(connection.id);
    let end: ClientPage['end'] = null;
    const held: CrmClient[] = [];
    const arrived = batches(this.crm.pages(connection.id, signal), BATCH);
    // Custom fields are many requests: those of one batch at a time.
    await overlap(arrived, connection.clientFields ? 1 : AT_A_TIME, async (batch, turn) => {
      signal.throwIfAborted();
      progress.total = batch.at(-1)?.announced ?? progress.total;
      end = batch.at(-1)?.end ?? null;
      held.push(...(await this.write(task, batch, progress, 'hold', turn)));
    });
    await this.settle(task, held, progress);
    return doubtOf(end, progress.counts.fetched, known);
  }

  /** Looks at the clients that were held back until looking again frees none of them any more; the rest must wait. */
  private async settle(task: Work, held: CrmClient[], progress: Progress): Promise<void> {
    let open = held;
    for (let before = Infinity; open.length > 0 && open.length < before;) {
      before = open.length;
      open = await this.write(task, [pageOf(open)], progress, 'hold');
    }
    if (open.length > 0) await this.write(task, [pageOf(open)], progress, 'quarantine');
  }

  private async write(
    task: Work,
    pages: ClientPage[],
    progress: Progress,
    contested: Contested,
    turn?: Promise<void>,
  ): Promise<CrmClient[]> {
    const { phase, total } = progress;
    const { counts, held, saved } = await this.page.write(task, pages, { phase, total }, contested, turn);
    progress.counts = add(progress.counts, counts);
    if (!saved) progress.unsaved = add(progress.unsaved, counts);
    return held;
  }

  private async endAfter(cause: unknown, task: RunTask, { counts, phase }: Progress): Promise<void> {
    const { runId, connection, by } = task;
    const facts = { runId, connectionId: connection.id };
    try {
      if (cause instanceof LeaseLost) {
        this.log.warn({ runId }, 'the run was taken over, its lease had run out');
      } else if (this.shutdown.signal.aborted) {
        await this.endRun.interrupted({ ...facts, counts, dead: false }, STOPPED);
      } else {
        if (!(cause instanceof Refusal)) this.log.error({ err: cause, runId }, 'the run failed');
        await this.endRun.failed(facts, counts, { ...reasonOf(cause), phase }, by);
      }
    } catch (failure) {
      // The lease will run out and another worker will say that this run was interrupted.
      this.log.error({ err: failure, runId }, 'the end of the run could not be recorded');
    }
  }
}

const pageOf = (clients: CrmClient[]): ClientPage => ({
  clients,
  unreadable: [],
  announced: null,
  end: null,
});

const STOPPED = 'The service was stopped while the run was going on.';

const reasonOf = (error: unknown): { code: string; detail: string } =>
  error instanceof Refusal
    ? { code: error.code, detail: error.message }
    : {
        code: 'internal-error',
        detail:
          'Something went wrong inside crm-sync. The log of the service says more; pages already written stay.',
      };

const doubtOf = (end: ClientPage['end'], fetched: number, known: number): Doubt => {
  if (fetched === 0 && known > 0) {
    return `The CRM listed no clients, although ${known} are known. Nothing was changed; see whether the account is the right one and may see all clients.`;
  }
  if (end === null) return 'The CRM stopped listing without saying that it had listed everything.';
  return end.complete ? null : end.reason;
};
