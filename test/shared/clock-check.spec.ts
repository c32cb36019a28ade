import { describe, expect, it } from '@jest/globals';
import { secondsOff } from '../../src/shared/database/clock-check.ts';

describe('the clock of this machine', () => {
  it('is right when the database answers with a time between question and answer', () => {
    expect([1_000, 3_000, 9_000].map((now) => secondsOff(now, 1_000, 9_000))).toEqual([0, 0, 0]);
  });

  it('is so many seconds ahead or behind, of which the way of the answer is no part', () => {
    expect(secondsOff(1_000_000, 1_060_000, 1_070_000)).toBe(60);
    expect(secondsOff(1_000_000, 930_000, 940_000)).toBe(-60);
  });
});
