import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../../src/shared/errors.ts';
import { parseQuery } from '../../src/shared/http/strict-query.ts';

const refusalOf = (search: string, repeatable?: string[]): Refusal => {
  try {
    parseQuery(search, repeatable);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`not refused: ${search}`);
};

describe('a query', () => {
  it('is read as texts', () => {
    expect(parseQuery('search=J%C3%BCrgen+O%27Neil&limit=5&&cursor=')).toEqual({
      search: "Jürgen O'Neil",
      limit: '5',
      cursor: '',
    });
    expect(parseQuery('')).toEqual({});
    expect(parseQuery('a=b=c')).toEqual({ a: 'b=c' });
  });

  it('may repeat only what its list allows, and that is always a list', () => {
    expect(parseQuery('type=a&type=b&x=1', ['type'])).toEqual({ type: ['a', 'b'], x: '1' });
    expect(parseQuery('type=a', ['type'])).toEqual({ type: ['a'] });
    expect(refusalOf('limit=1&limit=2', ['type']).details.errors).toEqual([
      { pointer: '?limit', detail: 'must come only once' },
    ]);
  });

  it.each([
    ['a[b]=c', '?a[b]'],
    ['a%5Bb%5D=c', '?a[b]'],
    ['filter[$ne]=', '?filter[$ne]'],
    ['__proto__=1', '?__proto__'],
    ['constructor=1', '?constructor'],
    ['toString=1', '?toString'],
    ['=1', '?'],
    ['%00=1', '?\u{fffd}'],
    ['%FF=1', '?%FF'],
  ])('has no parameter of a name like in %s', (search, pointer) => {
    expect(refusalOf(search).details.errors).toEqual([{ pointer, detail: 'is not a known parameter' }]);
  });

  it.each([
    ['search=%00', 'must not contain the character U+0000'],
    ['search=%', 'is not percent-encoded UTF-8'],
    ['search=%ED%A0%80', 'is not percent-encoded UTF-8'],
    ['search=%C0%80', 'is not percent-encoded UTF-8'],
    ['search=\u00e4', 'is not percent-encoded UTF-8'],
  ])('has no value like in %s', (search, detail) => {
    expect(refusalOf(search).details.errors).toEqual([{ pointer: '?search', detail }]);
  });

  it('has a bounded number of parameters', () => {
    expect(refusalOf(Array.from({ length: 51 }, (_, index) => `a${index}=1`).join('&')).code).toBe(
      'invalid-request',
    );
  });

  it('is either read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (search) => {
        try {
          for (const value of Object.values(parseQuery(search))) expect(typeof value).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
    );
  });

  it('gives back what a form encoded', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(text, (value) => {
        expect(parseQuery(new URLSearchParams({ search: value }).toString())).toEqual({ search: value });
      }),
    );
  });
});
