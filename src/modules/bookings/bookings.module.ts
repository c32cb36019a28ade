import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { DescribeBookingChangesHandler } from './booking-changes.ts';
import { BookingCounts } from './booking-counts.read-model.ts';
import {
  BookingList,
  BookingsOfLeadHandler,
  CountBookingsHandler,
  KnownBookingsHandler,
} from './booking-list.read-model.ts';
import { BookingsController } from './bookings.controller.ts';
import { DismissBookingsHandler } from './dismiss-bookings.ts';
import { LeadsOfClients } from './leads-of-clients.ts';
import { ReleaseBookingHandler } from './release-booking.ts';
import { TakeBookingsHandler } from './take-bookings.ts';

/** When who comes for what: the appointments of every CRM, each linked to the lead that its client is. */
@Module({
  imports: [CqrsModule],
  controllers: [BookingsController],
  providers: [
    TakeBookingsHandler,
    DismissBookingsHandler,
    CountBookingsHandler,
    KnownBookingsHandler,
    BookingsOfLeadHandler,
    BookingCounts,
    DescribeBookingChangesHandler,
    ReleaseBookingHandler,
    LeadsOfClients,
    BookingList,
  ],
})
export class BookingsModule {
  constructor(events: EventStore, bookings: BookingList) {
    events.subscribe(bookings);
  }
}
