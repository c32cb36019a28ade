import type { Client } from './people.ts';
import type { Switches } from './faults.ts';

/** Beyond 2^53, where neighbouring numbers fall together once they are read as doubles. */
const BIG = 9_007_199_254_740_992n;

export const idText = (id: number, ids: Switches['ids']): string => {
  switch (ids) {
    case 'text':
      return `"${id}"`;
    case 'float':
      return `${id}.0`;
    case 'padded':
      return `"0${id}"`;
    case 'big':
      return String(BIG + BigInt(id));
    default:
      return String(id);
  }
};

/** The id that an address names, as our own number; null when it is none. */
export const idOf = (text: string, ids: Switches['ids']): number | null => {
  if (!/^\d{1,18}$/.test(text)) return null;
  return ids === 'big' ? Number(BigInt(text) - BIG) : Number(text);
};

const fullAddress = (client: Client): string =>
  [client.address1, client.address2, client.zip, client.city, client.country_id]
    .filter((part) => part !== null && part !== '')
    .join(', ');

const SHOWN = [
  'name',
  'email',
  'phone',
  'address1',
  'address2',
  'city',
  'zip',
  'country_id',
  'state_id',
] as const;

const shown = (client: Client, hide: Switches['hide']): string => {
  const fields = SHOWN.filter((field) => !hide.some((hidden) => hidden === field));
  const values = Object.fromEntries(fields.map((field) => [field, client[field]]));
  return JSON.stringify({ ...values, full_address: fullAddress(client) }).slice(1);
};

/** The fields after the id, without the opening brace. */
export const tailOf = (client: Client): string => shown(client, []);

type Shape = Pick<Switches, 'ids' | 'hide' | 'deletedAs'>;
type Tails = { tail(client: Client): string };

const rest = (crm: Tails, client: Client, { ids, hide }: Shape): string =>
  `"id":${idText(client.id, ids)},${hide.length === 0 ? crm.tail(client) : shown(client, hide)}`;

const DELETED = { text: '"1"', number: '1', boolean: 'true' };

const deletedMark = (client: Client, as: Switches['deletedAs']): string =>
  client.deleted ? DELETED[as] : '"0"';

/** A row of the list: `is_deleted` is the text "0", both promo flags true. */
export const rowJson = (crm: Tails, client: Client, shape: Shape): string =>
  `{"can_be_edited":true,"is_deleted":${deletedMark(client, shape.deletedAs)},"email_promo_subscribed":true,` +
  `"sms_promo_subscribed":true,${rest(crm, client, shape)}`;

/** One client by id: `is_deleted` is null and the promo flags are false, for the very same client. */
export const detailJson = (crm: Tails, client: Client, shape: Shape): string =>
  `{"can_be_edited":true,"is_deleted":${client.deleted ? DELETED[shape.deletedAs] : 'null'},` +
  `"email_promo_subscribed":false,"sms_promo_subscribed":false,${rest(crm, client, shape)}`;

/** What creating and editing answers: without the flags. */
export const writtenJson = (crm: Tails, client: Client, shape: Shape): string =>
  `{${rest(crm, client, shape)}`;
