import { isRecord, recordKey } from './client-record.ts';
import type { Json } from './json.ts';
import type { End } from './listing.ts';

/** What one JSON-RPC answer lists. `cut`: parts of it were nested too deeply and were left out. */
export type Rows = { records: unknown[]; cut: boolean };

/** What is known of a list that never says how long it is: all of it, a part of it, or nobody can tell. */
export type Verdict = 'whole' | 'cut' | 'unknown';

/** A list, or a map by id, as PHP writes a list whose keys are not 0, 1, 2, … */
export const readRows = ({ value, cut }: Json, of = 'clients'): { answer: Rows } | { unusable: string } => {
  if (Array.isArray(value)) return { answer: { records: value, cut } };
  if (!isRecord(value)) return { unusable: `the answer is not a list of ${of}` };
  const records = Object.entries(value).map(([id, row]) =>
    isRecord(row) && row['id'] === undefined ? { ...row, id } : row,
  );
  return records.length > 0 && !records.some(isRecord)
    ? { unusable: 'the list holds no records' }
    : { answer: { records, cut } };
};

export const keysOf = ({ records }: Pick<Rows, 'records'>): string => records.map(recordKey).join('\n');

/** Nobody cuts lists to fewer rows. */
export const LEAST_LIMIT = 5;

/** Limits are round: where nothing else tells, so round a number of rows may be a part only. */
const looksCut = (count: number): boolean => count > 0 && count % 10 === 0;

/** `count`: how many rows the list has of which that is all that is known. */
export const endOf = (verdict: Verdict, count: number, of: string): End => {
  if (verdict === 'whole') return { complete: true };
  if (verdict === 'cut') {
    return { complete: false, reason: `JSON-RPC listed ${count} ${of}, and knows of others when asked.` };
  }
  return looksCut(count)
    ? { complete: false, reason: `JSON-RPC listed exactly ${count} ${of}, which looks like a limit.` }
    : { complete: true, unproven: true };
};
