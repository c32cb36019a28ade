import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CONFIG } from '../../shared/config.ts';
import type { Config } from '../../shared/config.ts';
import { makeDataDirectory, makePrivate } from '../../shared/database/data-directory.ts';
import { StoredLog } from '../../shared/event-store/stored-log.ts';
import { signed } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointFile } from './checkpoint-file.ts';
import type { Line } from './checkpoint-file.ts';
import { loadCheckpointKey } from './checkpoint-key.ts';

/** Where Nest finds the id of the log. */
export const LOG_ID = Symbol('log id');

const DIRECTORY = 'checkpoints';
const LOOK = 60_000; // ms
/** So long an instance writes no other, unless it ends: a file of a busy year has some 17 MB. */
const PAUSE = 600_000; // ms
const PATIENCE = 2_000; // ms, at the end

type SignedLine = { number: number; checkpoint: Checkpoint };

/**
 * Signs the head of the log now and then, outside of the database: whoever rebuilds the chain or cuts off its end cannot
 * rebuild what was signed before. Each data directory keeps its own, by log.
 */
@Injectable()
export class Checkpoints implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Checkpoints.name);
  private readonly file: CheckpointFile;
  private last: Checkpoint | null | undefined;
  private writtenAt = -Infinity;
  private isTold = false;
  private isWarned = false;
  private writing: Promise<void> | null = null;

  constructor(
    private readonly log: StoredLog,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG_ID) private readonly logId: string,
  ) {
    this.file = new CheckpointFile(join(config.dataDir, DIRECTORY, `${logId}.jsonl`));
  }

  onApplicationBootstrap(): Promise<void> {
    return this.look();
  }

  @Interval(LOOK)
  async look(): Promise<void> {
    if (performance.now() - this.writtenAt >= PAUSE) await this.write();
  }

  /** What this program has recorded last is signed, too; a database that is silent does not keep it. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.race([this.write(), sleep(PATIENCE, undefined, { ref: false })]);
  }

  /** Every line that is in this log's file, the oldest first. What is about another log says nothing here. */
  async *lines(): AsyncGenerator<Line, void, undefined> {
    for await (const { number, checkpoint } of this.file.lines())
      yield { number, checkpoint: checkpoint?.log === this.logId ? checkpoint : null };
  }

  /** The newest ones before this line of the file, the newest first. */
  async newestBefore(before: number, count: number): Promise<SignedLine[]> {
    const newest: SignedLine[] = [];
    for await (const { number, checkpoint } of this.lines()) {
      if (number >= before) break;
      if (checkpoint !== null && newest.push({ number, checkpoint }) > count) newest.shift();
    }
    return newest.toReversed();
  }

  /** The newest one, as far as this program knows, and whether the log contradicts it. */
  state(): { newest: Checkpoint | null; isContradicted: boolean } {
    return { newest: this.last ?? null, isContradicted: this.isTold };
  }

  /** Never rejects: nothing waits for it. One at a time. */
  private write(): Promise<void> {
    this.writing ??= this.signHead()
      .then(
        () => (this.isWarned = false),
        (error: unknown) => this.warn(error),
      )
      .then(() => void (this.writing = null));
    return this.writing;
  }

  /** Once, until one could be written: where nothing ever can, that is known by then. */
  private warn(error: unknown): void {
    if (!this.isWarned) this.logger.warn({ err: error }, 'no checkpoint could be written');
    this.isWarned = true;
  }

  private async signHead(): Promise<void> {
    if (this.last === undefined) this.last = await this.newestOfFile();
    const head = await this.log.head();
    if (!(await this.isTrue())) return;
    if (head === null || head.position === 0 || head.position === this.last?.position) return;
    await makePrivate(join(await makeDataDirectory(this.config.dataDir), DIRECTORY));
    const key = await loadCheckpointKey(this.config.dataDir);
    const checkpoint = signed(this.logId, head, new Date().toISOString(), key);
    await this.file.append(checkpoint);
    this.last = checkpoint;
    this.writtenAt = performance.now();
    // So that the log of the service, which often goes to another machine, is a witness as well.
    const { position, hash, keyId } = checkpoint;
    this.logger.log(`checkpoint: position ${position}, hash ${hash}, signed by ${keyId}`);
  }

  private async newestOfFile(): Promise<Checkpoint | null> {
    let newest: Checkpoint | null = null;
    for await (const { checkpoint } of this.lines()) newest = checkpoint ?? newest;
    return newest;
  }

  /** Whether the log still holds what was signed last. While it does not, nothing is signed: that would look as if all were well. */
  private async isTrue(): Promise<boolean> {
    if (this.last === null || this.last === undefined) return true;
    const { position, hash } = this.last;
    const isTrue = (await this.log.hashesAt([position])).get(position) === hash;
    if (!isTrue && !this.isTold)
      this.logger.error(
        { position },
        'the log does not hold what its last checkpoint has signed: GET /api/audit/verify says more',
      );
    this.isTold = !isTrue;
    return isTrue;
  }
}
