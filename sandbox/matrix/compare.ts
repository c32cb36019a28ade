import type { Company } from '../companies.ts';
import type { Client } from '../people.ts';
import type { Books } from './books.ts';
import { isKnown, truthOf, valuesOf, type Truth, type Values } from './truth.ts';

/** Everybody as they were when a sync began. */
export type Snapshot = ReadonlyMap<string, Client>;

export const snapshotOf = ({ crm }: Company): Snapshot =>
  new Map(crm.all().map((client) => [String(client.id), client]));

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
      const earlier = before.get(id);
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
export const compare = (company: Company, books: Books, before: Snapshot, isComplete: boolean): string[] => {
  const truth = truthOf(company);
  return [
    ...books.wrong,
    ...strangers(company, truth, books, before),
    ...(isComplete ? missing(truth, books) : []),
  ];
};

/** How many clients the CRM has changed or added since then. */
export const changedSince = ({ crm }: Company, before: Snapshot): number =>
  crm.all().filter((client) => before.get(String(client.id)) !== client).length;
