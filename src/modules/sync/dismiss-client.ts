import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { client, clientStream } from './client.decider.ts';
import { FindQuarantined } from './find-quarantined.ts';
import { dismissClient } from './waiting-client.decider.ts';

/** "Never mind": a waiting client is let go until the CRM changes it. Again changes nothing. */
export class DismissClient extends Command<void> {
  constructor(
    readonly id: string,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(DismissClient)
export class DismissClientHandler implements ICommandHandler<DismissClient> {
  constructor(
    private readonly events: EventStore,
    private readonly find: FindQuarantined,
  ) {}

  async execute({ id, by }: DismissClient): Promise<void> {
    const { connectionId, externalId } = await this.find.client(id);
    const identity = { connectionId, externalId };
    const decided = decision(clientStream(identity), client, dismissClient(identity));
    await this.events.transact([decided], { ...by, causationId: null });
  }
}
