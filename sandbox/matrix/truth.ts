import type { Company } from '../companies.ts';
import type { Client } from '../people.ts';
import { WEIRD_KINDS, type WeirdKind } from '../weird.ts';

export type Values = { name: string | null; email: string | null; phone: string | null };

/** Where somebody belongs after a sync that is complete: among the leads with these values, or in quarantine. */
export type Place = { lead: Values } | 'waiting';

/** What the CRM holds, by the id as the CRM writes it, without padding. */
export type Truth = {
  places: Map<string, Place>;
  /** Odd records without an id: they wait, whatever they are called there. */
  nameless: number;
};

const shown = (value: string | null): string | null => value?.trim() || null;

export const valuesOf = ({ name, email, phone }: Client): Values => ({
  name: shown(name),
  email: shown(email),
  phone: shown(phone),
});

/** Enough for the people of the sandbox; deliberately not how the service tells it. */
const isAddress = (email: string | null): boolean =>
  /^[^\s@,()]+@[^\s@.,()]+(\.[^\s@.,()]+)+$/.test(email ?? '');

/** An id as the CRM writes it, without padding. */
export const idIn = ({ faults }: Company, id: number): string =>
  faults.switches.ids === 'big' ? String(9_007_199_254_740_992n + BigInt(id)) : String(id);

/** A client whose name, e-mail or phone the role may not see cannot be read. */
const NEEDED: ReadonlySet<string> = new Set(['name', 'email', 'phone']);

const placeOf = (company: Company, client: Client): Place => {
  const values = valuesOf(client);
  const { hide } = company.faults.switches;
  const isWhole = values.name !== null && !hide.some((field) => NEEDED.has(field));
  return isWhole && isAddress(values.email) ? { lead: values } : 'waiting';
};

const NAMELESS = new Set<WeirdKind>(['null', 'text', 'number', 'list', 'no-id', 'null-id', 'object-id']);

/** Odd records with an id; those that can be taken, as what. */
const NAMED: Partial<Record<WeirdKind, [id: string, place: Place]>> = {
  'no-name': ['900000001', 'waiting'],
  'null-name': ['900000002', 'waiting'],
  'nested-name': ['900000003', 'waiting'],
  'nested-email': ['900000004', 'waiting'],
  'number-phone': [
    '900000005',
    { lead: { name: 'Cleo Nord', email: 'cleo@example.com', phone: '4915112345678' } },
  ],
  nul: ['900000006', 'waiting'],
  surrogate: ['900000007', 'waiting'],
  deep: ['900000008', 'waiting'],
  extra: [
    '900000009',
    { lead: { name: 'Eve Extra', email: 'eve.extra@example.com', phone: '+4915100000007' } },
  ],
  long: ['900000010', 'waiting'],
};

export const truthOf = (company: Company): Truth => {
  const { weird } = company.faults.switches;
  const kinds = weird.includes('all') ? WEIRD_KINDS : WEIRD_KINDS.filter((kind) => weird.includes(kind));
  const alive = company.crm.all().filter(({ deleted }) => !deleted);
  return {
    places: new Map([
      ...alive.map((client) => [idIn(company, client.id), placeOf(company, client)] as const),
      ...kinds.flatMap((kind) => (NAMED[kind] === undefined ? [] : [NAMED[kind]])),
    ]),
    nameless: kinds.filter((kind) => NAMELESS.has(kind)).length,
  };
};

/** Past an end that never comes the sandbox invents people with ids from here. */
const FIRST_INVENTED = 100_000_000;

/** Whether somebody was there at some time: who is read and then deleted is a lead all the same. */
export const isKnown = (company: Company, externalId: string): boolean =>
  company.crm.all().some(({ id }) => idIn(company, id) === externalId) ||
  (company.faults.switches.endless === 'new' && Number(externalId) >= FIRST_INVENTED);
