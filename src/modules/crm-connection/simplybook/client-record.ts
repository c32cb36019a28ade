import { hash } from 'node:crypto';
import { z } from 'zod';
import { storable } from '../../../shared/storable.ts';
import type { CrmClient, UnreadableRecord } from '../contract.ts';
import { CUT, MOST_LEVELS } from './json.ts';

/** What a listed record turned out to be. */
export type ClientReading =
  | { kind: 'client'; client: CrmClient }
  | { kind: 'deleted' }
  | { kind: 'unreadable'; unreadable: UnreadableRecord };

/** PHP writes numbers where it likes, and a phone "should be float, string, or integer". */
export const loose = z.union([z.string(), z.number()]).nullable();

/** Absent is not blank: a field that the role may not see must not empty the one we know. */
const texts = z.object({ name: loose, email: z.string().nullable(), phone: loose });

const MOST_CHARACTERS = { name: 1_000, email: 1_000, phone: 300 } as const;

type Field = keyof typeof MOST_CHARACTERS;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The id as a text without blanks and padding; null when it is none. 12, 12.0, "12" and "012" are one client. */
export const readId = (id: unknown): string | null => {
  const text =
    typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : typeof id === 'string' ? id.trim() : '';
  if (/^\d{1,64}$/.test(text)) return text.replace(/^0+/, '') || null;
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text) ? text : null;
};

const externalIdOf = (record: unknown): string | null => (isRecord(record) ? readId(record['id']) : null);

/** What tells one record of a listing from another: its id, or what can be kept of it when it has none. */
export const recordKey = (record: unknown): string =>
  externalIdOf(record) ?? `no id: ${hash('sha256', JSON.stringify(storable(record)))}`;

/** Only these; `"0"` is not deleted, however true JavaScript finds it. */
export const isDeleted = (flag: unknown): boolean => flag === true || flag === 1 || flag === '1';

export const holdsCut = (value: unknown): boolean =>
  value === CUT || (typeof value === 'object' && value !== null && Object.values(value).some(holdsCut));

/** Control characters (NUL among them) and halves of surrogate pairs. */
export const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

const wrongWith = (field: Field, text: string | null): string | null => {
  if (text === null) return null;
  if (text.length > MOST_CHARACTERS[field]) {
    return `has ${text.length} characters in the field ${field}, more than the ${MOST_CHARACTERS[field]} that are kept`;
  }
  return UNSTORABLE.test(text) ? `has a control character or half a character in the field ${field}` : null;
};

const blankToNull = (value: string | number | null): string | null =>
  (typeof value === 'number' ? String(value) : value?.trim()) || null;

const PARTS = {
  line1: 'address1',
  line2: 'address2',
  city: 'city',
  zip: 'zip',
  country: 'country_id',
  state: 'state_id',
} as const;

const partOf = (value: unknown): string | null => {
  const text = typeof value === 'string' || typeof value === 'number' ? storable(String(value).trim()) : '';
  return typeof text === 'string' && text !== '' ? text : null;
};

/** An address never makes a client unreadable: a part that is no text is blank, and so is the state "0". */
const addressOf = (record: Record<string, unknown>): Pick<CrmClient, 'address'> => {
  if (Object.values(PARTS).every((field) => record[field] === undefined)) return {};
  const parts = {
    line1: partOf(record[PARTS.line1]),
    line2: partOf(record[PARTS.line2]),
    city: partOf(record[PARTS.city]),
    zip: partOf(record[PARTS.zip]),
    country: partOf(record[PARTS.country]),
    state: record[PARTS.state] === '0' ? null : partOf(record[PARTS.state]),
  };
  return { address: Object.values(parts).every((part) => part === null) ? null : parts };
};

/** The first thing the schema found, in words. Names the field, never its value. */
const shapeProblem = (record: Record<string, unknown>, { issues }: z.ZodError): string => {
  const field = String(issues[0]?.path[0]);
  return record[field] === undefined
    ? `came without the field ${field}, which the user's role may not be allowed to see`
    : `has something else than a text in the field ${field}`;
};

/** The client, or what is wrong with it. */
const readClient = (externalId: string | null, record: Record<string, unknown>): CrmClient | string => {
  if (externalId === null) return 'has no readable id';
  const shape = texts.safeParse(record);
  if (!shape.success) return shapeProblem(record, shape.error);
  const name = blankToNull(shape.data.name);
  const email = blankToNull(shape.data.email);
  const phone = blankToNull(shape.data.phone);
  const wrong = wrongWith('name', name) ?? wrongWith('email', email) ?? wrongWith('phone', phone);
  return wrong ?? { externalId, name, email, phone, ...addressOf(record), record };
};

/**
 * Reads one record of a client list. `cut`: parts of the answer were nested too deeply and were left out. The detail of
 * an unreadable one completes "A client …".
 */
export const readRecord = (record: unknown, cut: boolean): ClientReading => {
  const externalId = externalIdOf(record);
  const unreadable = (detail: string): ClientReading => ({
    kind: 'unreadable',
    unreadable: { externalId, detail, record },
  });
  if (!isRecord(record)) return unreadable('came as something that is no record');
  if (isDeleted(record['is_deleted'])) return { kind: 'deleted' };
  if (cut && holdsCut(record)) return unreadable(`is nested more than ${MOST_LEVELS} levels deep`);
  const read = readClient(externalId, record);
  return typeof read === 'string' ? unreadable(read) : { kind: 'client', client: read };
};
