import { Command, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { GetConnection } from '../crm-connection/contract.ts';
import { CrmWebhooks } from './contract.ts';
import { noSuchHook } from './hook.guard.ts';
import { LookQueue } from './look-queue.ts';
import { ALL, Looks } from './looks.store.ts';
import type { LookAt } from './looks.store.ts';

/** Puts what a delivery is about into the inbox. When it returns, no crash can lose it any more. */
export class ReceiveHook extends Command<void> {
  constructor(
    readonly connectionId: string,
    readonly body: Record<string, unknown>,
    readonly correlationId: string,
  ) {
    super();
  }
}

@CommandHandler(ReceiveHook)
export class ReceiveHookHandler implements ICommandHandler<ReceiveHook> {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly crm: CrmWebhooks,
    private readonly looks: Looks,
    private readonly queue: LookQueue,
  ) {}

  async execute({ connectionId, body, correlationId }: ReceiveHook): Promise<void> {
    const connection = await this.queries.execute(new GetConnection(connectionId));
    const { company, about } = this.crm.read(body);
    const isForeign = company !== null && company.trim().toLowerCase() !== connection.company.toLowerCase();
    if (isForeign || connection.status === 'disconnected') throw noSuchHook();
    if (about === null) return;
    const look: LookAt = { connectionId, ...(about === 'something' ? ALL : about) };
    await this.events.transaction(async () => {
      const wait = await this.looks.ask(look, correlationId);
      await this.queue.send(connectionId, wait);
    });
  }
}
