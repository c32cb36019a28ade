import { randomUUID } from 'node:crypto';
import { emailKey } from '../src/modules/leads/email-key.ts';
import { diallable } from '../src/modules/leads/phone.ts';
import { fingerprint } from '../src/modules/sync/fingerprint.ts';
import type { Listed } from './pages.ts';

type Address = Record<'line1' | 'line2' | 'city' | 'zip' | 'country' | 'state', string | null>;
type Details = { address?: Address; phoneE164?: string };

/** A client with all that follows from its values, as the service's tables want it. */
export type HandClient = {
  externalId: string;
  name: string;
  email: string;
  phone: string | null;
  address: Address | null;
  /** What there is of address and number beside the three. */
  details: Details | null;
  fingerprint: string;
  emailKey: string;
};

export const handClient = ({ id, name, email, phone, ...rest }: Listed): HandClient => {
  const address = addressOf(rest);
  const values = { name: name.trim(), email: email?.trim() ?? '', phone: phone?.trim() ?? null, address };
  const number = diallable(values.phone, address?.country ?? null)?.e164;
  const details = { ...(address && { address }), ...(number !== undefined && { phoneE164: number }) };
  return {
    externalId: String(id),
    ...values,
    details: address === null && number === undefined ? null : details,
    fingerprint: fingerprint(values),
    emailKey: quickKey(values.email),
  };
};

const part = (text: string | null): string | null => text?.trim() || null;

const addressOf = (listed: Omit<Listed, 'id' | 'name' | 'email' | 'phone'>): Address | null => {
  const address = {
    line1: part(listed.address1),
    line2: part(listed.address2),
    city: part(listed.city),
    zip: part(listed.zip),
    country: part(listed.country_id),
    state: listed.state_id === '0' ? null : part(listed.state_id),
  };
  return Object.values(address).every((one) => one === null) ? null : address;
};

/** What is sealed with the client, and what with the lead. */
export const valuesIn = ({
  name,
  email,
  phone,
  address,
  details,
}: HandClient): [client: string, lead: string] => {
  const told = { name, email, phone };
  return [JSON.stringify({ ...told, ...(address && { address }) }), JSON.stringify({ ...told, ...details })];
};

/** The fields of a new client that are not blank. */
export const changedIn = ({ phone, address }: HandClient): string[] => [
  'name',
  'email',
  ...(phone === null ? [] : ['phone']),
  ...(address === null ? [] : ['address']),
];

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

const numberIn = (phone: string | null, details: Details | null): string =>
  phone?.includes(details?.phoneE164 ?? '') === true ? '' : `\n${details?.phoneE164 ?? ''}`;

/** A row of `leads`, but for what only the log can say. */
export const leadRow = ({ name, email, emailKey: key, phone, details }: HandClient) => {
  const lower = name.toLowerCase();
  const sortName = ASCII.test(name) ? lower : name.normalize('NFKD').replace(MARKS, '').toLowerCase();
  return {
    lead: randomUUID(),
    name,
    email,
    key,
    phone,
    details,
    search:
      `${lower}\n${email.toLowerCase()}\n${phone?.toLowerCase() ?? ''}${numberIn(phone, details)}`.trimEnd(),
    sort: sortName.slice(0, 200),
  };
};
