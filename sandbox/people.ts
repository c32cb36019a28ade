import { CAST } from './cast.ts';
import { CITIES, FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, STREETS } from './names.ts';

/** What a person brings into the CRM: the fields a client can be created with. Null: never set. */
export type Person = {
  name: string;
  email: string | null;
  phone: string | null;
  address1: string | null;
  address2: string | null;
  city: string | null;
  zip: string | null;
  country_id: string | null;
  state_id: string | null;
  /** The one custom field of this company; nobody has filled it in: null. */
  birthday: string | null;
};

/** A client as the CRM keeps it. Deleting is soft. */
export type Client = Person & { id: number; deleted: boolean };

/** A made-up population: the same seed and id are the same person, however many there are. */
export type Population = { seed: number; clean: boolean };

/** Numbers from 0 to below 1; the generator is mulberry32. */
export const dice = (seed: number, id: number): (() => number) => {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(id, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

export const pick = <T>(roll: () => number, list: readonly [T, ...T[]]): T =>
  list[Math.floor(roll() * list.length)] ?? list[0];

/** Without accents and in lower case: how the CRM's database compares names. */
export const folded = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text)
    ? text.toLowerCase()
    : text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** Distinct for distinct ids. */
const addressOf = (id: number, name: string, domain: string): string => {
  const local = folded(name)
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .replaceAll('ł', 'l')
    .replaceAll('ı', 'i')
    .replaceAll(/[^a-z0-9]+/g, '.')
    .replaceAll(/^\.+|\.+$/g, '');
  return `${local === '' ? 'client' : local}.${id}@${domain}`;
};

/** The four spellings that real lists mix. */
const phoneOf = (roll: () => number, spelling: number): string => {
  const digits = String(Math.floor(roll() * 90_000_000) + 10_000_000);
  if (spelling === 0) return `+49151${digits}`;
  if (spelling === 1) return `49151${digits}`;
  if (spelling === 2) return `0${digits.slice(0, 4)} ${digits.slice(4)}`;
  return `+11 (${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}-11`;
};

const NOT_SET = { address1: null, address2: null, city: null, zip: null, country_id: null, state_id: null };

/** Dice of their own, so that the rest of the population stays who it is. */
const birthdayOf = ({ seed }: Population, id: number): string | null => {
  const roll = dice(seed + 1_000_003, id);
  if (roll() < 0.5) return null;
  const [month, day] = [1 + Math.floor(roll() * 12), 1 + Math.floor(roll() * 28)];
  return `${1950 + Math.floor(roll() * 55)}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
};

/** What the pages of the CRM leave where the API leaves null. */
const LEFT_BLANK = { address1: '', address2: '', city: '', zip: '', country_id: '', state_id: '0' };

const addressLines = (roll: () => number): Partial<Person> => {
  const kind = roll();
  if (kind < 0.45) return NOT_SET;
  if (kind < 0.8) return LEFT_BLANK;
  const street = `${pick(roll, STREETS)} ${1 + Math.floor(roll() * 120)}`;
  const zip = String(10_000 + Math.floor(roll() * 89_999));
  return { ...LEFT_BLANK, address1: street, city: pick(roll, CITIES), zip, country_id: 'DE' };
};

type Plain = { person: Person; roll: () => number; fate: number };

/** A client without anything wrong; `fate` says what the ugly population makes of it. */
const plain = ({ seed }: Population, id: number): Plain => {
  const roll = dice(seed, id);
  const fate = roll();
  const name = `${pick(roll, FIRST_NAMES)} ${pick(roll, LAST_NAMES)}`;
  const email = addressOf(id, name, pick(roll, MAIL_DOMAINS));
  const phone = phoneOf(roll, Math.floor(roll() * 4));
  const birthday = birthdayOf({ seed, clean: true }, id);
  return { person: { ...NOT_SET, name, email, phone, ...addressLines(roll), birthday }, roll, fate };
};

/** Somebody before this one whose address is as it should be. */
const earlierAddress = (population: Population, id: number): string | null => {
  for (let earlier = id - 1; earlier > CAST.length; earlier -= 1) {
    const { person, fate } = plain(population, earlier);
    if (fate >= LAST_FATE) return person.email;
  }
  return null;
};

/** How much of the population, counted up, has which flaw. */
const NO_EMAIL = 0.01;
const SHARED_EMAIL = 0.02;
const BAD_EMAIL = 0.023;
const PADDED_EMAIL = 0.028;
const CAPITAL_EMAIL = 0.06;
const NO_PHONE = 0.09;
const PADDED_NAME = 0.1;
const LAST_FATE = PADDED_NAME;

const capitalised = (email: string): string => email.charAt(0).toUpperCase() + email.slice(1);

const BAD_EMAILS = ['not an address', 'mia@', '@example.com', 'mia@example', 'mia@@example.com'] as const;

const flawed = (population: Population, id: number): Person => {
  const { person, roll, fate } = plain(population, id);
  const email = person.email ?? '';
  if (fate < NO_EMAIL) return { ...person, email: roll() < 0.8 ? '' : null };
  if (fate < SHARED_EMAIL) return { ...person, email: capitalised(earlierAddress(population, id) ?? email) };
  if (fate < BAD_EMAIL) return { ...person, email: pick(roll, BAD_EMAILS) };
  if (fate < PADDED_EMAIL) return { ...person, email: ` ${email}  ` };
  if (fate < CAPITAL_EMAIL) return { ...person, email: capitalised(email) };
  if (fate < NO_PHONE) return { ...person, phone: roll() < 0.5 ? '' : null };
  return fate < PADDED_NAME ? { ...person, name: `${person.name}  ` } : person;
};

/** The person with this id (from 1). In the ugly population the first ones are the cast, every flaw once. */
export const personOf = (population: Population, id: number): Person => {
  if (population.clean) return plain(population, id).person;
  const character = CAST[id - 1];
  return character === undefined
    ? flawed(population, id)
    : { ...NOT_SET, birthday: birthdayOf(population, id), ...character };
};
