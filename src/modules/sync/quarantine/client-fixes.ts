import { Injectable } from '@nestjs/common';
import { fold } from '../../../shared/event-store/decider.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import type { Event } from '../../../shared/event-store/event.ts';
import { client, clientStream } from '../client.decider.ts';
import type { Client, ClientIdentity, Fixes } from '../client.decider.ts';
import type { ClientEvent } from '../contract.ts';
import { CrmClientList } from '../crm-clients.read-model.ts';

/** What people have put right, straight from the log: no table holds it, so that forgetting a client forgets it too. */
@Injectable()
export class ClientFixes {
  constructor(
    private readonly events: EventStore,
    private readonly clients: CrmClientList,
  ) {}

  /** By external id, only clients that have any. */
  async of(connectionId: string, externalIds: readonly string[]): Promise<ReadonlyMap<string, Fixes>> {
    if (externalIds.length === 0) return new Map();
    const fixed = await this.clients.fixed(connectionId, externalIds);
    const states = await this.statesOf(fixed.map((externalId) => ({ connectionId, externalId })));
    return new Map(fixed.map((externalId, index) => [externalId, states[index]?.fixes ?? {}]));
  }

  /** These clients as the log has them. */
  async statesOf(clients: readonly ClientIdentity[]): Promise<Client[]> {
    if (clients.length === 0) return [];
    const history = await this.events.read(clients.map(clientStream));
    return clients.map((one) =>
      fold(client, (history.get(clientStream(one)) ?? []) as readonly Event[] as readonly ClientEvent[]),
    );
  }
}
