import type { LeadValues } from './contract.ts';
import { emailKey } from './email-key.ts';

/** Marks left out, lower case: `Élodie` stands between `Ella` and `Emil`. */
const sortName = (name: string | null): string =>
  (name ?? '').normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().slice(0, 200).toWellFormed();

/** A phone is found by what is written, and by the number when that is something else. */
const otherwise = ({ phone, phoneE164 }: Pick<LeadValues, 'phone' | 'phoneE164'>): string | undefined =>
  phone?.includes(phoneE164 ?? '') === true ? undefined : phoneE164;

/** What a lead is found and sorted by. */
export const derived = (values: Omit<LeadValues, 'fields'>) => {
  const key = emailKey(values.email);
  return {
    emailKey: 'key' in key ? key.key : null,
    search: [values.name, values.email, values.phone, otherwise(values)]
      .map((value) => value ?? '')
      .join('\n')
      .toLowerCase()
      .trimEnd(),
    sortName: sortName(values.name),
  };
};
