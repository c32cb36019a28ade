import { Command, CommandBus, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { Refusal } from '../../shared/errors.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { ForgetWebhooks, RemoveWebhooks } from '../webhooks/contract.ts';
import { connection, connectionStream, disconnect } from './connection.decider.ts';
import { ConnectionSecrets } from './connection-secrets.store.ts';
import { Connections } from './connections.read-model.ts';

/** Forgets the credentials and stops syncing. Leads and log stay. Again changes nothing. */
export class DisconnectCrm extends Command<void> {
  constructor(
    readonly connectionId: string,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(DisconnectCrm)
export class DisconnectCrmHandler implements ICommandHandler<DisconnectCrm> {
  constructor(
    private readonly commands: CommandBus,
    private readonly events: EventStore,
    private readonly secrets: ConnectionSecrets,
    private readonly connections: Connections,
  ) {}

  async execute({ connectionId, by }: DisconnectCrm): Promise<void> {
    if ((await this.connections.one(connectionId)) === undefined) {
      throw new Refusal('not-found', 'connection-not-found', 'There is no connection with this id.');
    }
    // While there still is a way into the company.
    await this.commands.execute(new RemoveWebhooks(connectionId, by));
    await this.events.transaction(async () => {
      const decided = decision(connectionStream(connectionId), connection, disconnect(connectionId));
      await this.events.transact([decided], { ...by, causationId: null });
      // Behind the event, from which on nobody stores anything for this connection: what came in between goes as well.
      await this.commands.execute(new ForgetWebhooks(connectionId, by));
      await this.secrets.remove(connectionId);
    });
  }
}
