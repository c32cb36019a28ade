import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { bookingFacts } from './booking-facts.ts';
import { booking, bookingStream, dismissBooking } from './booking.decider.ts';
import { DismissBookings } from './contract.ts';

@CommandHandler(DismissBookings)
export class DismissBookingsHandler implements ICommandHandler<DismissBookings> {
  constructor(private readonly events: EventStore) {}

  async execute({ bookings, by }: DismissBookings): Promise<number> {
    const recorded = await this.events.transact(
      bookings.map(({ connectionId, externalId }) => {
        const facts = bookingFacts(connectionId, externalId);
        return decision(bookingStream(facts.bookingId), booking, dismissBooking(facts));
      }),
      { ...by, causationId: null },
    );
    return recorded.filter((events) => events.length > 0).length;
  }
}
