import { instantsOf } from '../../../shared/local-time.ts';
import { isRecord, readId } from './client-record.ts';

/** The day of a time that some calendar shows; null for anything else. */
const dayOf = (local: unknown): string | null =>
  typeof local === 'string' && instantsOf(local, 'UTC').length > 0 ? local.slice(0, 10) : null;

/** The company's day on which a record was made; null when it does not say. */
export const dayMade = (record: unknown): string | null =>
  isRecord(record) ? dayOf(record['record_date']) : null;

/** The company's day on which a booking starts; null when no calendar has it. */
export const dayStarts = (record: unknown): string | null =>
  isRecord(record) ? dayOf(record['start_datetime']) : null;

/**
 * Whether a booking starts or was made on the company's day `since` or later. One whose start no calendar shows is
 * wanted: it can be said of it only in quarantine.
 */
export const isWanted = (record: unknown, since: string): boolean => {
  const start = dayStarts(record);
  return start === null || start >= since || (dayMade(record) ?? '') >= since;
};

/** The ids of a page; a record without one says nothing of the order. Null: one of them is no number. */
const numbersOf = (records: readonly unknown[]): bigint[] | null => {
  const ids = records.flatMap((record) => (isRecord(record) ? (readId(record['id']) ?? []) : []));
  return ids.every((id) => /^\d+$/.test(id)) ? ids.map(BigInt) : null;
};

const areAscending = (ids: readonly bigint[]): boolean =>
  ids.every((id, index) => index === 0 || ids[index - 1]! < id);

/**
 * For pages read from the last to the first: whether each stands in the order of ids, before the one that was read before
 * it. A row that goes meanwhile brings rows of that one into this one, but not all of them.
 */
export const orderBackwards = (): ((records: readonly unknown[]) => boolean) => {
  let later: bigint[] = [];
  return (records) => {
    const ids = numbersOf(records);
    if (ids === null) return false;
    const own = ids.filter((id) => !later.includes(id));
    const isOrdered = areAscending([...own, ...later.slice(0, 1)]);
    if (ids.length > 0) later = ids;
    return isOrdered && (own.length > 0 || ids.length === 0);
  };
};
