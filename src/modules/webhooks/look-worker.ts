import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Interval } from '@nestjs/schedule';
import { Refusal } from '../../shared/errors.ts';
import { Jobs } from '../../shared/jobs/jobs.ts';
import type { Job } from '../../shared/jobs/jobs.ts';
import { GetConnection } from '../crm-connection/contract.ts';
import type { Connection } from '../crm-connection/contract.ts';
import { LookAtRecord } from './look-at-record.ts';
import { LookPauses } from './look-pauses.store.ts';
import { LOOKS, LookQueue } from './look-queue.ts';
import type { LookJob } from './look-queue.ts';
import { LookLost, Looks } from './looks.store.ts';
import type { Look } from './looks.store.ts';

const AT_ONCE = 60_000; // ms: then others may have a turn
const SWEEP = 10_000; // ms
const FIRST_RETRY = 10; // s
const LONGEST_RETRY = 3_600; // s
/** About six hours. What cannot be looked at until then is left to the next sync. */
const TRIES = 14;

/** Looks, one after the other, at what the inbox of a connection holds. */
@Injectable()
export class LookWorker implements OnModuleInit {
  private readonly log = new Logger(LookWorker.name);

  constructor(
    private readonly jobs: Jobs,
    private readonly queue: LookQueue,
    private readonly queries: QueryBus,
    private readonly looks: Looks,
    private readonly pauses: LookPauses,
    private readonly record: LookAtRecord,
  ) {}

  onModuleInit(): void {
    this.jobs.on(LOOKS, (job: Job<LookJob>) => this.work(job));
  }

  /** What waited for its connection to work again, or whose worker died. */
  @Interval(SWEEP)
  async sweep(): Promise<void> {
    try {
      for (const connectionId of await this.looks.due()) await this.queue.send(connectionId, 0);
      await this.looks.forgetOld();
    } catch (error) {
      this.log.warn({ err: error }, 'what is to be looked at could not be looked for');
    }
  }

  private async work({ data: { connectionId }, signal }: Job<LookJob>): Promise<void> {
    const until = performance.now() + AT_ONCE;
    while (!signal.aborted) {
      const connection = await this.queries.execute(new GetConnection(connectionId));
      if (connection.status === 'disconnected') return this.looks.drop(connectionId);
      if (connection.status === 'needs-attention') return;
      const pause = await this.pauses.left(connectionId);
      const look = pause > 0 ? undefined : await this.looks.begin(connectionId);
      if (look === undefined) return this.comeBack(connectionId, pause);
      await this.lookAt(connection, look, signal);
      if (performance.now() > until) return this.comeBack(connectionId, 0);
    }
  }

  private async comeBack(connectionId: string, pause: number): Promise<void> {
    const next = await this.looks.nextIn(connectionId);
    if (next !== null) await this.queue.send(connectionId, Math.max(next, pause));
  }

  private async lookAt(connection: Connection, look: Look, signal: AbortSignal): Promise<void> {
    try {
      await this.record.look(connection, look, signal);
      await this.pauses.end(connection.id);
    } catch (error) {
      if (error instanceof LookLost) return;
      const { status } = await this.queries.execute(new GetConnection(connection.id));
      if (signal.aborted || status !== 'connected') await this.looks.handBack(look, 0);
      else await this.failed(look, error);
    }
  }

  /** A CRM that does not answer is asked for the next thing after a pause, and for this one later than for all others. */
  private async failed(look: Look, error: unknown): Promise<void> {
    const { connectionId, tries } = look;
    const code = error instanceof Refusal ? error.code : 'internal-error';
    this.log.warn({ err: error, connectionId, code, attempt: tries + 1 }, 'a record could not be looked at');
    const retryIn = Math.min(FIRST_RETRY * 2 ** tries, LONGEST_RETRY);
    const giving = tries + 1 < TRIES ? this.looks.fail(look, retryIn) : this.looks.giveUp(look);
    await giving.catch((lost: unknown) => {
      if (!(lost instanceof LookLost)) throw lost;
    });
    if (code !== 'crm-answer-unusable') await this.pauses.begin(connectionId);
  }
}
