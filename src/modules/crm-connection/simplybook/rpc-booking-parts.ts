import type { CrmWarning } from '../contract.ts';
import { dayMade, dayStarts } from './booking-window.ts';
import { isRecord } from './client-record.ts';
import type { Rows, Verdict } from './rpc-rows.ts';

const DAY = 86_400_000;

export const isAscending = (days: readonly string[]): boolean =>
  days.every((day, index) => index === 0 || days[index - 1]! <= day);

export const daysOf = ({ records }: Rows): string[] => records.flatMap((record) => dayStarts(record) ?? []);

/** The order in which bookings start, where it is to be seen: not among those that start at one time. */
export const orderOf = ({ records }: Rows): 'up' | 'down' | null => {
  const starts = records.map((record) => String(isRecord(record) ? record['start_datetime'] : ''));
  if (new Set(starts).size < 2) return null;
  if (isAscending(starts)) return 'up';
  return isAscending(starts.toReversed()) ? 'down' : null;
};

export const WORDS = { date: 'that start on', created_date: 'that were made on' };
export const DAYS = { date: dayStarts, created_date: dayMade };

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
const dayAfter = (day: string, count = 1): string => dayOf(Date.parse(day) + count * DAY);

/** As far as four digits go. */
const LAST_DAY = '9999-12-31';

/** The days from and to, in two around the middle of those that are met; where one alone is met, that one and the others. */
export const partsOf = (
  from: string,
  to: string | null,
  met: readonly string[],
): [string, string | null][] => {
  const [first, last] = [met.toSorted()[0], met.toSorted().at(-1)];
  if (first === undefined || last === undefined || first < from || (to ?? last) < last) return [];
  const parts: [string, string | null][] = [];
  if (first < last) {
    const middle = dayOf((Date.parse(first) + Date.parse(last)) / 2);
    return [
      [from, middle],
      [dayAfter(middle), to],
    ];
  }
  if (from < first) parts.push([from, dayAfter(first, -1)]);
  parts.push([first, first]);
  if (first < (to ?? LAST_DAY)) parts.push([dayAfter(first), to]);
  return parts;
};

/** What a part of the list came to, and of how many rows that is said. */
export type Part = { verdict: Verdict; count: number; of: string };

const WORST: readonly Verdict[] = ['cut', 'unknown', 'whole'];
export const worst = (...parts: Part[]): Part =>
  parts.toSorted((one, other) => WORST.indexOf(one.verdict) - WORST.indexOf(other.verdict))[0]!;

export const countUnknown = ({ count, of }: Part): CrmWarning => ({
  code: 'bookings-count-unknown',
  detail: `JSON-RPC listed ${count} ${of} and does not say how many there are. Nothing speaks for there being more, and nothing proves that there are none.`,
});
