import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NO_TAIL, tailAfter, type Tail, type TailChange } from '../../web/src/audit/tail.ts';

const MOST = 5;

/** Events are their positions; so many are recorded, or it is paused, or goes on. */
const tailOf = (steps: readonly (number | 'paused or goes on')[]): { tail: Tail<number>; last: number } => {
  let last = 0;
  const changes = steps.map((step): TailChange<number> =>
    step === 'paused or goes on' ? step : { recorded: Array.from({ length: step }, () => (last += 1)) },
  );
  return {
    tail: changes.reduce((tail, change) => tailAfter(tail, change, MOST), NO_TAIL as Tail<number>),
    last,
  };
};

describe('the tail of the log', () => {
  it('shows what is recorded, newest first', () => {
    expect(tailOf([2, 1]).tail.events).toEqual([3, 2, 1]);
  });

  it('keeps what is shown while it is paused, however much is recorded, and counts the rest', () => {
    const { tail } = tailOf([2, 'paused or goes on', 4, 4]);
    expect(tail).toMatchObject({ events: [2, 1], isTooLong: false });
    expect(tail.held.length + tail.missed).toBe(8);
  });

  it('goes on with what was held back', () => {
    expect(tailOf([2, 'paused or goes on', 2, 'paused or goes on', 1]).tail.events).toEqual([5, 4, 3, 2, 1]);
  });

  it('is loaded anew when it lacks something or has become too long', () => {
    expect(tailOf([6]).tail.isTooLong).toBe(true);
    expect(tailOf(['paused or goes on', 6, 'paused or goes on']).tail.isTooLong).toBe(true);
  });

  it('never leaves anything out in silence', () => {
    const steps = fc.array(fc.oneof(fc.nat(4), fc.constant('paused or goes on' as const)), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (given) => {
        const { tail, last } = tailOf(given);
        const { events, held, missed, isPaused, isTooLong } = tail;
        const all = [...held, ...events];
        const newest = last - missed;
        const isWhole = all.every((position, index) => position === newest - index) && all.length === newest;
        return isTooLong || (isWhole && (isPaused || missed === 0));
      }),
    );
  });
});
