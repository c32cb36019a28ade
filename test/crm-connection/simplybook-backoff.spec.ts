import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryAfterMs, retryDelay } from '../../src/modules/crm-connection/simplybook/backoff.ts';

const BACKOFF = { baseMs: 500, mostMs: 30_000, retryAfterMostMs: 300_000 };
const ALMOST_ONE = 0.999_999;

describe('The wait before the next try', () => {
  it('doubles its ceiling with every try, up to thirty seconds', () => {
    const ceilings = [1, 2, 3, 4, 7, 50, 5_000].map((tried) => retryDelay(tried, null, BACKOFF, ALMOST_ONE));
    expect(ceilings).toEqual([499, 999, 1_999, 3_999, 29_999, 29_999, 29_999]);
  });

  it('may be nothing at all, so that those who failed together do not come back together', () => {
    expect(retryDelay(4, null, BACKOFF, 0)).toBe(0);
  });

  it('is at least what the server asks for, plus the same jitter', () => {
    expect(retryDelay(1, 20_000, BACKOFF, 0)).toBe(20_000);
    expect(retryDelay(1, 20_000, BACKOFF, ALMOST_ONE)).toBe(20_499);
  });

  it('believes no server that asks for more than five minutes', () => {
    expect(retryDelay(1, 1e12, BACKOFF, 0)).toBe(300_000);
    expect(retryDelay(1, Number.POSITIVE_INFINITY, BACKOFF, 0)).toBe(300_000);
  });

  it('is a bounded number of milliseconds whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.oneof(fc.string(), fc.integer().map(String), fc.bigInt().map(String)),
        fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }),
        (tried, header, random) => {
          const wait = retryDelay(tried, retryAfterMs(header, 0), BACKOFF, random);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(330_000);
        },
      ),
    );
  });
});

describe('A Retry-After header', () => {
  const now = Date.UTC(2026, 10, 22, 12, 0, 0);

  it.each([
    ['120', 120_000],
    [' 7 ', 7_000],
    ['0', 0],
    ['Sun, 22 Nov 2026 12:01:30 GMT', 90_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
  ])('"%s" asks for %s milliseconds', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it.each(['-5', '1.5', '', 'soon', '0x10', '2026-11-22', 'Sun, 99 Nov 2026 99:99:99 GMT', '１２'])(
    '"%s" asks for nothing',
    (header) => {
      expect(retryAfterMs(header, now)).toBeNull();
    },
  );

  it('that is not there asks for nothing', () => {
    expect(retryAfterMs(null, now)).toBeNull();
  });
});
