import { Command, CommandBus, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../../shared/caller.ts';
import { decision } from '../../../shared/event-store/decider.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { DismissBookings } from '../../bookings/contract.ts';
import { client, clientStream } from '../client.decider.ts';
import type { QuarantinedRecord } from './quarantine.read-model.ts';
import { dismissClient } from './waiting-client.decider.ts';

/** "Never mind": waiting records are let go until the CRM changes them. Again changes nothing. Returns how many did wait. */
export class DismissQuarantined extends Command<number> {
  constructor(
    readonly records: readonly QuarantinedRecord[],
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(DismissQuarantined)
export class DismissQuarantinedHandler implements ICommandHandler<DismissQuarantined> {
  constructor(
    private readonly events: EventStore,
    private readonly commands: CommandBus,
  ) {}

  async execute({ records, by }: DismissQuarantined): Promise<number> {
    const { client: clients = [], booking: bookings = [] } = Object.groupBy(records, ({ kind }) => kind);
    return this.events.transaction(async () => {
      const dismissed = clients.length === 0 ? 0 : await this.dismissClients(clients, by);
      return bookings.length === 0
        ? dismissed
        : dismissed + (await this.commands.execute(new DismissBookings(bookings, by)));
    });
  }

  private async dismissClients(clients: readonly QuarantinedRecord[], by: Caller): Promise<number> {
    const recorded = await this.events.transact(
      clients.map(({ connectionId, externalId }) => {
        const identity = { connectionId, externalId };
        return decision(clientStream(identity), client, dismissClient(identity));
      }),
      { ...by, causationId: null },
    );
    return recorded.filter((events) => events.length > 0).length;
  }
}
