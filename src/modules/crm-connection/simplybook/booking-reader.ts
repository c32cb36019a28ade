import { localTime } from '../../../shared/local-time.ts';
import type { BookingPage, CrmWarning } from '../contract.ts';
import { readBooking, type Reading } from './booking-record.ts';
import { isWanted } from './booking-window.ts';
import { isRecord, readId, recordKey } from './client-record.ts';
import type { End } from './listing.ts';

export type Kind = 'service' | 'provider';

/** What has to be asked of the company itself, when it has to. */
export type Company = {
  zone: () => Promise<{ zone: string; warnings: CrmWarning[] }>;
  names: (kind: Kind) => Promise<ReadonlyMap<string, string>>;
};

const leavesOut = (record: unknown, kind: Kind): boolean => {
  if (!isRecord(record) || readId(record[`${kind}_id`]) === null) return false;
  const nested = record[kind];
  return !isRecord(nested) || typeof nested['name'] !== 'string' || nested['name'].trim() === '';
};

/** Makes bookings of records, each once, and remembers for the whole listing what had to be asked for. */
export class BookingReader {
  readonly #company: Company;
  readonly #since: Date;
  readonly #seen = new Set<string>();
  readonly #names = new Map<Kind, ReadonlyMap<string, string>>();
  #window: { zone: string; since: string } | null = null;
  #warnings: CrmWarning[] = [];

  constructor(company: Company, since: Date) {
    this.#company = company;
    this.#since = since;
  }

  /** The company's day on which the window begins. */
  async since(): Promise<string> {
    return (await this.#where()).since;
  }

  /** What an instant is on the company's calendar. */
  async dayOf(instant: Date): Promise<string> {
    return localTime(instant.getTime(), (await this.#where()).zone).slice(0, 10);
  }

  /** Goes out with the next page. */
  warn(warning: CrmWarning): void {
    this.#warnings.push(warning);
  }

  hasSeen(record: unknown): boolean {
    return this.#seen.has(recordKey(record));
  }

  /** What of these records is in the window and was not met before; `all`: outside of the window too. */
  async page(
    records: readonly unknown[],
    cut: boolean,
    end: End | null,
    which: 'window' | 'all' = 'window',
  ): Promise<BookingPage> {
    const page: BookingPage = { bookings: [], unreadable: [], announced: null, warnings: [], end };
    if (records.length > 0) {
      const { zone, since } = await this.#where();
      const wanted = records.filter(
        (record) => (which === 'all' || isWanted(record, since)) && this.#isFresh(record),
      );
      await this.#learnNames(wanted);
      const nameOf: Reading['nameOf'] = (kind, id) => this.#names.get(kind)?.get(id) ?? null;
      for (const record of wanted) {
        const read = readBooking(record, { zone, cut, nameOf });
        if ('booking' in read) page.bookings.push(read.booking);
        else page.unreadable.push(read.unusable);
      }
    }
    page.warnings.push(...this.#warnings.splice(0));
    return page;
  }

  #isFresh(record: unknown): boolean {
    if (this.hasSeen(record)) return false;
    this.#seen.add(recordKey(record));
    return true;
  }

  async #where(): Promise<{ zone: string; since: string }> {
    if (this.#window === null) {
      const { zone, warnings } = await this.#company.zone();
      this.#warnings.push(...warnings);
      this.#window = { zone, since: localTime(this.#since.getTime(), zone).slice(0, 10) };
    }
    return this.#window;
  }

  /** Asks for the names of services and providers once, and only when a booking leaves one out. */
  async #learnNames(records: readonly unknown[]): Promise<void> {
    for (const kind of ['service', 'provider'] as const) {
      if (this.#names.has(kind) || !records.some((record) => leavesOut(record, kind))) continue;
      this.#names.set(kind, await this.#company.names(kind));
    }
  }
}
