import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import type { Recorded } from '../../shared/event-store/event.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { booking } from './booking.decider.ts';
import type { Appointment } from './booking.decider.ts';
import { DescribeBookingChanges } from './contract.ts';
import type { BookingChange, BookingEvent, BookingView } from './contract.ts';

const viewOf = ({ values, ...own }: Appointment): Partial<BookingView> => {
  if (values === null) return own;
  const { startAt, endAt, service, provider } = values;
  return { ...own, startAt, endAt, service, provider };
};

/** What each event that took this booking has changed, the oldest first. */
const changesOf = (events: readonly Recorded<BookingEvent>[]): BookingChange[] => {
  let state = booking.initial;
  return events.flatMap((event) => {
    const before = state?.taken ?? null;
    state = booking.evolve(state, event);
    if (event.type !== 'BookingUpserted') return [];
    const { bookingId, change, changed } = event.data;
    const after = state?.taken ?? null;
    return [
      { bookingId, change, changed, before: before && viewOf(before), after: after && viewOf(after), event },
    ];
  });
};

@QueryHandler(DescribeBookingChanges)
export class DescribeBookingChangesHandler implements IQueryHandler<DescribeBookingChanges> {
  constructor(private readonly events: EventStore) {}

  async execute({ events }: DescribeBookingChanges): Promise<BookingChange[]> {
    const streams = await this.events.read([...new Set(events.map(({ stream }) => stream))]);
    const described = new Map<number, BookingChange>();
    for (const past of streams.values())
      for (const change of changesOf(past as readonly Recorded<BookingEvent>[]))
        described.set(change.event.position, change);
    return events.flatMap(({ position }) => described.get(position) ?? []);
  }
}
