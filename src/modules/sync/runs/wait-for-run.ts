import { Injectable } from '@nestjs/common';
import { pause } from '../../../shared/pause.ts';
import { Shutdown } from '../../../shared/shutdown.ts';
import type { SyncRun } from '../contract.ts';
import { EndRun } from './end-run.ts';
import { SyncRuns } from './sync-runs.read-model.ts';

const POLL = 500; // ms; the end of a run that this instance works on is known at once

/** Looks at a run until it has ended, whichever instance works on it. */
@Injectable()
export class WaitForRun {
  constructor(
    private readonly runs: SyncRuns,
    private readonly endRun: EndRun,
    private readonly shutdown: Shutdown,
  ) {}

  /** The run as it is when it has ended, when `patience` (ms) is over, or when this program ends. */
  async until(runId: string, patience: number): Promise<SyncRun> {
    const enough = AbortSignal.any([AbortSignal.timeout(patience), this.shutdown.signal]);
    for (;;) {
      const ended = this.endOrPause(runId, enough);
      const run = (await this.runs.one(runId))!;
      if (run.status !== 'running' || enough.aborted) return run;
      await ended;
    }
  }

  /** The run whenever something about it has changed, and at its end for the last time. */
  async *changes(runId: string, signal: AbortSignal): AsyncGenerator<SyncRun, void, undefined> {
    const enough = AbortSignal.any([signal, this.shutdown.signal]);
    let last = '';
    while (!enough.aborted) {
      const ended = this.endOrPause(runId, enough);
      const run = (await this.runs.one(runId))!;
      const now = JSON.stringify(run);
      if (now !== last) yield run;
      last = now;
      if (run.status !== 'running') return;
      await ended;
    }
  }

  /** Never rejects. */
  private async endOrPause(runId: string, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    await Promise.race([this.endRun.here(runId, either), pause(POLL, either)]).catch(() => undefined);
    over.abort();
  }
}
