import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { flawsOf, nestsDeeperThan, pointerTo } from '../../src/shared/http/json-text.ts';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map((child) => depthOf(child)))
    : 0;

describe('the text of a JSON body', () => {
  it('is measured by its nesting without being parsed', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 9 }), (value, limit) => {
        expect(nestsDeeperThan(JSON.stringify(value), limit)).toBe(depthOf(value) > limit);
      }),
    );
  });

  it.each([
    ['["]]]]", "[[[["]', 1],
    [String.raw`{"a\"[[[": "\\"}`, 1],
    ['[[[', 3],
    ['', 0],
  ])('counts no bracket inside a text: %s', (json, depth) => {
    expect(nestsDeeperThan(json, depth)).toBe(false);
    expect(nestsDeeperThan(json, depth - 1)).toBe(depth > 0);
  });
});

describe('what cannot be stored', () => {
  it('is named by its JSON pointer, and never quoted', () => {
    const body: unknown = JSON.parse(
      String.raw`{"a":["fine",{"b/c":"x\u0000canary"}],"~d":"\ud800canary","e\u0000":1,"f":1e999,"__proto__":{"canary":1},"toString":2}`,
    );
    expect(flawsOf(body)).toEqual([
      { pointer: '/a/1/b~1c', detail: 'must not contain the character U+0000' },
      { pointer: '/~0d', detail: 'must be well-formed Unicode; it contains half of a surrogate pair' },
      { pointer: '/e\u{fffd}', detail: 'has a name that must not contain the character U+0000' },
      { pointer: '/f', detail: 'is too large a number' },
      { pointer: '/__proto__', detail: 'is not a known field' },
      { pointer: '/toString', detail: 'is not a known field' },
    ]);
  });

  it('is nothing of an ordinary value, whatever its letters', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(
        fc.dictionary(
          text.map((key) => `_${key}`),
          fc.array(text),
        ),
        (value) => {
          expect(flawsOf(value)).toEqual([]);
        },
      ),
    );
  });

  it('is told of a few times only, and briefly', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, '\0']));
    expect(flawsOf(many).length).toBeLessThanOrEqual(20);
    expect(pointerTo('', 'k'.repeat(10_000))).toHaveLength(101);
  });
});
