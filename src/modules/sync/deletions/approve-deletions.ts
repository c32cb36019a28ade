import { Command, CommandBus, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../../shared/caller.ts';
import { Refusal } from '../../../shared/errors.ts';
import { decision } from '../../../shared/event-store/decider.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { GetConnection, connectionDisconnected } from '../../crm-connection/contract.ts';
import { GetRun, SyncCrm } from '../contract.ts';
import type { SyncRun } from '../contract.ts';
import { approveDeletions, run, runStream } from '../runs/sync-run.decider.ts';
import { MissedClients } from './missed-clients.store.ts';

/**
 * A person says that the deletions which a run has held are right. Looks again at once: whoever is listed now is left alone,
 * the others are asked for by their ids as ever. Returns the run that does so, null when all of that was said before.
 */
export class ApproveDeletions extends Command<string | null> {
  constructor(
    readonly runId: string,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(ApproveDeletions)
export class ApproveDeletionsHandler implements ICommandHandler<ApproveDeletions> {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
    private readonly events: EventStore,
    private readonly missed: MissedClients,
  ) {}

  async execute({ runId, by }: ApproveDeletions): Promise<string | null> {
    const held = await this.queries.execute(new GetRun(runId));
    if (held.heldDeletions === null || held.finishedAt === null) throw nothingHeld(held);
    const { connectionId, finishedAt } = held;
    const { status } = await this.queries.execute(new GetConnection(connectionId));
    if (status === 'disconnected') throw connectionDisconnected();
    // Together: an approval that no run follows would be applied whenever somebody happens to sync.
    return this.events.transaction(async () => {
      const decide = approveDeletions({ runId, connectionId });
      const meta = { ...by, causationId: null, runId };
      const recorded = await this.events.transact([decision(runStream(runId), run, decide)], meta);
      await this.missed.approve(connectionId, runId, finishedAt);
      if (recorded.flat().length === 0) return null;
      return (await this.commands.execute(new SyncCrm(connectionId, 'api', by))).runId;
    });
  }
}

const nothingHeld = ({ status }: SyncRun): Refusal =>
  new Refusal(
    'conflict',
    'no-deletions-held',
    status === 'running'
      ? 'This run is still going on. Whether it holds deletions is known at its end.'
      : 'This run holds no deletions, so that there is nothing to approve. The member heldDeletions of a run says what it holds.',
  );
