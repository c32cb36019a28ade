import type { Booking } from '../appointments.ts';
import { DAY, lastSunday, moved } from '../company-time.ts';
import type { Company } from '../companies.ts';
import type { Books, BookingValues } from './books.ts';
import { idIn } from './truth.ts';

type Place = BookingValues | 'waiting';

const STATUSES = new Set(['confirmed', 'confirmed_pending', 'pending', 'canceled']);

/** Whether some calendar has this day and some clock this time; not in the year 9999, which stands for never. */
const isReal = (local: string): boolean => {
  const time = Date.parse(`${local.replace(' ', 'T')}Z`);
  return !Number.isNaN(time) && moved(local, 0) === local && !local.startsWith('9999');
};

/** In the hour that is left out when the clocks of Berlin go forward. */
const isLeftOut = (local: string, now: string): boolean => local.startsWith(`${lastSunday(now, 3)} 02:`);

const canBeTaken = ({ status, start, end }: Booking, now: string): boolean =>
  STATUSES.has(status) && [start, end].every(isReal) && start <= end && !isLeftOut(start, now);

const WINDOW = 30 * DAY;

const isWanted = ({ start, recorded }: Booking, now: string): boolean => {
  const since = moved(now, -WINDOW).slice(0, 10);
  return !isReal(start) || start.slice(0, 10) >= since || recorded.slice(0, 10) >= since;
};

/** Which bookings a complete sync has, by the id as the CRM writes it. */
export const bookingsTruth = (company: Company): Map<string, Place> => {
  const { bookings, faults } = company;
  if (['missing', 'forbidden'].includes(faults.switches.bookingsRoute)) return new Map();
  const now = bookings.now();
  const wanted = bookings.all().filter((booking) => isWanted(booking, now));
  return new Map(
    wanted.map((booking) => {
      const clientId = booking.clientId === null ? null : idIn(company, booking.clientId);
      const values = { status: booking.status, startLocal: booking.start, clientId };
      return [idIn(company, booking.id), canBeTaken(booking, now) ? values : 'waiting'];
    }),
  );
};

const same = (one: BookingValues, other: BookingValues): boolean =>
  one.status === other.status && one.startLocal === other.startLocal && one.clientId === other.clientId;

/** Bookings that hang on another lead than their client does. */
const mislinked = ({ bookings, leadOf }: Books): string[] =>
  [...bookings]
    .filter(([, { clientId, leadId }]) => leadId !== (leadOf.get(clientId ?? '') ?? null))
    .map(([id]) => `booking ${id} is not linked to its client's lead`);

/** Our bookings beside the CRM's. One that the CRM has removed meanwhile may stay. */
export const compareBookings = (
  company: Company,
  books: Books,
  before: ReadonlySet<number>,
  isComplete: boolean,
): string[] => {
  const truth = bookingsTruth(company);
  const wasThere = new Set([...before].map((id) => idIn(company, id)));
  const wrong = isComplete ? mislinked(books) : [];
  for (const [id, values] of books.bookings) {
    const place = truth.get(id);
    if (place === undefined && wasThere.has(id)) continue;
    if (place === undefined || place === 'waiting' || !same(place, values))
      wrong.push(`booking ${id} should not be so`);
  }
  for (const [id, code] of books.waitingBookings)
    if (truth.get(id) !== 'waiting') wrong.push(`booking ${id} should not wait (${code})`);
  if (!isComplete) return wrong;
  const absent = [...truth].filter(
    ([id, place]) => !(place === 'waiting' ? books.waitingBookings : books.bookings).has(id),
  );
  return [...wrong, ...absent.map(([id]) => `booking ${id} is missing`)];
};
