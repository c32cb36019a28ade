import { z } from 'zod';
import { storable } from '../../../shared/storable.ts';
import type { CrmWarning, CustomField } from '../contract.ts';
import type { Json } from './json.ts';
import type { Question } from './rest-visit.ts';
import type { Visit } from './visit.ts';

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
type ClientFields = CustomField[] | 'gone' | 'not shown';

const clientFieldsQuestion = (externalId: string): Question<ClientFields> => ({
  path: `/admin/clients/field-values/${encodeURIComponent(externalId)}`,
  query: {},
  read: (json) => {
    const fields = readClientFields(json);
    return typeof fields === 'string' ? { unusable: fields } : { answer: fields };
  },
  instead: { 403: 'not shown', 404: 'gone' },
});

const FORBIDDEN: CrmWarning = {
  code: 'client-fields-forbidden',
  detail:
    'SimplyBook.me does not let this user see the custom fields of clients, so none were fetched. Connect an administrator, give the user a role that may see them, or turn `clientFields` off.',
};

const NOT_OFFERED: CrmWarning = {
  code: 'client-fields-not-offered',
  detail:
    'This way into SimplyBook.me knows no custom fields of clients, so none were fetched: REST alone does. Test the connection to see which way opens, or turn `clientFields` off.',
};

/** The custom fields of these clients, by REST. Asks no further once it is told that they are not shown. */
export async function* clientFields(
  { tokens, rest }: Visit,
  externalIds: readonly string[],
): AsyncGenerator<{ externalId: string; fields: CustomField[] } | { warning: CrmWarning }, void, undefined> {
  if ((await tokens.way()) === 'rpc') return yield { warning: NOT_OFFERED };
  for (const externalId of externalIds) {
    const fields = await rest.ask(clientFieldsQuestion(externalId));
    if (fields === 'not shown') return yield { warning: FORBIDDEN };
    if (fields !== 'gone') yield { externalId, fields };
  }
}
