import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { SyncRun } from './contract.ts';
import { RunWorker } from './run-worker.ts';
import { SyncRuns } from './sync-runs.read-model.ts';

const POLL = 500; // ms; only for runs that another instance works on

/** Waits for the end of a run, whichever instance works on it. */
@Injectable()
export class WaitForRun {
  constructor(
    private readonly runs: SyncRuns,
    private readonly worker: RunWorker,
  ) {}

  /** The run as it is when it has ended, or when `patience` (ms) is over. */
  async until(runId: string, patience: number): Promise<SyncRun> {
    const deadline = performance.now() + patience;
    await Promise.race([this.worker.ended(runId), sleep(patience, undefined, { ref: false })]);
    for (;;) {
      const run = (await this.runs.one(runId))!;
      if (run.status !== 'running' || performance.now() >= deadline) return run;
      await sleep(Math.min(POLL, deadline - performance.now()), undefined, { ref: false });
    }
  }
}
