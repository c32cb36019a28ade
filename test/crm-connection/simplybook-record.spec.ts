import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRecord, recordKey } from '../../src/modules/crm-connection/simplybook/client-record.ts';
import { parseJson } from '../../src/modules/crm-connection/simplybook/json.ts';

const mia = { id: 57, name: 'Mia Lopez', email: 'mia@example.com', phone: '+4915112345678', is_deleted: '0' };

const clientOf = (changes: Record<string, unknown>) => {
  const reading = readRecord({ ...mia, ...changes }, false);
  return reading.kind === 'client' ? reading.client : reading;
};

const reasonOf = (record: unknown, cut = false): string => {
  const reading = readRecord(record, cut);
  return reading.kind === 'unreadable' ? reading.unreadable.detail : reading.kind;
};

describe('The id of a client', () => {
  it.each([
    [57, '57'],
    ['57', '57'],
    [57.0, '57'],
    ['0057', '57'],
    [' 57 ', '57'],
    ['9007199254740993', '9007199254740993'],
    ['c-57_a', 'c-57_a'],
  ])('%j is %s', (id, externalId) => {
    expect(clientOf({ id })).toMatchObject({ externalId });
    expect(recordKey({ id })).toBe(externalId);
  });

  it.each([
    null,
    undefined,
    '',
    '0',
    0,
    -1,
    1.5,
    2 ** 53,
    Number.POSITIVE_INFINITY,
    true,
    [57],
    { value: 57 },
    '5 7',
    'a\u0000',
    '5'.repeat(65),
  ])('%j is none', (id) => {
    const reading = readRecord({ ...mia, id }, false);
    expect(reading).toMatchObject({
      kind: 'unreadable',
      unreadable: { externalId: null, detail: 'has no readable id' },
    });
  });
});

describe('The fields of a client', () => {
  it('are taken as written, trimmed, and null when blank', () => {
    expect(clientOf({ name: ' Mia  Lopez\n', email: '\u00a0MIA@Example.com ', phone: '   ' })).toEqual({
      externalId: '57',
      name: 'Mia  Lopez',
      email: 'MIA@Example.com',
      phone: null,
      record: expect.objectContaining({ id: 57 }),
    });
    expect(clientOf({ name: null, email: '', phone: null })).toMatchObject({
      name: null,
      email: null,
      phone: null,
    });
  });

  it('may be numbers where PHP writes numbers', () => {
    expect(clientOf({ name: 42, phone: 4915112345678 })).toMatchObject({
      name: '42',
      phone: '4915112345678',
    });
  });

  it('may stand beside others that we do not know', () => {
    expect(clientOf({ loyalty: { points: 7 }, created: null })).toMatchObject({ externalId: '57' });
  });

  it.each([
    ['name', { first: 'Mia' }],
    ['email', ['mia@example.com']],
    ['email', 7],
    ['phone', true],
    ['phone', []],
  ])('cannot be read when %s is %j', (field, value) => {
    expect(reasonOf({ ...mia, [field]: value })).toBe(`has something else than a text in the field ${field}`);
  });

  it.each(['name', 'email', 'phone'] as const)(
    'are not taken for blank when %s did not come at all',
    (field) => {
      const { [field]: _hidden, ...rest } = mia;
      expect(reasonOf(rest)).toMatch(`came without the field ${field}`);
    },
  );

  it.each([
    ['a NUL', 'Mi\u0000a'],
    ['a line break', 'Mia\nLopez'],
    ['a control character of the second block', 'Mia\u0085Lopez'],
    ['half a character', 'Mia \ud83d'],
    ['half a character at the start', '\udc00 Mia'],
  ])('cannot be read with %s in them', (_case, text) => {
    for (const field of ['name', 'email', 'phone']) {
      expect(reasonOf({ ...mia, [field]: text })).toBe(
        `has a control character or half a character in the field ${field}`,
      );
    }
  });

  it('may hold any other character there is', () => {
    const name = 'מרים 🧘‍♀️ \u202eZoë Żółć \ufeff<script>';
    expect(clientOf({ name })).toMatchObject({ name });
  });

  it('have a length that can be kept', () => {
    expect(
      clientOf({ name: 'n'.repeat(1000), email: 'e'.repeat(1000), phone: '1'.repeat(300) }),
    ).toMatchObject({
      externalId: '57',
    });
    expect(reasonOf({ ...mia, name: 'n'.repeat(1001) })).toBe(
      'has 1001 characters in the field name, more than the 1000 that are kept',
    );
    expect(reasonOf({ ...mia, email: 'e'.repeat(1001) })).toMatch('field email');
    expect(reasonOf({ ...mia, phone: '1'.repeat(301) })).toMatch('field phone');
  });
});

describe('A record', () => {
  it.each([true, 1, '1'])(
    'with is_deleted %j is a deleted client, whatever else is wrong with it',
    (flag) => {
      expect(readRecord({ id: 57, is_deleted: flag }, false)).toEqual({ kind: 'deleted' });
    },
  );

  it.each(['0', 0, false, null, undefined, '', 'no', 2])('with is_deleted %j is a client', (flag) => {
    expect(clientOf({ is_deleted: flag })).toMatchObject({ externalId: '57' });
  });

  it.each([null, 'Mia', 42, true, [], [mia]])('that is %j is none', (record) => {
    expect(reasonOf(record)).toBe('came as something that is no record');
  });

  it('that was nested too deeply is unreadable, its neighbours are not', () => {
    const deep = `{"id":8,"name":"Deep","email":"","phone":"","notes":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    expect(reasonOf(parseJson(JSON.stringify(mia))?.value, true)).toBe('client');
    expect(reasonOf(parseJson(deep)?.value, true)).toBe('is nested more than 32 levels deep');
  });

  it('without an id is told from others by what is in it', () => {
    expect(recordKey({ name: 'Nobody' })).toBe(recordKey({ name: 'Nobody' }));
    expect(recordKey({ name: 'Nobody' })).not.toBe(recordKey({ name: 'Nemo' }));
    expect(recordKey(null)).not.toBe(recordKey({}));
  });

  it('never makes anything throw, and never puts a value into the reason', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ minLength: 12 }), (anything, secret) => {
        recordKey(anything);
        readRecord(anything, true);
        const reading = readRecord({ ...mia, name: `${secret}\u0000${secret}` }, false);
        expect(JSON.stringify(reading.kind === 'unreadable' && reading.unreadable.detail)).not.toContain(
          secret,
        );
      }),
    );
  });
});

describe('The address of a client', () => {
  const made = { address1: null, address2: null, city: null, zip: null, country_id: null, state_id: null };
  const typed = { address1: '', address2: '', city: '', zip: '', country_id: '', state_id: '0' };

  it.each([made, typed])('is none when nobody has filled it in, whoever made the client: %j', (blank) => {
    expect(clientOf(blank)).toMatchObject({ address: null });
  });

  it('is taken part by part', () => {
    const filled = {
      ...typed,
      address1: ' Am Markt 5 ',
      city: 'Jena',
      zip: 7743,
      country_id: 'DE',
      state_id: 'TH',
    };
    expect(clientOf(filled)).toMatchObject({
      address: { line1: 'Am Markt 5', line2: null, city: 'Jena', zip: '7743', country: 'DE', state: 'TH' },
    });
  });

  it('is not said to be none when the CRM does not show it', () => {
    expect(clientOf({})).not.toHaveProperty('address');
  });

  it('makes no client unreadable, whatever stands in it', () => {
    expect(clientOf({ ...typed, city: ['Jena'], address1: 'A\u0000B\ud800', zip: {} })).toMatchObject({
      address: { line1: 'A\ufffdB\ufffd', city: null, zip: null },
    });
  });
});
