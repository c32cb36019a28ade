import { EventEmitter, once } from 'node:events';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../shared/caller.ts';
import { decision } from '../../../shared/event-store/decider.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { failpoint } from '../../../shared/failpoint.ts';
import type { RunError, SyncCounts, SyncEvent, SyncWarning } from '../contract.ts';
import { ActiveRuns, LeaseLost } from './active-runs.store.ts';
import type { Claim, Found } from './active-runs.store.ts';
import { cancel, complete, fail, interrupt, run, runStream } from './sync-run.decider.ts';
import type { Run, RunFacts } from './sync-run.decider.ts';

/** A run, by whoever works on it. */
export type ClaimedRun = Claim & { connectionId: string };

type Ending = (facts: RunFacts, counts: SyncCounts, heard: SyncWarning[]) => (state: Run) => SyncEvent[];

/** Told beside the run's own id. */
const ANY = 'any run';

/**
 * The one and only end of a run: its last event and the release of its connection, in one transaction. Every end throws
 * LeaseLost when the run is another's or has ended.
 */
@Injectable()
export class EndRun {
  private readonly ends = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly events: EventStore,
    private readonly activeRuns: ActiveRuns,
  ) {}

  /** `andThen` is done in the transaction that ends the run, unless somebody has wanted it to end before. */
  async completed(
    claimed: ClaimedRun,
    { doubt, warnings, missed }: Found,
    by: Caller,
    andThen?: () => Promise<void>,
  ): Promise<void> {
    await this.end(claimed, (facts, counts) => complete(facts, counts, doubt, warnings, missed), by, andThen);
  }

  async failed(claimed: ClaimedRun, reason: RunError, by: Caller): Promise<void> {
    await this.end(claimed, (facts, counts, heard) => fail(facts, counts, reason, heard), by);
  }

  /** As somebody has asked for. */
  async cancelled(claimed: ClaimedRun, by: Caller): Promise<void> {
    await this.end(claimed, cancel, by);
  }

  /** Ends a run that nobody works on any more. Harmless when it has ended meanwhile. */
  async interrupted(runId: string, reason: string): Promise<void> {
    const claimed = await this.activeRuns.takeUp(runId);
    if (claimed === undefined) return;
    const by = { actor: 'system', correlationId: runId };
    try {
      await this.end(claimed, (facts, counts, heard) => interrupt(facts, counts, reason, heard), by);
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
    }
  }

  /** Resolves when this instance has ended the run; never, when another one does. Rejects when the signal aborts. */
  async here(runId: string, signal: AbortSignal): Promise<void> {
    await once(this.ends, runId, { signal });
  }

  /** Tells `listener` of every run that this instance has ended, once that has been committed. */
  onEnd(listener: (runId: string, counts: SyncCounts) => void): void {
    this.ends.on(ANY, listener);
  }

  /** Who has been told that the run will stop is not told otherwise afterwards: that ends it, whatever came last. */
  private async end(
    claimed: ClaimedRun,
    ending: Ending,
    by: Caller,
    andThen?: () => Promise<void>,
  ): Promise<void> {
    const { runId, connectionId } = claimed;
    failpoint('before-end');
    const counted = await this.events.transaction(async () => {
      const { counts, warnings, cancelledBy } = await this.activeRuns.release(claimed);
      const facts = { runId, connectionId };
      const decide = (cancelledBy === null ? ending : cancel)(facts, counts, eachOnce(warnings));
      await this.events.transact([decision(runStream(runId), run, decide)], {
        ...(cancelledBy ?? by),
        causationId: null,
        runId,
      });
      if (cancelledBy === null) await andThen?.();
      return counts;
    });
    failpoint('after-end');
    this.ends.emit(runId);
    this.ends.emit(ANY, runId, counted);
  }
}

/** Whoever takes up a run may hear again what was heard before. */
export const eachOnce = (warnings: readonly SyncWarning[]): SyncWarning[] => [
  ...new Map(warnings.map((one) => [`${one.code} ${one.detail}`, one])).values(),
];
