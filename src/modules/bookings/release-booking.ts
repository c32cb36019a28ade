import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { bookingFacts } from './booking-facts.ts';
import { booking, bookingStream, releaseBooking } from './booking.decider.ts';
import { ReleaseBooking } from './contract.ts';
import type { ReleasedBooking } from './contract.ts';
import { LeadsOfClients } from './leads-of-clients.ts';

@CommandHandler(ReleaseBooking)
export class ReleaseBookingHandler implements ICommandHandler<ReleaseBooking> {
  constructor(
    private readonly leads: LeadsOfClients,
    private readonly events: EventStore,
  ) {}

  async execute(command: ReleaseBooking): Promise<ReleasedBooking> {
    const { connectionId, record, by } = command;
    const { externalId, clientId, status, ...values } = command.booking;
    const facts = bookingFacts(connectionId, externalId);
    const clients = clientId === null ? [] : [clientId];
    const leads = await this.leads.find(connectionId, clients);
    const leadId = clientId === null ? null : (leads.get(clientId) ?? null);
    const release = releaseBooking(facts, record, { clientId, leadId, status, values });
    const decided = decision(bookingStream(facts.bookingId), booking, release);
    await this.events.transact([decided], { ...by, causationId: null });
    await this.leads.prove(connectionId, clients, leads);
    return { bookingId: facts.bookingId, leadId };
  }
}
