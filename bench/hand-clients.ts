import { randomUUID } from 'node:crypto';
import { emailKey } from '../src/modules/leads/email-key.ts';
import { fingerprint } from '../src/modules/sync/fingerprint.ts';
import type { Listed } from './pages.ts';

/** A client with all that follows from its values, as the service's tables want it. */
export type HandClient = {
  externalId: string;
  name: string;
  email: string;
  phone: string | null;
  fingerprint: string;
  emailKey: string;
};

export const handClient = ({ id, name, email, phone }: Listed): HandClient => {
  const values = { name: name.trim(), email: email?.trim() ?? '', phone: phone?.trim() ?? null };
  return {
    externalId: String(id),
    ...values,
    fingerprint: fingerprint(values),
    emailKey: quickKey(values.email),
  };
};

const PLAIN_ADDRESS = /^[a-z0-9][a-z0-9._+-]{0,63}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$/;

/** What nearly every address is needs no library to be judged. */
const quickKey = (email: string): string => {
  const lower = email.toLowerCase();
  if (PLAIN_ADDRESS.test(lower) && !lower.includes('..')) return lower;
  const key = emailKey(email);
  if ('code' in key)
    throw new Error('The references take good clients only: start the sandbox with --clean.');
  return key.key;
};

const MARKS = /\p{M}/gu;
const ASCII = /^[\x20-\x7e]*$/;

/** A row of `leads`, but for what only the log can say. */
export const leadRow = ({ name, email, emailKey: key, phone }: HandClient) => {
  const lower = name.toLowerCase();
  const sortName = ASCII.test(name) ? lower : name.normalize('NFKD').replace(MARKS, '').toLowerCase();
  return {
    lead: randomUUID(),
    name,
    email,
    key,
    phone,
    search: `${lower}\n${email.toLowerCase()}\n${phone?.toLowerCase() ?? ''}`,
    sort: sortName.slice(0, 200),
  };
};
