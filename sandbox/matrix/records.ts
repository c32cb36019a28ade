import type { Switches } from '../faults.ts';
import { WEIRD_KINDS } from '../weird.ts';
import { COMPLETE, type Draft } from './profile.ts';

const ADDRESS = ['address1', 'address2', 'city', 'zip', 'country_id', 'state_id'] as const;

const fields = (['list', 'map', 'empty', 'forbidden'] as const).map((fieldValues): Draft => ({
  name: `fields-${fieldValues}`,
  says: `with custom fields, given as ${fieldValues === 'forbidden' ? '403' : fieldValues}`,
  given: { fields: true },
  switches: { fieldValues },
  expected: COMPLETE,
}));

const hidden: [string, Switches['hide']][] = [
  ['name', ['name']],
  ['email', ['email']],
  ['phone', ['phone']],
  ['everything', ['name', 'email', 'phone']],
  ['address', [...ADDRESS]],
];

export const RECORDS: readonly Draft[] = [
  { name: 'ugly', says: 'with all the flaws of a real list', clients: 120, ugly: true, expected: COMPLETE },
  ...WEIRD_KINDS.map((kind): Draft => ({
    name: `odd-${kind}`,
    says: `with an odd record at the end: ${kind}`,
    switches: { weird: [kind] },
    expected: COMPLETE,
  })),
  { name: 'odd-all', says: 'with all odd records', switches: { weird: ['all'] }, expected: COMPLETE },
  ...hidden.map(([name, hide]): Draft => ({
    name: `hidden-${name}`,
    says: `that does not show ${name === 'everything' ? 'name, email and phone' : `the ${name}`}`,
    switches: { hide },
    expected: COMPLETE,
  })),
  ...fields,
];
