import { afterAll, describe, expect, it } from '@jest/globals';
import { startWorld, type World } from '../world.ts';

const PATIENCE = 240_000;
/** MB. An idle service needs some 60; so many clients, kept as they were read, need more than the rest. */
const HEAP = 80;
const CLIENTS = 40_000;

describe('A company with more clients than fit into the memory', () => {
  let world: World;

  afterAll(() => world?.stop(), PATIENCE);

  it(
    'is brought all the same, page by page',
    async () => {
      world = await startWorld({ NODE_OPTIONS: `--max-old-space-size=${HEAP}` });
      const { connection } = await world.connected({ clients: CLIENTS });
      const { status, counts } = await world.end((await world.start(connection)).id);
      expect(status).toBe('succeeded');
      expect(counts.created).toBe(CLIENTS);
    },
    PATIENCE,
  );
});
