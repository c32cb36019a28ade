import type { Company } from '../companies.ts';
import type { Booking } from '../appointments.ts';
import type { Client } from '../people.ts';
import { compareBookings } from './booking-truth.ts';
import type { Books } from './books.ts';
import { isKnown, truthOf, valuesOf, type Truth, type Values } from './truth.ts';

/** Everybody as they were when a sync began. */
export type Snapshot = { clients: ReadonlyMap<string, Client>; bookings: ReadonlyMap<number, Booking> };

export const snapshotOf = ({ crm, bookings }: Company): Snapshot => ({
  clients: new Map(crm.all().map((client) => [String(client.id), client])),
  bookings: new Map(bookings.all().map((booking) => [booking.id, booking])),
});

const same = (one: Values, other: Values): boolean =>
  one.name === other.name && one.email === other.email && one.phone === other.phone;

const NAMELESS = /^unreadable-/;

/** Whoever stands in the books stands there rightly, with values that the CRM has, or had when the sync began. */
const strangers = (company: Company, { places }: Truth, books: Books, before: Snapshot): string[] => {
  const wrong: string[] = [];
  for (const [id, values] of books.sources) {
    const place = places.get(id);
    if (place === undefined && isKnown(company, id)) continue;
    if (place === undefined || place === 'waiting') wrong.push(`client ${id} should be no lead`);
    else if (!same(place.lead, values)) {
      const earlier = before.clients.get(id);
      const wasSo = earlier !== undefined && same(valuesOf(earlier), values);
      if (!wasSo) wrong.push(`client ${id} has other values`);
    }
  }
  for (const [id, code] of books.waiting) {
    if (places.get(id) !== 'waiting' && !NAMELESS.test(id))
      wrong.push(`client ${id} should not wait (${code})`);
  }
  return wrong;
};

const missing = ({ places, nameless }: Truth, { sources, waiting }: Books): string[] => {
  const absent = [...places].filter(([id, place]) => !(place === 'waiting' ? waiting : sources).has(id));
  const found = [...waiting.keys()].filter((id) => NAMELESS.test(id)).length;
  return [
    ...absent.map(([id, place]) => `client ${id} is not ${place === 'waiting' ? 'waiting' : 'a lead'}`),
    ...(found === nameless ? [] : [`${found} odd records wait instead of ${nameless}`]),
  ];
};

/** Our books beside what the CRM holds: everything when the sync was complete, else what there is so far. */
export const compare = (
  company: Company,
  books: Books,
  before: Snapshot & { booked: ReadonlySet<number> },
  isComplete: boolean,
): string[] => {
  const truth = truthOf(company);
  return [
    ...books.wrong,
    ...[...books.gone].filter((id) => truth.places.has(id)).map((id) => `client ${id} is gone, on a guess`),
    ...strangers(company, truth, books, before),
    ...(isComplete ? missing(truth, books) : []),
    ...compareBookings(company, books, before.booked, isComplete),
  ];
};

/** How many clients and bookings the CRM has changed or added since then. */
export const changedSince = ({ crm, bookings }: Company, before: Snapshot): number =>
  crm.all().filter((client) => before.clients.get(String(client.id)) !== client).length +
  bookings.all().filter((booking) => before.bookings.get(booking.id) !== booking).length;
