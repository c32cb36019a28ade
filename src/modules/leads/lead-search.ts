import type { LeadValues } from './contract.ts';
import { emailKey } from './email-key.ts';

/** Marks left out, lower case: `Élodie` stands between `Ella` and `Emil`. */
const sortName = (name: string | null): string =>
  (name ?? '').normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().slice(0, 200).toWellFormed();

/** What a lead is found and sorted by. */
export const derived = (values: LeadValues) => {
  const key = emailKey(values.email);
  return {
    emailKey: 'key' in key ? key.key : null,
    search: [values.name, values.email, values.phone]
      .map((value) => value ?? '')
      .join('\n')
      .toLowerCase(),
    sortName: sortName(values.name),
  };
};
