import { CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { FindLeads } from '../leads/contract.ts';
import { bookingFacts } from './booking-facts.ts';
import { booking, bookingStream, releaseBooking } from './booking.decider.ts';
import { ReleaseBooking } from './contract.ts';
import type { ReleasedBooking } from './contract.ts';

@CommandHandler(ReleaseBooking)
export class ReleaseBookingHandler implements ICommandHandler<ReleaseBooking> {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
  ) {}

  async execute(command: ReleaseBooking): Promise<ReleasedBooking> {
    const { connectionId, record, by } = command;
    const { externalId, clientId, status, ...values } = command.booking;
    const facts = bookingFacts(connectionId, externalId);
    const leadId = clientId === null ? null : await this.leadOf(connectionId, clientId);
    const release = releaseBooking(facts, record, { clientId, leadId, status, values });
    const decided = decision(bookingStream(facts.bookingId), booking, release);
    await this.events.transact([decided], { ...by, causationId: null });
    return { bookingId: facts.bookingId, leadId };
  }

  private async leadOf(connectionId: string, clientId: string): Promise<string | null> {
    const leads = await this.queries.execute(new FindLeads(connectionId, [clientId]));
    return leads.get(clientId) ?? null;
  }
}
