import { z } from 'zod';
import type { ClientPage, ListedSoFar } from '../contract.ts';
import type { ListedPage } from './client-page.ts';

export type End = NonNullable<ClientPage['end']>;

/** What a listing says about a page: which of its records are met for the first time, and whether that was all. */
export type Taken = { fresh: boolean[]; end: End | null };

/** So often the list is read; and so often while nobody comes or goes and yet no two readings are the same. */
const MOST_PASSES = 3;
const MOST_PASSES_AT_REST = 10;

/** So many pages in a row without a record that this pass has not seen are its end. */
const MOST_STALE_PAGES = 2;

const COMPLETE: End = { complete: true };

/**
 * Decides which page to ask for next and when the list has provably been seen. There is no "changed since", no stable
 * order and no cursor: while we read, clients that are renamed, added or deleted shift the pages, so that one may be
 * met twice and another one not at all.
 *
 * Proof, when the CRM tells how many clients it has: as many different ones were seen since that number last changed.
 * Renaming shifts pages but changes no number; adding and deleting change it, and counting starts anew from there.
 * (One client deleted from a part already read and another one added to a part not yet read, both between the same two
 * requests, leave no trace in any answer; such a listing can miss one client until the next sync.)
 *
 * Proof, when it does not tell: two passes in a row brought the same clients, neither of them met one twice.
 *
 * No proof: the list is read again from the start, three times in all, and up to ten times where it comes in another order
 * for each request, which shows everybody in the end.
 */
export class Listing {
  readonly #of: 'clients' | 'bookings';
  /** The page to ask for next, from 1. */
  page = 1;
  #pass = 1;
  #announced: number | null = null;
  /** Whether any page came with counts: an empty one without them is then no end. */
  #told = false;
  /** It called clients that it lists none: its zero says nothing. */
  #lies = false;
  #pageSize = 0;
  /** The pages of this pass, from the first, that told one page more than asked for: no count, but "there may be more". */
  #followed = 0;
  #passesWithoutNews = 0;
  /** By record key: the pass in which it was last met. */
  readonly #met = new Map<string, number>();
  /** Record keys met since the announced number last changed. */
  readonly #steady = new Set<string>();
  /** Whether that number has changed at all. */
  #hasMoved = false;
  #steadySince = 1;
  #inPass = startOfPass();
  #before = startOfPass();
  #previousKeys = '';

  constructor(of: 'clients' | 'bookings' = 'clients', from?: ListedSoFar) {
    this.#of = of;
    if (from !== undefined) this.#readOn(from);
  }

  /**
   * Where somebody else can read on: only in the first reading, and only while the CRM has told one number and no other,
   * because all that was met counts towards it then. Null: nowhere but at the start.
   */
  get cursor(): string | null {
    const isFirst = this.#pass === 1 && this.#inPass.pages > 0;
    if (!isFirst || this.#announced === null || this.#hasMoved) return null;
    const { records, pages } = this.#inPass;
    return JSON.stringify({ announced: this.#announced, pageSize: this.#pageSize, records, pages });
  }

  #readOn({ cursor, met }: ListedSoFar): void {
    const { announced, pageSize, records, pages } = place.parse(JSON.parse(cursor));
    this.page = pages + 1;
    this.#announced = announced;
    this.#told = true;
    this.#pageSize = pageSize;
    this.#inPass = { ...startOfPass(), pages, records, distinct: met.length };
    for (const key of met) {
      this.#met.set(key, 0);
      this.#steady.add(key);
    }
  }

  /**
   * Why an empty page is not the end of the list but a failure (completes "answered, but …"), or null. An outage that
   * reads as "no more clients" is the one mistake that must not happen.
   */
  doubt(page: ListedPage): string | null {
    const { records, onPage } = page;
    const announced = this.#heard(page);
    const pagesCount = this.#heardPages(page);
    if (records.length > 0) return null;
    if (announced === null && page.pagesCount === null && (this.#told || this.page === 1)) {
      return `it sent an empty list without saying how many ${this.#of} there are`;
    }
    const saysNone = announced === 0 || (announced === null && pagesCount === 0);
    if (this.page === 1 ? !saysNone || this.#met.size > 0 : announced === 0) {
      return 'it sent an empty page of a list that is not empty';
    }
    const size = Math.max(onPage ?? 0, this.#pageSize);
    const last = announced === null || size === 0 ? (pagesCount ?? 0) : Math.ceil(announced / size);
    const isPastEnd = this.page >= last || (pagesCount !== null && pagesCount > 0 && this.page > pagesCount);
    return isPastEnd ? null : `page ${this.page} of ${last} was empty`;
  }

  /** `keys`: what tells the page's records apart, in their order. */
  take(page: ListedPage, keys: string[]): Taken {
    this.#hear(page);
    const fresh = this.#meet(keys);
    const end = this.#passEnds(page) ? this.#endOfPass() : this.#isProven(page) ? COMPLETE : null;
    this.page = this.#inPass.pages === 0 ? 1 : this.page + 1;
    return { fresh, end };
  }

  #heard({ announced }: ListedPage): number | null {
    return announced === 0 && this.#lies ? null : announced;
  }

  /** Null also when it is no count: where each page so far told one more than its own number. */
  #heardPages({ pagesCount }: ListedPage): number | null {
    const follows = pagesCount === this.page + 1 && this.#followed === this.page - 1;
    return follows && this.page > 1 ? null : pagesCount;
  }

  #hear(page: ListedPage): void {
    const { records, announced, pagesCount, onPage } = page;
    if (pagesCount === this.page + 1 && this.#followed === this.page - 1) this.#followed += 1;
    this.#told ||= announced !== null || pagesCount !== null;
    this.#lies ||= announced === 0 && records.length > 0;
    this.#pageSize = Math.max(this.#pageSize, records.length, records.length > 0 ? (onPage ?? 0) : 0);
    const number = this.#heard(page);
    if (number === null || number === this.#announced) return;
    if (this.#announced !== null) {
      this.#hasMoved = true;
      this.#steady.clear();
      this.#steadySince = this.#pass;
    }
    this.#announced = number;
  }

  #meet(keys: string[]): boolean[] {
    const pass = this.#inPass;
    let repeated = 0;
    const fresh = keys.map((key) => {
      const last = this.#met.get(key);
      this.#steady.add(key);
      this.#met.set(key, this.#pass);
      if (last === this.#pass) repeated += 1;
      else {
        pass.distinct += 1;
        if (last !== this.#pass - 1) pass.strangers += 1;
        if (last === undefined) pass.news += 1;
      }
      return last === undefined;
    });
    pass.pages += 1;
    pass.records += keys.length;
    pass.stalePages = repeated === keys.length ? pass.stalePages + 1 : 0;
    // A CRM that gives its last page for ever repeats pages, not clients.
    const all = keys.join('\n');
    if (repeated > 0 && all !== this.#previousKeys) pass.repeats += repeated;
    this.#previousKeys = all;
    return fresh;
  }

  /** More was listed, or more pages are claimed, than the announced number allows: look further. */
  #isContradicted({ pagesCount }: ListedPage): boolean {
    if (this.#announced === null) return false;
    const pages = Math.ceil(this.#announced / Math.max(1, this.#pageSize));
    return this.#steady.size > this.#announced || (pagesCount !== null && pagesCount > pages);
  }

  #isProven(page: ListedPage): boolean {
    return this.#steady.size === this.#announced && !this.#isContradicted(page);
  }

  #passEnds(page: ListedPage): boolean {
    if (page.records.length === 0 || this.#inPass.stalePages >= MOST_STALE_PAGES) return true;
    return this.#announced !== null && this.#inPass.records >= this.#announced && !this.#isContradicted(page);
  }

  #endOfPass(): End | null {
    if (this.#announced !== null && this.#steady.size === this.#announced) return COMPLETE;
    const { distinct, strangers, repeats } = this.#inPass;
    const same = this.#pass > 1 && strangers === 0 && distinct === this.#before.distinct;
    if (same && this.#announced === null && repeats === 0 && this.#before.repeats === 0) return COMPLETE;
    const isHopeless = same && this.#announced !== null && this.#steadySince < this.#pass;
    if (isHopeless || this.#isEnough()) return { complete: false, reason: this.#reason(same) };
    this.#nextPass();
    return null;
  }

  /** Whether another pass may show more: the number of clients stands still, and either is not reached or is not told. */
  #isEnough(): boolean {
    this.#passesWithoutNews = this.#inPass.news > 0 ? 0 : this.#passesWithoutNews + 1;
    const isAtRest = this.#steadySince < this.#pass;
    const mayShowMore = isAtRest && (this.#announced !== null || this.#passesWithoutNews < 2);
    return this.#pass >= (mayShowMore ? MOST_PASSES_AT_REST : MOST_PASSES);
  }

  #nextPass(): void {
    this.#pass += 1;
    this.#before = this.#inPass;
    this.#inPass = startOfPass();
    this.#previousKeys = '';
    this.#followed = 0;
  }

  #reason(same: boolean): string {
    const seen = `${this.#inPass.distinct} were listed`;
    if (this.#announced === null) {
      return `SimplyBook.me does not say how many ${this.#of} there are, and the list moved while it was read; ${seen} the last time.`;
    }
    return same
      ? `SimplyBook.me says there are ${this.#announced} ${this.#of}, but ${seen}, the same ones each time.`
      : `The list changed while it was read, ${this.#pass} times over: SimplyBook.me says there are ${this.#announced} ${this.#of}, ${seen} the last time.`;
  }
}

const count = z.number().int().min(0);
const place = z.object({ announced: count, pageSize: count, records: count, pages: count });

type Pass = {
  pages: number;
  records: number;
  distinct: number;
  /** Records that the pass before did not meet. */
  strangers: number;
  /** Records that no pass before has met. */
  news: number;
  /** Records met more than once. */
  repeats: number;
  stalePages: number;
};

const startOfPass = (): Pass => ({
  pages: 0,
  records: 0,
  distinct: 0,
  strangers: 0,
  news: 0,
  repeats: 0,
  stalePages: 0,
});
