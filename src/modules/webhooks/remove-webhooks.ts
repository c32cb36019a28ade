import { Logger } from '@nestjs/common';
import { CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { GetConnection } from '../crm-connection/contract.ts';
import { CrmWebhooks, RemoveWebhooks } from './contract.ts';
import { Looks } from './looks.store.ts';
import { pathOf } from './register-webhooks.ts';
import { WebhookTokens } from './webhook-tokens.store.ts';
import { remove, webhooks, webhooksStream } from './webhooks.decider.ts';

const WITHIN = 10_000; // ms

@CommandHandler(RemoveWebhooks)
export class RemoveWebhooksHandler implements ICommandHandler<RemoveWebhooks> {
  private readonly log = new Logger(RemoveWebhooks.name);

  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly crm: CrmWebhooks,
    private readonly tokens: WebhookTokens,
    private readonly looks: Looks,
  ) {}

  /** Here first: whatever the CRM still sends finds no address any more. */
  async execute({ connectionId, by }: RemoveWebhooks): Promise<void> {
    const { status } = await this.queries.execute(new GetConnection(connectionId));
    const were = await this.events.transaction(async () => {
      const decided = decision(webhooksStream(connectionId), webhooks, remove(connectionId));
      const [events = []] = await this.events.transact([decided], { ...by, causationId: null });
      await this.looks.drop(connectionId);
      return (await this.tokens.remove(connectionId)) || events.length > 0;
    });
    if (were && status === 'connected') await this.removeThere(connectionId);
  }

  private async removeThere(connectionId: string): Promise<void> {
    try {
      await this.crm.remove(connectionId, pathOf(connectionId), AbortSignal.timeout(WITHIN));
    } catch (error) {
      this.log.warn(
        { err: error, connectionId },
        'the webhooks could not be taken off the register of the CRM',
      );
    }
  }
}
