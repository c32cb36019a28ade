import type { BookingPage } from '../contract.ts';
import type { BookingReader } from './booking-reader.ts';
import { isRecord, recordKey } from './client-record.ts';
import {
  countUnknown,
  DAYS,
  daysOf,
  isAscending,
  orderOf,
  partsOf,
  WORDS,
  worst,
  type Part,
} from './rpc-booking-parts.ts';
import { answerUnusable } from './refusals.ts';
import type { Shut } from './rest-bookings.ts';
import { wholeQuestion } from './rpc-list-proof.ts';
import { endOf, LEAST_LIMIT, readRows, type Rows, type Verdict } from './rpc-rows.ts';
import type { RpcQuestion, RpcVisit } from './rpc-visit.ts';

type Filter = Record<string, string>;

/** `getBookings`, whose filters know the day of making and of the last change too. */
export const rpcBookingsQuestion = (filter: Filter): RpcQuestion<Rows | Shut> => ({
  method: 'getBookings',
  params: [{ booking_type: 'all', ...filter }],
  read: (json) => readRows(json, 'bookings'),
  instead: { [-32600]: 'bookings-forbidden', [-32601]: 'bookings-not-offered', 404: 'bookings-not-offered' },
});

const filled = (value: unknown): unknown => (value === '' || value === undefined ? null : value);

/** What a status is called here varies; whether it stands is always told. */
const statusOf = ({ status, is_confirm: isConfirmed }: Record<string, unknown>): unknown =>
  isConfirmed === '0' || isConfirmed === 0 || isConfirmed === false
    ? 'canceled'
    : (filled(status) ?? 'confirmed');

/** The row in REST's words, without what belongs to the client. */
export const asRest = (row: unknown): unknown => {
  if (!isRecord(row)) return row;
  const { client_id: client, ...rest } = row;
  return {
    id: rest['id'],
    ...('client_id' in row && { client_id: filled(client) }),
    code: filled(rest['code']),
    status: statusOf(rest),
    start_datetime: rest['start_date'] ?? rest['start_date_time'],
    end_datetime: rest['end_date'] ?? rest['end_date_time'],
    record_date: filled(rest['record_date']),
    service_id: filled(rest['event_id']),
    service: { name: filled(rest['event']) },
    provider_id: filled(rest['unit_id']),
    provider: { name: filled(rest['unit']) },
  };
};

/**
 * A company's bookings by JSON-RPC. It never tells how many there are, and may cut long answers without a word. An answer
 * shorter than another one was not cut; and where a list is the same from its other end, neither was that.
 */
export class RpcBookings {
  readonly #visit: RpcVisit;
  readonly #reader: BookingReader;
  readonly #isProven: boolean;
  /** So many rows an answer has held. */
  #most = LEAST_LIMIT - 1;

  /** `isProven`: its token has opened the clients, so that a denial is most likely about the right. */
  constructor(visit: RpcVisit, reader: BookingReader, isProven: boolean) {
    this.#visit = visit;
    this.#isProven = isProven;
    this.#reader = reader;
  }

  /** Returns why there was no list, or null. */
  async *pages(): AsyncGenerator<BookingPage, Shut | null, undefined> {
    const since = await this.#reader.since();
    const shut = await this.#shut(since);
    if (shut !== null) return shut;
    const started = yield* this.#startingFrom(since);
    const part = worst(yield* this.#inParts('created_date', since, null), started);
    const end = endOf(part.verdict, part.count, part.of);
    if (end.complete && end.unproven) this.#reader.warn(countUnknown(part));
    yield await this.#reader.page([], false, end);
    return null;
  }

  /**
   * Why there is nothing to list. A denial may also be the end of a token that has opened the clients: whether they still
   * open tells, and brings a new token only where it has to. A login for a right that is not there would be one each sync.
   */
  async #shut(since: string): Promise<Shut | null> {
    const filter = { date_from: since, limit: '1' };
    let first = await this.#ask(filter, this.#isProven);
    if (first === 'bookings-forbidden' && this.#isProven) {
      await this.#visit.ask({ ...wholeQuestion(), params: ['', 1] });
      first = await this.#ask(filter, true);
    }
    return typeof first === 'string' ? first : null;
  }

  /** What starts then or later, in the order of the start: a list that was cut goes on where it was cut. */
  async *#startingFrom(since: string): AsyncGenerator<BookingPage, Part, undefined> {
    const met = new Set<string>();
    for (let from = since; ;) {
      const rows = await this.#rows({ date_from: from, order: 'start_date_asc' });
      const before = met.size;
      for (const record of rows.records) met.add(recordKey(record));
      yield await this.#reader.page(rows.records, rows.cut, null);
      const days = daysOf(rows);
      const last = days.at(-1) ?? from;
      if (met.size > before && last !== from && isAscending(days)) {
        from = last;
        continue;
      }
      const count = rows.records.length;
      return count < this.#most && isAscending(days)
        ? { verdict: 'whole', count, of: 'bookings' }
        : yield* this.#inParts('date', since, null);
    }
  }

  /** What was made or starts in these days: at once, or where that may not be all, in parts. `to`: null for "and later". */
  async *#inParts(
    what: keyof typeof WORDS,
    from: string,
    to: string | null,
  ): AsyncGenerator<BookingPage, Part, undefined> {
    const filter = { [`${what}_from`]: from, ...(to !== null && { [`${what}_to`]: to }) };
    const rows = await this.#rows({ ...filter, order: 'start_date_asc' });
    yield await this.#reader.page(rows.records, rows.cut, null);
    const count = rows.records.length;
    const of = `bookings ${WORDS[what]} ${to === from ? from : `${from} or later`}`;
    if (count < this.#most) return { verdict: 'whole', count, of };
    const { verdict, others } = yield* this.#fromTheEnd(filter, rows);
    const days = [...rows.records, ...others.records].flatMap((record) => DAYS[what](record) ?? []);
    const parts = verdict === 'whole' ? [] : partsOf(from, to, days);
    if (parts.length < 2) return { verdict, count, of };
    const found: Part[] = [];
    for (const [first, last] of parts) found.push(yield* this.#inParts(what, first, last));
    return worst(...found);
  }

  /** Whether the list from its other end brings the same ones, and in that order. */
  async *#fromTheEnd(
    filter: Filter,
    known: Rows,
  ): AsyncGenerator<BookingPage, { verdict: Verdict; others: Rows }, undefined> {
    const others = await this.#rows({ ...filter, order: 'start_date' });
    yield await this.#reader.page(others.records, others.cut, null);
    const keys = new Set(known.records.map(recordKey));
    if (others.records.some((record) => !keys.has(recordKey(record)))) return { verdict: 'cut', others };
    const isTheOtherEnd = orderOf(known) === 'up' && orderOf(others) === 'down';
    const isWhole = isTheOtherEnd || others.records.length < LEAST_LIMIT;
    return { verdict: isWhole ? 'whole' : 'unknown', others };
  }

  async #ask(filter: Filter, withoutLogin: boolean): Promise<Rows | Shut> {
    const rows = await this.#visit.ask({ ...rpcBookingsQuestion(filter), withoutLogin });
    return typeof rows === 'string' ? rows : { ...rows, records: rows.records.map(asRest) };
  }

  /** Bookings have been opened before: a denial now is the end of a token, and never "there are none". */
  async #rows(filter: Filter): Promise<Rows> {
    const rows = await this.#ask(filter, false);
    if (typeof rows === 'string') throw answerUnusable('it opened the bookings and then denied them');
    this.#most = Math.max(this.#most, rows.records.length);
    return rows;
  }
}
