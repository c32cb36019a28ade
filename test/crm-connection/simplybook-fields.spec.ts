import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readClientFields } from '../../src/modules/crm-connection/simplybook/client-fields.ts';
import { parseJson } from '../../src/modules/crm-connection/simplybook/json.ts';
import type { Switches } from '../../sandbox/faults.ts';
import { idsIn, meetBoth, never } from './simplybook.ts';

const read = (value: unknown) => {
  const json = parseJson(JSON.stringify(value));
  if (json === null) throw new Error('no JSON');
  return readClientFields(json);
};
const birthday = '9f00aa11bb22cc33dd44ee55ff667788';
const said = (id: string, title: string, value: unknown) => ({
  id,
  field: { id, title, type: 'text' },
  value,
});

describe('The custom fields of a client', () => {
  it('are those that are filled in, without the usual three', () => {
    const fields = [
      said('name', 'Name', 'Mia Lopez'),
      said('email', 'Email', 'mia@example.com'),
      said('phone', 'Phone', '+4915112345678'),
      said('b'.repeat(32), 'Allergies', ' '),
      said(birthday, 'Birthday', ' 1990-02-03 '),
    ];
    expect(read({ id: 58, fields })).toEqual([{ id: birthday, title: 'Birthday', value: '1990-02-03' }]);
  });

  it.each([
    ['a list', [said('b', 'B', '1'), said('a', 'A', '2')]],
    ['a map', { 3: said('b', 'B', '1'), 1: said('a', 'A', '2') }],
  ])('come in one order, whether PHP wrote them as %s', (_, fields) => {
    expect(read({ id: 1, fields })).toEqual([
      { id: 'a', title: 'A', value: '2' },
      { id: 'b', title: 'B', value: '1' },
    ]);
  });

  it.each([
    ['a number', 7, '7'],
    ['a ticked box', true, 'true'],
    ['several choices', ['red', '', 'blue'], 'red, blue'],
    ['NUL and half a character', 'a\u0000b\ud800', 'a\ufffdb\ufffd'],
  ])('may be %s', (_, value, text) => {
    expect(read({ fields: [said('a', 'A', value)] })).toEqual([{ id: 'a', title: 'A', value: text }]);
  });

  it('are called by their id when they have no title', () => {
    expect(read({ fields: [{ id: 'a', value: '1' }] })).toEqual([{ id: 'a', title: 'a', value: '1' }]);
  });

  it('are none where PHP wrote an empty list', () => {
    expect(read({ id: 1, fields: [] })).toEqual([]);
  });

  it.each([null, [], 'text', {}, { fields: null }, { fields: 'name' }])('are not in %j', (value) => {
    expect(read(value)).toBe('the answer holds no fields of a client');
  });

  it('are read from whatever stands in the list, without a stumble', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (fields) => {
        expect(Array.isArray(read({ fields }))).toBe(true);
      }),
    );
  });
});

describe('Asking for custom fields', () => {
  const asked = async (switches: Partial<Switches>) => {
    const meeting = await meetBoth({ clients: 3, switches });
    await meeting.list();
    const ids = [...idsIn(meeting.sandbox), '999'];
    const told: string[] = [];
    for await (const one of meeting.provider.clientFields(meeting.session, ids, never)) {
      told.push('warning' in one ? one.warning.code : one.externalId);
    }
    return { told, ids, requests: meeting.sandbox.requests.summary().byRoute['field-values'] ?? 0 };
  };

  it('leaves out who is gone', async () => {
    const { told, ids, requests } = await asked({});
    expect([told, requests]).toEqual([ids.slice(0, 3), 4]);
  });

  it.each([
    ['the role may not see them', { fieldValues: 'forbidden' }, 'client-fields-forbidden', 1],
    ['there is JSON-RPC alone', { restMissing: true }, 'client-fields-not-offered', 0],
  ] as const)('says so where %s, instead of reading it as "no fields"', async (_, switches, code, most) => {
    const { told, requests } = await asked(switches);
    expect([told, requests]).toEqual([[code], most]);
  });
});
