import { describe, expect, it } from '@jest/globals';
import { retryAfter } from '../../../src/modules/crm-connection/schedule/retry.ts';

const at = Date.UTC(2026, 10, 22, 2);
const minutes = (code: string, tries: number, place = 0): number | null => {
  const again = retryAfter({ code, at }, tries, place);
  return again === null ? null : (again - at) / 60_000;
};

describe('a scheduled sync that failed', () => {
  it('is tried again after 5, 15 and 45 minutes, and then at its regular time', () => {
    expect([0, 1, 2, 3].map((tries) => minutes('crm-unreachable', tries))).toEqual([5, 15, 45, null]);
  });

  it.each(['crm-unreachable', 'crm-rate-limited', 'crm-answer-unusable', 'internal-error'])(
    'is tried again after %s',
    (code) => {
      expect(minutes(code, 0)).toBe(5);
    },
  );

  it.each([
    'crm-credentials-refused',
    'crm-two-factor-required',
    'crm-locked-out',
    'crm-permission-denied',
    'interrupted',
    'anything',
  ])('is not tried again after %s, which no hour mends', (code) => {
    expect(minutes(code, 0)).toBeNull();
  });

  it('comes back a little later than others that failed at the same time', () => {
    expect(minutes('crm-unreachable', 0, 0.5)).toBe(5.5);
    expect(minutes('crm-unreachable', 2, 0.999)).toBeLessThan(54);
  });
});
