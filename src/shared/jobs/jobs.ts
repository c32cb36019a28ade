import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { PgBoss } from 'pg-boss';
import type { Job as Fetched, QueueOptions } from 'pg-boss';
import { isDatabaseOutage } from '../database/database-outage.ts';
import { Database } from '../database/database.ts';
import { Refusal } from '../errors.ts';
import { Shutdown } from '../shutdown.ts';
import { JOBS_SCHEMA } from './install-jobs.ts';

/** Work of one kind. Times are seconds. */
export type JobQueue = {
  name: string;
  /**
   * Of the jobs with one key: any number (`all`), or `latest`: one that waits beside one that is worked on, so that
   * whatever is asked for meanwhile is done once more, and only once.
   */
  keep: 'all' | 'latest';
  /** A worker that is silent for so long is dead, and its job is given to another. At least 10. */
  heartbeat: number;
  /** How often a job is tried again, each time after twice the pause, from `pause` to `longestPause`. */
  retries: number;
  pause: number;
  longestPause: number;
  /** How many of them this instance works on at a time. */
  atATime: number;
};

/** A job that is being worked on. */
export type Job<Data> = {
  data: Data;
  /**
   * Aborted when the program ends: what has been done stays, the rest is handed back by sending it again. Also when the job is
   * not this worker's any more, because nothing was heard of it for so long: then there is nothing to hand back.
   */
  signal: AbortSignal;
  /** No other try follows when this one fails. */
  isLast: boolean;
};

type Work = (job: Job<never>) => Promise<void>;

/** How often a job is looked for that nobody has told this instance about. */
const POLL = 2; // s
/** How often silent workers are looked for. */
const SUPERVISE = 10; // s
/** Heartbeats tell who is dead; how long work may take is not limited. */
const NO_LIMIT = 23 * 3_600; // s, just below what pg-boss allows
/** A database may answer one statement and not the next, for one that reads or while it comes back. */
const OVER_AFTER = 3 * POLL * 1_000; // ms
const KEPT = 86_400; // s, how long one can see what became of a job

/**
 * What must be done after a transaction has committed: at least once, by any instance, and again when whoever did it has
 * died or thrown. pg-boss on the service's own connections: no LISTEN, which poolers do not carry, but a word to the
 * workers of this instance, and polling for all others.
 */
@Injectable()
export class Jobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(Jobs.name);
  private readonly boss: PgBoss;
  private readonly queues: { queue: JobQueue; work: Work }[] = [];
  private stopped: Promise<unknown> = Promise.resolve();
  private isAway = false;
  private failedAt = 0;

  constructor(
    private readonly database: Database,
    private readonly shutdown: Shutdown,
  ) {
    this.boss = new PgBoss({
      db: { executeSql: (text, values) => this.ask(text, values) },
      schema: JOBS_SCHEMA,
      migrate: false,
      createSchema: false,
      schedule: false,
      reindex: false,
      superviseIntervalSeconds: SUPERVISE,
      monitorIntervalSeconds: SUPERVISE,
    });
    this.boss.on('error', (error) => {
      if (!this.isAway) this.log.warn({ err: error }, 'the queue could not be read or written');
    });
    this.boss.on('warning', (warning) => this.log.warn({ warning }, 'the queue is not well'));
    // At once, before work that was handed back can be taken again here.
    shutdown.signal.addEventListener('abort', () => {
      this.stopped = this.takeNoMore();
    });
  }

  /** Says who works on a queue's jobs, while the modules are made. Handlers must be able to do the same job twice. */
  on<Data extends object>(queue: JobQueue, work: (job: Job<Data>) => Promise<void>): void {
    this.queues.push({ queue, work });
  }

  /** From here on jobs can be sent. */
  async onApplicationBootstrap(): Promise<void> {
    await this.boss.start();
    for (const { queue } of this.queues) {
      const policy = queue.keep === 'latest' ? 'stately' : 'standard';
      await this.boss.createQueue(queue.name, { ...optionsOf(queue), policy });
      await this.boss.updateQueue(queue.name, optionsOf(queue));
    }
  }

  /** Called once, when everything that jobs may need is there: from here on they are worked on. */
  async start(): Promise<void> {
    for (const { queue, work } of this.queues) {
      await this.boss.work<never>(
        queue.name,
        { localConcurrency: queue.atATime, pollingIntervalSeconds: POLL },
        async ([job]) => {
          if (job !== undefined) await this.follow(queue, work, job);
        },
      );
    }
  }

  /**
   * Joins the open transaction: the job is there when it commits, and only then. With `key` and a queue that keeps the
   * latest, nothing is added when such a job is waiting already.
   */
  async send(
    { name }: JobQueue,
    data: object,
    { key, startAfter }: { key?: string; startAfter?: number } = {},
  ): Promise<void> {
    await this.boss.send(name, data, {
      ...(key !== undefined && { singletonKey: key }),
      ...(startAfter !== undefined && { startAfter }),
    });
    this.database.afterCommit(() => this.wake(name));
  }

  /** Whether a job with this key waits or is worked on. */
  async has({ name }: JobQueue, key: string): Promise<boolean> {
    const jobs = await this.boss.findJobs(name, { key });
    return jobs.some(({ state }) => state === 'created' || state === 'retry' || state === 'active');
  }

  /** Waits for what is being worked on, which `Shutdown` has told to come to an end. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.stopped;
    await this.boss.stop({ graceful: false, close: false });
  }

  /** Without the database every worker fails at every look: that is said once, and once that it is over. */
  private async ask(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    try {
      const answer = await this.database.run(text, values);
      if (this.isAway && performance.now() - this.failedAt > OVER_AFTER) {
        this.isAway = false;
        this.log.log('the queue can be read and written again');
      }
      return answer;
    } catch (error) {
      if (isDatabaseOutage(error) || error instanceof Refusal) {
        if (!this.isAway) this.log.warn({ err: error }, 'the queue cannot be read or written');
        this.isAway = true;
        this.failedAt = performance.now();
      }
      throw error;
    }
  }

  private takeNoMore(): Promise<unknown> {
    return Promise.allSettled(this.queues.map(({ queue }) => this.boss.offWork(queue.name, { wait: true })));
  }

  private async follow(
    queue: JobQueue,
    work: Work,
    { data, signal, retryCount }: Fetched<never>,
  ): Promise<void> {
    const isLast = retryCount >= queue.retries;
    const working = work({ data, signal: AbortSignal.any([signal, this.shutdown.signal]), isLast });
    const failed = await working.then(
      () => false,
      (error: unknown) => {
        this.log.warn({ err: error, queue: queue.name }, 'a job failed');
        return true;
      },
    );
    // There may be more, and whoever is free now need not wait for the next look.
    this.wake(queue.name);
    // pg-boss keeps what is thrown, and a driver's error can quote personal values.
    if (failed) throw new Error('The job failed; the log of the service says why.');
  }

  private wake(name: string): void {
    for (const worker of this.boss.getWipData()) if (worker.name === name) this.boss.notifyWorker(worker.id);
  }
}

const optionsOf = ({ heartbeat, retries, pause, longestPause }: JobQueue): QueueOptions => ({
  heartbeatSeconds: heartbeat,
  retryLimit: retries,
  retryDelay: pause,
  retryBackoff: true,
  retryDelayMax: longestPause,
  expireInSeconds: NO_LIMIT,
  deleteAfterSeconds: KEPT,
});
