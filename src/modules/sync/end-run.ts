import { Injectable } from '@nestjs/common';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { ActiveRuns, LeaseLost } from './active-runs.store.ts';
import type { ActiveRun } from './active-runs.store.ts';
import type { RunError, SyncCounts, SyncEvent, SyncWarning } from './contract.ts';
import { complete, fail, interrupt, run, runStream } from './sync-run.decider.ts';
import type { Doubt, Missed, Run } from './sync-run.decider.ts';

type RunFacts = { runId: string; connectionId: string };

/** The one and only end of a run: its last event and the release of its connection, in one transaction. */
@Injectable()
export class EndRun {
  constructor(
    private readonly events: EventStore,
    private readonly activeRuns: ActiveRuns,
  ) {}

  /** @throws LeaseLost when somebody else has ended the run. */
  async completed(
    facts: RunFacts,
    counts: SyncCounts,
    { doubt, warnings, missed }: { doubt: Doubt; warnings: SyncWarning[]; missed?: Missed },
    by: Caller,
  ): Promise<void> {
    await this.end(facts, complete(facts, counts, doubt, warnings, missed), by);
  }

  /** @throws LeaseLost when somebody else has ended the run. */
  async failed(facts: RunFacts, counts: SyncCounts, reason: RunError, by: Caller): Promise<void> {
    await this.end(facts, fail(facts, counts, reason), by);
  }

  /** Ends a run that nobody works on any more. Harmless when it has ended meanwhile. */
  async interrupted({ runId, connectionId, counts }: ActiveRun, reason: string): Promise<void> {
    const facts = { runId, connectionId };
    const by = { actor: 'system', correlationId: runId };
    try {
      await this.end(facts, interrupt(facts, counts, reason), by);
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
    }
  }

  private async end(facts: RunFacts, decide: (state: Run) => SyncEvent[], by: Caller): Promise<void> {
    await this.events.transaction(async () => {
      if (!(await this.activeRuns.release(facts.runId))) throw new LeaseLost(facts.runId);
      const meta = { ...by, causationId: null, runId: facts.runId };
      await this.events.transact([decision(runStream(facts.runId), run, decide)], meta);
    });
  }
}
