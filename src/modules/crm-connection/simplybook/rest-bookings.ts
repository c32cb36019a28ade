import type { BookingPage, CrmWarning } from '../contract.ts';
import type { BookingReader } from './booking-reader.ts';
import { dayMade, orderBackwards } from './booking-window.ts';
import { readPage, type ListedPage } from './client-page.ts';
import { recordKey } from './client-record.ts';
import { Listing } from './listing.ts';
import { answerUnusable } from './refusals.ts';
import type { Question, RestVisit } from './rest-visit.ts';

const ON_PAGE = 100;

type Listed = { page: ListedPage; cut: boolean };
type Filter = Record<string, string>;

/** Why there is no list to read. */
export type Shut = 'bookings-not-offered' | 'bookings-forbidden';

const ORDER_UNKNOWN: CrmWarning = {
  code: 'bookings-order-unknown',
  detail:
    'SimplyBook.me does not list bookings in the order in which they were made, so bookings made in the last 30 days for a day before that may be missing.',
};

const question = (page: number, filter: Filter, listing: Listing | null): Question<Listed> => ({
  path: '/admin/bookings',
  query: { page, on_page: ON_PAGE, ...filter },
  read: (json) => {
    const read = readPage(json, 'bookings');
    if (typeof read === 'string') return { unusable: read };
    const doubt = listing?.doubt(read) ?? null;
    return doubt === null ? { answer: { page: read, cut: json.cut } } : { unusable: doubt };
  },
});

const keysOf = ({ records }: ListedPage): string[] => records.map(recordKey);

/** How many pages the whole list has; null when the answer does not say, or in a way that fits nothing. */
const pagesIn = ({ announced, onPage, records }: ListedPage): number | null => {
  const size = onPage ?? records.length;
  return announced === null || announced <= records.length || size === 0 ? null : Math.ceil(announced / size);
};

/**
 * A company's bookings by REST, which can filter by the day on which a booking starts, but not by the day on which it was
 * made; it lists by id, though, which is the order in which they were made. So the list is read three ways: its first page,
 * which for most companies is all of it; the end of the whole list backwards, until everything on a page was made before the
 * window; and what starts in the window or later. Where the list does not say how long it is, it is read whole.
 */
export class RestBookings {
  readonly #visit: RestVisit;
  readonly #reader: BookingReader;
  readonly #mostPages: number;

  constructor(visit: RestVisit, reader: BookingReader, mostPages: number) {
    this.#visit = visit;
    this.#reader = reader;
    this.#mostPages = mostPages;
  }

  /** Returns why there was no list, or null; `before` is handed on before the last part, which ends the list. */
  async *pages(
    before: () => AsyncGenerator<BookingPage, void, undefined>,
  ): AsyncGenerator<BookingPage, Shut | null, undefined> {
    const whole = new Listing('bookings');
    const first = await this.#visit.ask<Listed | Shut>({
      ...question(1, {}, whole),
      instead: { 404: 'bookings-not-offered', 403: 'bookings-forbidden' },
    });
    if (typeof first === 'string') return first;
    const { end } = whole.take(first.page, keysOf(first.page));
    yield await this.#reader.page(first.page.records, first.cut, end);
    if (end !== null) return null;
    const last = pagesIn(first.page);
    if (last !== null) yield* this.#madeLately(last, first.page);
    yield* before();
    if (last === null) yield* this.#listed(whole, {});
    else yield* this.#listed(new Listing('bookings'), { 'filter[date_from]': await this.#reader.since() });
    return null;
  }

  /** A list to its proven end. */
  async *#listed(listing: Listing, filter: Filter): AsyncGenerator<BookingPage, void, undefined> {
    for (let requests = 0; requests < this.#mostPages; requests += 1) {
      const { page, cut } = await this.#visit.ask(question(listing.page, filter, listing));
      const { end } = listing.take(page, keysOf(page));
      yield { ...(await this.#reader.page(page.records, cut, end)), announced: page.announced };
      if (end !== null) return;
    }
    throw answerUnusable(`its list of bookings had no end after ${this.#mostPages} pages`);
  }

  /** The whole list from its end, as far as it was made in the window. What is added meanwhile is the next sync's. */
  async *#madeLately(last: number, first: ListedPage): AsyncGenerator<BookingPage, void, undefined> {
    const since = await this.#reader.since();
    const isInOrder = orderBackwards();
    for (let page = Math.min(last, this.#mostPages); page > 1; page -= 1) {
      const listed = await this.#visit.ask(question(page, {}, null));
      const { records } = listed.page;
      yield await this.#reader.page(records, listed.cut, null);
      // The last page may have gone meanwhile, no other one.
      if (!isInOrder(records) || (records.length === 0 && page < last)) {
        return this.#reader.warn(ORDER_UNKNOWN);
      }
      const days = records.map(dayMade);
      if (days.length > 0 && days.every((day) => day !== null && day < since)) return;
    }
    if (!isInOrder(first.records)) this.#reader.warn(ORDER_UNKNOWN);
  }
}
