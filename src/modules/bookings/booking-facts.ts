import { nameBasedUuid } from '../../shared/name-based-uuid.ts';
import type { BookingFacts } from './booking.decider.ts';

/** The same booking has the same id, whoever meets it first. */
export const bookingFacts = (connectionId: string, externalId: string): BookingFacts => ({
  bookingId: nameBasedUuid(`booking/${connectionId}/${externalId}`),
  connectionId,
  externalId,
});
