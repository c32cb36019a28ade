import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CUT, parseJson } from '../../src/modules/crm-connection/simplybook/json.ts';

const nested = (levels: number): string => `${'['.repeat(levels)}1${']'.repeat(levels)}`;

describe('A JSON text of SimplyBook.me', () => {
  it('reads like any other JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        fc.pre(!/\d{16}/.test(text));
        expect(parseJson(text)).toEqual({ value: JSON.parse(text), cut: false });
      }),
    );
  });

  it.each(['', '<html></html>', '{"data":[', '[1,2', '{"a":1}x', '"\u0000', ']]]]', 'undefined', '{"a":"\\'])(
    'that is none (%j) is told, not thrown',
    (text) => {
      expect(parseJson(text)).toBeNull();
    },
  );

  it('keeps 32 levels and loses what lies deeper, however deep that is', () => {
    expect(parseJson(nested(32))).toEqual({ value: JSON.parse(nested(32)), cut: false });
    const cut = parseJson(`{"before":1,"deep":${nested(1_000_000)},"after":[{"x":2}]}`);
    expect(cut).toMatchObject({ value: { before: 1, after: [{ x: 2 }] }, cut: true });
    const levels = JSON.stringify(cut?.value).split('[');
    expect(levels).toHaveLength(1 + 31 + 1);
    expect(levels.join('')).toContain(JSON.stringify(CUT));
  });

  it('does not take brackets and quotes inside texts for nesting', () => {
    const text = JSON.stringify({ name: `${'['.repeat(100)}"\\"${'{'.repeat(100)}\\` });
    expect(parseJson(text)).toEqual({ value: JSON.parse(text), cut: false });
  });

  it('keeps whole numbers beyond 2^53 as texts, digit by digit, and no others', () => {
    const text =
      '{"data":[{"id":9007199254740993},{"id":-90071992547409931},{"id":12},{"id":12.0},{"id":1e400}]}';
    expect(parseJson(text)?.value).toEqual({
      data: [
        { id: '9007199254740993' },
        { id: '-90071992547409931' },
        { id: 12 },
        { id: 12 },
        { id: Number.POSITIVE_INFINITY },
      ],
    });
  });

  it('takes a member called __proto__ for a member and nothing else', () => {
    const json = parseJson('{"id":1,"__proto__":{"admin":true}}');
    expect(JSON.stringify(json?.value)).toBe('{"id":1,"__proto__":{"admin":true}}');
    expect(json?.value).not.toHaveProperty('admin');
  });
});
