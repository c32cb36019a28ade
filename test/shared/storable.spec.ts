import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isWhole, storable } from '../../src/shared/storable.ts';

/** What `JSON.parse` can bring, the worst of it included. */
const foreign = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 }) },
  fc.anything({ withBigInt: true, withDate: true, withMap: true, maxDepth: 4 }),
  fc.string({ unit: fc.constantFrom('\0', '\ud800', '\udc00', '😀', 'a'), maxLength: 30 }),
);

/** Halves of surrogate pairs and NUL, in a text or in the name of a field. */
const UNSTORABLE = /\\u0000|(?<!\\ud[89ab]..)\\ud[c-f]..|\\ud[89ab]..(?!\\ud[c-f]..)/;

describe('foreign data that is to be kept', () => {
  it('stays as it is when there is nothing wrong with it', () => {
    const record = { id: '7', name: 'Zoë 👩‍👩‍👧', tags: ['a', null, true, 1.5], nested: { deep: [{}] } };
    expect(storable(record)).toEqual(record);
  });

  it.each<[what: string, given: unknown, kept: unknown]>([
    ['NUL', 'a\0b', 'a\uFFFDb'],
    ['half a character', 'a\ud83db', 'a\uFFFDb'],
    ['a whole emoji', '😀', '😀'],
    ['NUL in the name of a field', { 'a\0': 1 }, { 'a\uFFFD': 1 }],
    ['a number beyond all bounds', [Infinity, -Infinity, Number.NaN], ['Infinity', '-Infinity', 'NaN']],
    ['a big integer', { id: 9_007_199_254_740_993n }, { id: '9007199254740993' }],
    ['a minus zero', [-0], [0]],
    ['nothing at all', undefined, null],
    ['a function', [() => 1, Symbol('x')], [null, null]],
  ])('loses what a database refuses: %s', (_, given, kept) => {
    expect(storable(given)).toStrictEqual(kept);
  });

  it('keeps a field that is called __proto__ as a field', () => {
    const kept = storable(JSON.parse('{"__proto__": {"polluted": true}}'));
    expect(JSON.stringify(kept)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('cuts a text that is too long, and says so', () => {
    expect(storable('x'.repeat(2_000))).toBe('x'.repeat(2_000));
    expect(storable('x'.repeat(2_001))).toBe(`${'x'.repeat(2_000)}… (cut)`);
    expect(storable(`${'x'.repeat(1_999)}😀`)).toBe(`${'x'.repeat(1_999)}\uFFFD… (cut)`);
  });

  it('cuts a list that is too long, and says so', () => {
    const list = Array.from({ length: 203 }, (_, n) => n);
    expect(storable(list.slice(0, 200))).toHaveLength(200);
    expect(storable(list)).toEqual([...list.slice(0, 200), '… (3 more)']);
  });

  it('cuts a record with too many fields, and says so', () => {
    const record = Object.fromEntries(Array.from({ length: 203 }, (_, n) => [`f${n}`, n]));
    const kept = storable(record) as Record<string, unknown>;
    expect(Object.keys(kept)).toHaveLength(201);
    expect(Object.entries(kept).at(-1)!.join(' ')).toContain('3 more');
  });

  it('cuts what is too large in all, and says so', () => {
    const large = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, 'x'.repeat(1_000)]));
    const kept = storable(large) as string;
    expect(kept.length).toBeLessThan(3_000);
    expect(kept).toContain('… (too large to keep)');
    expect(kept.startsWith('{"f0":"xxx')).toBe(true);
  });

  it('cuts what is nested too deeply, and says so', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 'core' : [nest(levels - 1)]);
    expect(JSON.stringify(storable(nest(15)))).toContain('core');
    expect(JSON.stringify(storable(nest(17)))).toContain('… (too deep to keep)');
    expect(() => storable(nest(5_000))).not.toThrow();
  });

  it.each([
    ['a NUL', 'a\0b'],
    ['half a character', '\uD83D'],
    ['a long text', 'x'.repeat(2_001)],
    ['a long list', Array.from({ length: 201 }, () => 1)],
    ['many fields', Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`f${n}`, n]))],
    ['much in all', Array.from({ length: 100 }, () => 'x'.repeat(1_000))],
    ['deep nesting', JSON.parse(`${'['.repeat(17)}${']'.repeat(17)}`)],
  ])('does not say that all was kept of %s', (_, value) => {
    expect(isWhole(storable({ value }))).toBe(false);
  });

  it('says that all was kept only where it was', () => {
    expect(isWhole(storable({ id: 1, name: 'Zoë 😀 (cut)', more: [null, true] }))).toBe(true);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const kept = storable(value);
        if (isWhole(kept)) expect(JSON.stringify(kept)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('can always be kept as jsonb, and is the same when it is read again', () => {
    fc.assert(
      fc.property(foreign, (value) => {
        const kept = storable(value);
        const json = JSON.stringify(kept);
        expect(json).not.toMatch(UNSTORABLE);
        // Compared with what was read again, or the same quarantined record would be news at every sync.
        expect(JSON.parse(json)).toStrictEqual(kept);
      }),
      { numRuns: 500 },
    );
  });
});
