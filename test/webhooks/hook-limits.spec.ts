import { describe, expect, it } from '@jest/globals';
import { HookLimits } from '../../src/modules/webhooks/hook-limits.ts';
import { HttpRefusal } from '../../src/shared/http/http-refusal.ts';

/** How many of so many calls in a row are let through. */
const letThrough = (calls: number, call: () => void): number => {
  let passed = 0;
  for (let count = 0; count < calls; count += 1) {
    try {
      call();
      passed += 1;
    } catch (error) {
      if (!(error instanceof HttpRefusal)) throw error;
    }
  }
  return passed;
};

describe('The limits of deliveries', () => {
  it('let a thousand at once pass, not two thousand, and each connection has its own', () => {
    const limits = new HookLimits();
    const passed = letThrough(2_000, () => limits.delivery('acme'));
    expect(passed).toBeGreaterThanOrEqual(1_000);
    expect(passed).toBeLessThan(2_000);
    expect(letThrough(1_000, () => limits.delivery('other'))).toBe(1_000);
  });

  it('refuse who has missed some hundred times, and nobody else', () => {
    const limits = new HookLimits();
    const missed = letThrough(1_000, () => {
      limits.letAsk('192.0.2.1');
      limits.missed('192.0.2.1');
    });
    expect(missed).toBeLessThan(500);
    expect(letThrough(10, () => limits.letAsk('192.0.2.2'))).toBe(10);
  });

  it('keep no more than ten thousand addresses in mind', () => {
    const limits = new HookLimits();
    for (let count = 0; count < 20_000; count += 1) limits.missed(`192.0.2.${count}`);
    expect((limits as unknown as { misses: Map<string, unknown> }).misses.size).toBeLessThanOrEqual(10_000);
  });
});
