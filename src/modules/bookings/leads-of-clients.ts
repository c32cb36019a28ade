import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Collision } from '../../shared/event-store/decider.ts';
import { FindLeads } from '../leads/contract.ts';

export type LeadsByClient = ReadonlyMap<string, string>;

/** Which lead each client is, for bookings that are about to be recorded with it. */
@Injectable()
export class LeadsOfClients {
  constructor(private readonly queries: QueryBus) {}

  async find(connectionId: string, clientIds: readonly string[]): Promise<LeadsByClient> {
    return clientIds.length === 0 ? new Map() : this.queries.execute(new FindLeads(connectionId, clientIds));
  }

  /**
   * To be asked once the bookings have been recorded, when no merge or split can come in between any more: one that did has moved
   * the bookings that were there before, and not these. @throws Collision
   */
  async prove(connectionId: string, clientIds: readonly string[], found: LeadsByClient): Promise<void> {
    const now = await this.find(connectionId, clientIds);
    if (clientIds.some((id) => now.get(id) !== found.get(id))) throw new Collision('Whose booking it is');
  }
}
