import type { BookingPage } from '../contract.ts';
import type { BookingReader } from './booking-reader.ts';
import { dayStarts } from './booking-window.ts';
import { isRecord, recordKey } from './client-record.ts';
import type { End } from './listing.ts';
import { looksCut, readRows, type Rows } from './rpc-client-list.ts';
import { answerUnusable } from './refusals.ts';
import type { Shut } from './rest-bookings.ts';
import type { RpcQuestion, RpcVisit } from './rpc-visit.ts';

const DAY = 86_400_000;
const COMPLETE: End = { complete: true };

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

const isAscending = (days: readonly string[]): boolean =>
  days.every((day, index) => index === 0 || days[index - 1]! <= day);

const incomplete = (count: number, of: string): End => ({
  complete: false,
  reason: `JSON-RPC listed exactly ${count} bookings ${of}, which looks like a limit.`,
});

/** A company's bookings by JSON-RPC. It never tells how many there are, and may cut long answers without a word. */
export class RpcBookings {
  readonly #visit: RpcVisit;
  readonly #reader: BookingReader;
  readonly #isProven: boolean;

  /** `isProven`: its token has just opened the clients, so that a denial is about the right and not worth a login. */
  constructor(visit: RpcVisit, reader: BookingReader, isProven: boolean) {
    this.#visit = visit;
    this.#isProven = isProven;
    this.#reader = reader;
  }

  /** Returns why there was no list, or null. */
  async *pages(): AsyncGenerator<BookingPage, Shut | null, undefined> {
    const since = await this.#reader.since();
    const shut = await this.#ask({ date_from: since, limit: '1' }, this.#isProven);
    if (typeof shut === 'string') return shut;
    const made = yield* this.#madeLately(since);
    const started = yield* this.#startingFrom(since);
    yield await this.#reader.page([], false, started.complete ? made : started);
    return null;
  }

  /** What starts then or later, in the order of the start: a list that was cut goes on where it was cut. */
  async *#startingFrom(since: string): AsyncGenerator<BookingPage, End, undefined> {
    const met = new Set<string>();
    for (let from = since; ;) {
      const rows = await this.#rows({ date_from: from, order: 'start_date_asc' });
      const before = met.size;
      for (const record of rows.records) met.add(recordKey(record));
      yield await this.#reader.page(rows.records, rows.cut, null);
      if (met.size === before) return COMPLETE;
      const days = rows.records.flatMap((record) => dayStarts(record) ?? []);
      const last = days.at(-1) ?? from;
      if ((last === from || !isAscending(days)) && looksCut(rows.records.length)) {
        return incomplete(rows.records.length, `that start on ${from} or later`);
      }
      if (last === from || !isAscending(days)) return COMPLETE;
      from = last;
    }
  }

  /** What was made in the window: at once, or day by day where the answer may have been cut. */
  async *#madeLately(since: string): AsyncGenerator<BookingPage, End, undefined> {
    const rows = await this.#rows({ created_date_from: since });
    yield await this.#reader.page(rows.records, rows.cut, null);
    if (!looksCut(rows.records.length)) return COMPLETE;
    const today = await this.#reader.dayOf(new Date());
    for (let day = since; day <= today; day = nextDay(day)) {
      const { records, cut } = await this.#rows({ created_date_from: day, created_date_to: day });
      yield await this.#reader.page(records, cut, null);
      if (looksCut(records.length)) return incomplete(records.length, `that were made on ${day}`);
    }
    return COMPLETE;
  }

  async #ask(filter: Filter, withoutLogin: boolean): Promise<Rows | Shut> {
    const rows = await this.#visit.ask({ ...rpcBookingsQuestion(filter), withoutLogin });
    return typeof rows === 'string' ? rows : { ...rows, records: rows.records.map(asRest) };
  }

  /** Bookings have been opened before: a denial now is the end of a token, and never "there are none". */
  async #rows(filter: Filter): Promise<Rows> {
    const rows = await this.#ask(filter, false);
    if (typeof rows !== 'string') return rows;
    throw answerUnusable('it opened the bookings and then denied them');
  }
}

const nextDay = (day: string): string => new Date(Date.parse(day) + DAY).toISOString().slice(0, 10);
