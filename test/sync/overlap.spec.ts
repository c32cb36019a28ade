import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { overlap } from '../../src/modules/sync/overlap.ts';

async function* numbers(count: number, failsAfter = Infinity): AsyncGenerator<number> {
  for (let n = 1; n <= count; n += 1) {
    yield n;
    if (n === failsAfter) throw new Error('the source is gone');
  }
}

/** Work that ends when it is told to, so that a test decides what overlaps. */
const workshop = () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const open = new Map<number, { end: () => void; fail: (error: Error) => void }>();
  const work = async (n: number): Promise<void> => {
    begun.push(n);
    await new Promise<void>((end, fail) => open.set(n, { end, fail }));
    ended.push(n);
  };
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { begun, ended, work, open, settled };
};

describe('work on batches that overlaps', () => {
  it('begins the next while the last is on its way, and no more than that', async () => {
    const { begun, ended, work, open, settled } = workshop();
    const all = overlap(numbers(4), 2, work);
    await settled();
    expect(begun).toEqual([1, 2]);
    open.get(2)!.end();
    await settled();
    expect([begun, ended]).toEqual([[1, 2, 3], [2]]);
    for (const n of [1, 3]) open.get(n)!.end();
    await settled();
    expect(begun).toEqual([1, 2, 3, 4]);
    open.get(4)!.end();
    await all;
    expect(ended).toEqual([2, 1, 3, 4]);
  });

  it('throws a failure only when what was begun beside it has ended, and begins nothing more', async () => {
    const { begun, ended, work, open, settled } = workshop();
    const outcome = overlap(numbers(4), 2, work).then(
      () => 'done',
      (error: Error) => `${error.message}, ended: ${ended.join()}`,
    );
    await settled();
    open.get(1)!.fail(new Error('the database is gone'));
    await settled();
    expect(begun).toEqual([1, 2]);
    open.get(2)!.end();
    expect(await outcome).toBe('the database is gone, ended: 2');
  });

  it('finishes what the source had brought before it says that the source failed', async () => {
    const { ended, work, open, settled } = workshop();
    const outcome = overlap(numbers(3, 2), 3, work).then(
      () => 'done',
      (error: Error) => `${error.message}, ended: ${ended.join()}`,
    );
    await settled();
    open.get(2)!.end();
    open.get(1)!.end();
    expect(await outcome).toBe('the source is gone, ended: 2,1');
  });

  it('says whose turn it is, in the order of the source', async () => {
    const order: number[] = [];
    await overlap(numbers(6), 3, async (n, turn) => {
      for (let step = n % 3; step > 0; step -= 1) await Promise.resolve();
      await turn;
      order.push(n);
    });
    expect(order).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('refuses its turn to whatever comes after a failure', async () => {
    const written: number[] = [];
    const all = overlap(numbers(3), 3, async (n, turn) => {
      await turn;
      if (n === 1) throw new Error('the first one failed');
      written.push(n);
    });
    await expect(all).rejects.toThrow('the first one failed');
    expect(written).toEqual([]);
  });

  it('works on every item once, whatever takes how long', async () => {
    const takes = fc.array(fc.nat({ max: 3 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(takes, fc.integer({ min: 1, max: 4 }), async (turns, most) => {
        const done: number[] = [];
        let going = 0;
        await overlap(numbers(turns.length), most, async (n) => {
          going += 1;
          expect(going).toBeLessThanOrEqual(most);
          for (let turn = 0; turn < turns[n - 1]!; turn += 1) await Promise.resolve();
          going -= 1;
          done.push(n);
        });
        expect(done.toSorted((a, b) => a - b)).toEqual(turns.map((_, index) => index + 1));
      }),
    );
  });
});
