import { randomUUID } from 'node:crypto';
import { CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { GetConnection, connectionDisconnected } from '../crm-connection/contract.ts';
import { SyncCrm } from './contract.ts';
import { RunWorker } from './run-worker.ts';
import { ActiveRuns } from './runs/active-runs.store.ts';
import { run, runStream, start } from './runs/sync-run.decider.ts';

@CommandHandler(SyncCrm)
export class SyncCrmHandler implements ICommandHandler<SyncCrm> {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly activeRuns: ActiveRuns,
    private readonly worker: RunWorker,
  ) {}

  async execute(command: SyncCrm): Promise<{ runId: string; joined: boolean }> {
    const connection = await this.queries.execute(new GetConnection(command.connectionId));
    if (connection.status === 'disconnected') throw connectionDisconnected();
    return this.events.transaction(() => this.startOrJoin(command));
  }

  /** The run, its first event and the order to work on it come to be in one transaction. */
  private async startOrJoin({
    connectionId,
    trigger,
    by,
  }: SyncCrm): Promise<{ runId: string; joined: boolean }> {
    const runId = randomUUID();
    while (!(await this.activeRuns.claim(connectionId, runId))) {
      const active = await this.activeRuns.ofConnection(connectionId);
      if (active !== undefined) return { runId: active, joined: true };
    }
    const facts = { runId, connectionId };
    const meta = { ...by, causationId: null, runId };
    await this.events.transact([decision(runStream(runId), run, start(facts, trigger))], meta);
    await this.worker.order(runId, by);
    return { runId, joined: false };
  }
}
