import { z } from 'zod';
import { storable } from '../../../shared/storable.ts';
import type { CustomField } from '../contract.ts';
import type { Json } from './json.ts';
import type { Question } from './rest-visit.ts';

/** In the list as well, and told there: simplybook-api notes, section 4.7 (`is_built_in` does not tell them). */
const BUILT_IN = new Set(['name', 'email', 'phone']);

const id = z.union([z.string(), z.number()]).transform(String);

/** `Client_DetailsEntity` lists a definition with each value; a title that is missing is replaced by the id. */
const entry = z.object({
  id,
  field: z.object({ title: z.string() }).nullish().catch(null),
  value: z.unknown(),
});

/** PHP writes a list with holes as a map, and an empty map as a list. */
const entity = z.object({
  fields: z.union([
    z.array(z.unknown()),
    z.record(z.string(), z.unknown()).transform((map) => Object.values(map)),
  ]),
});

/** Several chosen options are one text; blank is null. */
const textOf = (value: unknown): string | null => {
  if (typeof value === 'string') return value.trim() || null;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return null;
  return value.flatMap((one) => textOf(one) ?? []).join(', ') || null;
};

const kept = (text: string): string => String(storable(text));

/** The custom fields that somebody has filled in, by id, or what completes "SimplyBook.me answered, but …". */
export const readClientFields = ({ value }: Json): CustomField[] | string => {
  const parsed = entity.safeParse(value);
  if (!parsed.success) return 'the answer holds no fields of a client';
  const fields = parsed.data.fields.flatMap((one): CustomField[] => {
    const read = entry.safeParse(one);
    if (!read.success || BUILT_IN.has(read.data.id)) return [];
    const text = textOf(read.data.value);
    const { id: name, field } = read.data;
    return text === null ? [] : [{ id: kept(name), title: kept(field?.title ?? name), value: kept(text) }];
  });
  return fields.toSorted((a, b) => (a.id < b.id ? -1 : 1));
};

/** A role that lists clients may still not see their fields. */
export type ClientFields = CustomField[] | 'gone' | 'not shown';

export const clientFieldsQuestion = (externalId: string): Question<ClientFields> => ({
  path: `/admin/clients/field-values/${encodeURIComponent(externalId)}`,
  query: {},
  read: (json) => {
    const fields = readClientFields(json);
    return typeof fields === 'string' ? { unusable: fields } : { answer: fields };
  },
  instead: { 403: 'not shown', 404: 'gone' },
});
