/**
 * Works on item after item, the next one begun while the last is still on its way, never more than `most` at a time.
 * `turn` resolves when all items before have come to their end, and rejects when one of them has failed.
 * Throws the first failure, or the source's own, once everything that was begun has come to its end.
 */
export const overlap = async <T>(
  items: AsyncIterable<T>,
  most: number,
  work: (item: T, turn: Promise<void>) => Promise<void>,
): Promise<void> => {
  const going = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let turn = Promise.resolve();
  const begin = (item: T): void => {
    const working = work(item, turn);
    const one = working.catch((error: unknown) => void failures.push(error)).finally(() => going.delete(one));
    going.add(one);
    turn = turn.then(() => working);
    turn.catch(() => undefined); // nobody may be waiting for it
  };
  try {
    for await (const item of items) {
      begin(item);
      if (going.size === most) await Promise.race(going);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(going);
  }
  if (failures.length > 0) throw failures[0];
};
