import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fingerprint } from '../../src/modules/sync/fingerprint.ts';

const text = fc.option(fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', '\\', 'null', '\n', 'é') }), {
  nil: null,
});
const values = fc.record({ name: text, email: text, phone: text });

describe('the fingerprint of a client', () => {
  it('is the same for the same values, whatever else the record holds', () => {
    const client = { name: 'Ada', email: 'ada@example.com', phone: null };
    const withMore = { externalId: '7', phone: null, record: {}, email: 'ada@example.com', name: 'Ada' };
    expect(fingerprint(withMore)).toBe(fingerprint(client));
  });

  it('is equal exactly when every value is equal', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const isSame = a.name === b.name && a.email === b.email && a.phone === b.phone;
        expect(fingerprint(a) === fingerprint(b)).toBe(isSame);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [
      { name: 'ab', email: 'c', phone: null },
      { name: 'a', email: 'bc', phone: null },
    ],
    [
      { name: null, email: 'a', phone: null },
      { name: 'a', email: null, phone: null },
    ],
    [
      { name: '', email: null, phone: null },
      { name: null, email: null, phone: null },
    ],
    [
      { name: 'null', email: null, phone: null },
      { name: null, email: null, phone: null },
    ],
    [
      { name: 'Ada', email: null, phone: null },
      { name: 'ada', email: null, phone: null },
    ],
    [
      { name: 'e\u0301', email: null, phone: null },
      { name: '\u00e9', email: null, phone: null },
    ],
  ])('tells %j from %j', (a, b) => {
    expect(fingerprint(a)).not.toBe(fingerprint(b));
  });

  it('is a stored format: SHA-256 over the listed values as JSON', () => {
    const expected = createHash('sha256').update('["Ada","ada@example.com",null,null]').digest('base64');
    expect(fingerprint({ name: 'Ada', email: 'ada@example.com', phone: null })).toBe(expected);
  });
});
