import { localTime } from '../../../shared/local-time.ts';
import type { BookingPage, CrmWarning } from '../contract.ts';
import type { BookingWindow } from '../crm-provider.ts';
import { readBooking, type Reading } from './booking-record.ts';
import { areAscending, dayMade, isWanted, numbersOf } from './booking-window.ts';
import { readPage, type ListedPage } from './client-page.ts';
import { isRecord, readId, recordKey } from './client-record.ts';
import { companyZone, namesOf } from './company.ts';
import { Listing, type End } from './listing.ts';
import { answerUnusable } from './refusals.ts';
import type { Question, RestVisit } from './rest-visit.ts';

const ON_PAGE = 100;

type Listed = { page: ListedPage; cut: boolean };
type Filter = Record<string, string>;
/** Why there is no list to read. */
type Shut = 'bookings-not-offered' | 'bookings-forbidden';

const SHUT: Record<Shut, string> = {
  'bookings-not-offered':
    'This SimplyBook.me account offers no bookings to read (it answers 404), so none were synced.',
  'bookings-forbidden':
    'SimplyBook.me does not let this user read bookings (it answers 403), so none were synced. Connect an administrator, or give the user a role that may see all bookings.',
};

const ORDER_UNKNOWN: CrmWarning = {
  code: 'bookings-order-unknown',
  detail:
    'SimplyBook.me does not list bookings in the order in which they were made, so bookings made in the last 30 days for a day before that may be missing.',
};

const readList =
  (listing: Listing | null): Question<Listed>['read'] =>
  (json) => {
    const page = readPage(json, 'bookings');
    if (typeof page === 'string') return { unusable: page };
    const doubt = listing?.doubt(page) ?? null;
    return doubt === null ? { answer: { page, cut: json.cut } } : { unusable: doubt };
  };

const question = (page: number, filter: Filter, listing: Listing | null): Question<Listed> => ({
  path: '/admin/bookings',
  query: { page, on_page: ON_PAGE, ...filter },
  read: readList(listing),
});

const keysOf = ({ records }: ListedPage): string[] => records.map(recordKey);

/** How many pages the whole list has; null when the answer does not say, or in a way that fits nothing. */
const pagesIn = ({ announced, onPage, records }: ListedPage): number | null => {
  const size = onPage ?? records.length;
  return announced === null || announced <= records.length || size === 0 ? null : Math.ceil(announced / size);
};

/**
 * One sync's reading of a company's bookings. REST can filter by the day on which a booking starts, but not by the day on
 * which it was made; it lists by id, though, which is the order in which they were made. So the list is read three ways:
 * its first page, which for most companies is all of it; what starts in the window or later; and the end of the whole
 * list backwards, until everything on a page was made before the window. Where the list does not say how long it is, it
 * is read whole.
 */
export class BookingPages {
  readonly #visit: RestVisit;
  readonly #window: BookingWindow;
  readonly #mostPages: number;
  readonly #seen = new Set<string>();
  #company: { zone: string; since: string } | null = null;
  readonly #names = new Map<'service' | 'provider', ReadonlyMap<string, string>>();
  #warnings: CrmWarning[] = [];

  constructor(visit: RestVisit, window: BookingWindow, mostPages: number) {
    this.#visit = visit;
    this.#window = window;
    this.#mostPages = mostPages;
  }

  async *pages(): AsyncGenerator<BookingPage, void, undefined> {
    const whole = new Listing('bookings');
    const first = await this.#visit.ask<Listed | Shut>({
      ...question(1, {}, whole),
      instead: { 404: 'bookings-not-offered', 403: 'bookings-forbidden' },
    });
    if (typeof first === 'string') {
      yield { ...NOTHING, warnings: [{ code: first, detail: SHUT[first] }], end: { complete: true } };
      return;
    }
    const { end } = whole.take(first.page, keysOf(first.page));
    yield await this.#page(first, end);
    if (end !== null) return;
    const last = pagesIn(first.page);
    if (last === null) return yield* this.#listed(whole, {});
    yield* this.#madeLately(last, first.page);
    yield* this.#listed(new Listing('bookings'), { 'filter[date_from]': (await this.#where()).since });
  }

  /** A list to its proven end. */
  async *#listed(listing: Listing, filter: Filter): AsyncGenerator<BookingPage, void, undefined> {
    for (let requests = 0; requests < this.#mostPages; requests += 1) {
      const listed = await this.#visit.ask(question(listing.page, filter, listing));
      const { end } = listing.take(listed.page, keysOf(listed.page));
      yield { ...(await this.#page(listed, end)), announced: listed.page.announced };
      if (end !== null) return;
    }
    throw answerUnusable(`its list of bookings had no end after ${this.#mostPages} pages`);
  }

  /** The whole list from its end, as far as it was made in the window. What is added meanwhile is the next sync's. */
  async *#madeLately(last: number, first: ListedPage): AsyncGenerator<BookingPage, void, undefined> {
    const { since } = await this.#where();
    let later: bigint[] = [];
    for (let page = Math.min(last, this.#mostPages); page > 1; page -= 1) {
      const listed = await this.#visit.ask(question(page, {}, null));
      const { records } = listed.page;
      const ids = numbersOf(records);
      // The last page may have gone meanwhile, no other one.
      if (ids === null || !areAscending([...ids, ...later]) || (records.length === 0 && page < last)) {
        this.#warnings.push(ORDER_UNKNOWN);
        return;
      }
      yield await this.#page(listed, null);
      later = ids.slice(0, 1);
      const days = records.map(dayMade);
      if (days.length > 0 && days.every((day) => day !== null && day < since)) return;
    }
    const ids = numbersOf(first.records);
    if (ids === null || !areAscending([...ids, ...later])) this.#warnings.push(ORDER_UNKNOWN);
  }

  /** What of a page is wanted and was not met before. */
  async #page({ page, cut }: Listed, end: End | null): Promise<BookingPage> {
    const result: BookingPage = { ...NOTHING, bookings: [], unreadable: [], end };
    if (page.records.length > 0) {
      const { zone, since } = await this.#where();
      const wanted = page.records.filter((record) => isWanted(record, since) && this.#isFresh(record));
      const reading: Reading = { zone, cut, nameOf: (kind, id) => this.#names.get(kind)?.get(id) ?? null };
      await this.#learnNames(wanted);
      for (const record of wanted) {
        const read = readBooking(record, reading);
        if ('booking' in read) result.bookings.push(read.booking);
        else result.unreadable.push(read.unusable);
      }
    }
    result.warnings = this.#warnings;
    this.#warnings = [];
    return result;
  }

  #isFresh(record: unknown): boolean {
    const key = recordKey(record);
    return !this.#seen.has(key) && this.#seen.add(key) !== undefined;
  }

  async #where(): Promise<{ zone: string; since: string }> {
    if (this.#company === null) {
      const { zone, warnings } = await companyZone(this.#visit, this.#window.timezone);
      this.#warnings.push(...warnings);
      this.#company = { zone, since: localTime(this.#window.since.getTime(), zone).slice(0, 10) };
    }
    return this.#company;
  }

  /** Asks for the lists of services and providers once, and only when a booking leaves a name out. */
  async #learnNames(records: readonly unknown[]): Promise<void> {
    for (const kind of ['service', 'provider'] as const) {
      if (this.#names.has(kind) || !records.some((record) => leavesOut(record, kind))) continue;
      this.#names.set(kind, await namesOf(this.#visit, `/admin/${kind}s`));
    }
  }
}

const NOTHING: BookingPage = { bookings: [], unreadable: [], announced: null, warnings: [], end: null };

const leavesOut = (record: unknown, kind: 'service' | 'provider'): boolean => {
  if (!isRecord(record) || readId(record[`${kind}_id`]) === null) return false;
  const nested = record[kind];
  return !isRecord(nested) || typeof nested['name'] !== 'string' || nested['name'].trim() === '';
};
