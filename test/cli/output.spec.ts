import { describe, expect, it } from '@jest/globals';
import { minute, when } from '../../src/cli/output.ts';

const everyHour = Array.from({ length: 24 }, (_, hour) =>
  new Date(Date.UTC(2026, 10, 23, hour, 2, 7)).toISOString(),
);

describe('A time in a terminal', () => {
  it('is as wide at night as by day, so that columns stand', () => {
    for (const time of everyHour) {
      expect(when(time)).toMatch(/^2026-11-2[2-4] \d\d:\d\d:07 \S+$/);
      expect(minute(time)).toMatch(/^2026-11-2[2-4] \d\d:\d\d$/);
    }
  });

  it('is a dash where there is none', () => {
    expect([when(null), minute(undefined)]).toEqual(['–', '–']);
  });
});
