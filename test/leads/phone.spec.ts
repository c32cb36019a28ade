import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getCountries, getExampleNumber } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { diallable } from '../../src/modules/leads/phone.ts';

const e164 = (phone: string | null, country: string | null) => diallable(phone, country)?.e164 ?? null;

describe('the phone number that a company means', () => {
  // The four spellings of real lists (simplybook-api notes, 4.8), and what else people write.
  it.each<[written: string, country: string | null, meant: string | null]>([
    ['+4915112345678', 'DE', '+4915112345678'],
    ['+4915112345678', null, '+4915112345678'],
    ['+49 (0)151 / 123 456-78', 'AT', '+4915112345678'],
    ['4915112345678', 'DE', '+4915112345678'],
    ['4915112345678', 'GB', null],
    ['4915112345678', null, null],
    ['0151 12345678', 'DE', '+4915112345678'],
    ['0049 151 12345678', 'DE', '+4915112345678'],
    ['0151 12345678', null, null],
    ['+11 (111) 111-11-11', 'DE', null],
    ['07400 123456', 'GB', '+447400123456'],
    ['07700 900123', 'GB', null], // reserved for films: nobody answers there
    ['06 6982 1234', 'IT', '+390669821234'],
    ['391 234 5678', 'IT', '+393912345678'],
    ['(212) 555-0100 x', 'US', null],
    ['212 736 5000', 'US', '+12127365000'],
    ['1 212 736 5000', 'US', '+12127365000'],
    ['+52 222 123 4567', 'MX', '+522221234567'],
    ['٠١٥١١٢٣٤٥٦٧٨', 'DE', '+4915112345678'],
    ['\u202A+49 151 12345678\u202C', 'DE', '+4915112345678'],
    ['call me', 'DE', null],
    ['+49 151 12345678 or +49 30 123456', 'DE', null],
    ['1'.repeat(300), 'DE', null],
    ['', 'DE', null],
    ['+4915112345678', 'XX', '+4915112345678'],
    ['0151 12345678', 'XX', null],
  ])('written %j in %j is %j', (written, country, meant) => {
    expect(e164(written, country)).toBe(meant);
  });

  it('has its extension beside it', () => {
    expect(diallable('030 123456 ext. 12', 'DE')).toEqual({ e164: '+4930123456', extension: '12' });
    expect(diallable('030 123456', 'DE')).toEqual({ e164: '+4930123456', extension: null });
  });

  it('is nothing when there is none', () => {
    expect(diallable(null, 'DE')).toBeNull();
  });

  it('is the same however the country writes it', () => {
    for (const country of getCountries()) {
      const number = getExampleNumber(country, examples);
      if (number === undefined || !number.isValid()) continue;
      const meant = [number.formatInternational(), number.formatNational(), number.number].map((text) =>
        e164(text, country),
      );
      expect(meant).toEqual([number.number, number.number, number.number]);
    }
  });

  it('is E.164 or nothing, whatever is written', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[+0-9 ().x;=-]{0,40}$/)),
        fc.constantFrom(null, ...getCountries()),
        (text, country) => {
          expect(e164(text, country) ?? '+10').toMatch(/^\+[1-9]\d{1,14}$/);
        },
      ),
    );
  });
});
