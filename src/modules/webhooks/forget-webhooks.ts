import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { ForgetWebhooks } from './contract.ts';
import { Looks } from './looks.store.ts';
import { WebhookTokens } from './webhook-tokens.store.ts';
import { remove, webhooks, webhooksStream } from './webhooks.decider.ts';

@CommandHandler(ForgetWebhooks)
export class ForgetWebhooksHandler implements ICommandHandler<ForgetWebhooks> {
  constructor(
    private readonly events: EventStore,
    private readonly tokens: WebhookTokens,
    private readonly looks: Looks,
  ) {}

  execute({ connectionId, by }: ForgetWebhooks): Promise<boolean> {
    return this.events.transaction(async () => {
      const decided = decision(webhooksStream(connectionId), webhooks, remove(connectionId));
      const [events = []] = await this.events.transact([decided], { ...by, causationId: null });
      await this.looks.drop(connectionId);
      return (await this.tokens.remove(connectionId)) || events.length > 0;
    });
  }
}
