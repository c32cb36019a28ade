import { randomUUID } from 'node:crypto';
import { CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { GetConnection, connectionDisconnected } from '../crm-connection/contract.ts';
import { ActiveRuns } from './active-runs.store.ts';
import { SyncCrm } from './contract.ts';
import { EndRun } from './end-run.ts';
import { RunWorker } from './run-worker.ts';
import { run, runStream, start } from './sync-run.decider.ts';

@CommandHandler(SyncCrm)
export class SyncCrmHandler implements ICommandHandler<SyncCrm> {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly activeRuns: ActiveRuns,
    private readonly endRun: EndRun,
    private readonly worker: RunWorker,
  ) {}

  async execute(command: SyncCrm): Promise<{ runId: string; joined: boolean }> {
    const connection = await this.queries.execute(new GetConnection(command.connectionId));
    if (connection.status === 'disconnected') throw connectionDisconnected();
    const started = await this.events.transaction(() => this.startOrJoin(command));
    if (!started.joined) this.worker.work({ ...started, connection, by: command.by });
    return started;
  }

  private async startOrJoin({
    connectionId,
    trigger,
    by,
  }: SyncCrm): Promise<{ runId: string; joined: boolean }> {
    const runId = randomUUID();
    if (!(await this.activeRuns.claim(connectionId, runId))) {
      const active = await this.activeRuns.ofConnection(connectionId);
      if (active !== undefined && !active.dead) return { runId: active.runId, joined: true };
      if (active !== undefined)
        await this.endRun.interrupted(active, 'Its worker has not been heard of for a minute.');
      await this.activeRuns.claim(connectionId, runId);
    }
    const facts = { runId, connectionId };
    const meta = { ...by, causationId: null, runId };
    await this.events.transact([decision(runStream(runId), run, start(facts, trigger))], meta);
    return { runId, joined: false };
  }
}
