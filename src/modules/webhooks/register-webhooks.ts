import { Command, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { Refusal } from '../../shared/errors.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { GetConnection, connectionDisconnected } from '../crm-connection/contract.ts';
import { CrmWebhooks } from './contract.ts';
import type { CrmWebhooksRegistered } from './contract.ts';
import { register, webhooks, webhooksStream } from './webhooks.decider.ts';
import { WebhookTokens } from './webhook-tokens.store.ts';

const WITHIN = 90_000; // ms

/** `url` is shown this once. `how` says what is left for a person to do; null: nothing. */
export type Registration = { url: string; registered: boolean; events: string[]; how: string | null };

/** Gives a connection's webhooks an address, a new one each time, and has the CRM use it where it has a register for that. */
export class RegisterWebhooks extends Command<Registration> {
  constructor(
    readonly connectionId: string,
    /** Where the CRM finds us. */
    readonly publicUrl: string,
    readonly by: Caller,
  ) {
    super();
  }
}

/** What tells the addresses of a connection from all others, whatever host they lead to. */
export const pathOf = (connectionId: string): string => `/hooks/simplybook/${connectionId}/`;

@CommandHandler(RegisterWebhooks)
export class RegisterWebhooksHandler implements ICommandHandler<RegisterWebhooks> {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly crm: CrmWebhooks,
    private readonly tokens: WebhookTokens,
  ) {}

  async execute({ connectionId, publicUrl, by }: RegisterWebhooks): Promise<Registration> {
    const { status } = await this.queries.execute(new GetConnection(connectionId));
    if (status === 'disconnected') throw connectionDisconnected();
    // It opens before anybody is told of it: the first delivery may be faster than the answer.
    const token = await this.tokens.make(connectionId);
    const url = `${publicUrl.replace(/\/+$/, '')}${pathOf(connectionId)}${token}`;
    const { events, why } = await this.tell(connectionId, url);
    const facts = { connectionId, registered: events.length > 0, events };
    try {
      await this.events.transaction(() => this.record(facts, token, by));
    } catch (error) {
      if (error instanceof Refusal) await this.tokens.remove(connectionId);
      throw error;
    }
    return { url, registered: facts.registered, events, how: facts.registered ? null : byHand(why) };
  }

  /** @throws Refusal when the company has been disconnected meanwhile: then there is no address any more. */
  private async record(facts: CrmWebhooksRegistered['data'], token: string, by: Caller): Promise<void> {
    const { connectionId, registered } = facts;
    if (registered) await this.tokens.replace(connectionId, token);
    const decided = decision(webhooksStream(connectionId), webhooks, register(facts));
    await this.events.transact([decided], { ...by, causationId: null });
    // Asked behind the event: whoever disconnects the company after this finds it, and takes it back.
    const { status } = await this.queries.execute(new GetConnection(connectionId));
    if (status === 'disconnected') throw connectionDisconnected();
  }

  private async tell(connectionId: string, url: string): Promise<{ events: string[]; why: string }> {
    try {
      const path = pathOf(connectionId);
      const events = await this.crm.register(connectionId, url, path, AbortSignal.timeout(WITHIN));
      return { events: events ?? [], why: 'SimplyBook.me offers this account no register of webhooks.' };
    } catch (error) {
      if (error instanceof Refusal) return { events: [], why: error.message };
      if (error instanceof DOMException) return { events: [], why: 'SimplyBook.me did not answer in time.' };
      throw error;
    }
  }
}

const byHand = (why: string): string =>
  `${why} Enter the address by hand: in SimplyBook.me under Custom Features → API as "Callback URL", with creating, changing and canceling ticked. It tells of bookings only; clients are found by the next sync.`;
