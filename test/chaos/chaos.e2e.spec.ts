import { expect, it } from '@jest/globals';
import { runChaos } from './run-chaos.ts';

it('after a short time of random trouble everything is right again (npm run chaos: a long one)', async () => {
  const steps: string[] = [];
  const broken = await runChaos({ seed: 4, steps: 20, ms: 60_000, say: (line) => steps.push(line) });
  expect({ broken, steps: broken.length === 0 ? [] : steps }).toEqual({ broken: [], steps: [] });
});
