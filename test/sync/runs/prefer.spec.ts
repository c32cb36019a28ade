import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { waitOf } from '../../../src/modules/sync/runs/prefer.ts';

describe('how long a caller will wait for the end of a run', () => {
  it.each<[prefer: string | undefined, seconds: number]>([
    [undefined, 120],
    ['', 120],
    ['respond-async', 0],
    ['Respond-Async', 0],
    ['respond-async, wait=10', 0],
    ['wait=10, respond-async', 0],
    ['respond-async; foo=bar', 0],
    ['wait=10', 10],
    ['wait = 10', 10],
    ['WAIT="10"', 10],
    ['wait=0', 0],
    ['wait=600', 600],
    ['wait=601', 600],
    ['wait=999999999', 600],
    ['handling=lenient, wait=10', 10],
    ['wait=10; foo, wait=20', 10],
    ['wait=-1', 120],
    ['wait=1.5', 120],
    ['wait=ten', 120],
    ['wait', 120],
    ['wait=', 120],
    ['respond-asynchronously', 120],
    ['return=minimal', 120],
    [',,;=,', 120],
  ])('%j: %i s', (prefer, seconds) => {
    expect(waitOf(prefer)).toBe(seconds);
  });

  it('is bounded, whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((s) => `wait=${s}`),
          fc.nat().map((n) => `wait=${n}`),
        ),
        (prefer) => {
          const seconds = waitOf(prefer);
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 600).toBe(true);
        },
      ),
    );
  });
});
