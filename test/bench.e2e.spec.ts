import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { REFERENCES } from '../bench/sides.ts';
import type { Outcome, Reference } from '../bench/sides.ts';

type Report = {
  sizes: {
    clients: number;
    rounds: Record<Reference | 'service', Outcome>[];
    ratios: Record<string, number>;
    goals: { says: string; value: number }[];
  }[];
};

const MAIN = fileURLToPath(new URL('../bench/main.ts', import.meta.url));

/** Far too few clients to say anything about speed. */
const bench = async (...options: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [MAIN, ...options])).stdout;

describe('the bench', () => {
  it('sets the whole program beside what it could be, every side having written the same leads', async () => {
    const said = await bench('--quick', '--clients', '250', '--orm', '20');
    expect(said).toMatch(/250 clients, one round/);
    expect(said).toMatch(/\(b\) by hand, set-based +\d+\/s +\d+\.\d\d × +\d+\/s +\d+\.\d\d ×/);
    const { sizes } = JSON.parse(said.trim().split('\n').at(-1)!) as Report;
    const [{ rounds, ratios, goals }] = sizes as [Report['sizes'][number]];
    const [round] = rounds as [Report['sizes'][number]['rounds'][number]];
    const leads = Object.fromEntries(
      ['service' as const, ...REFERENCES].map((side) => [side, round[side].proof.leads]),
    );
    expect(leads).toEqual({
      service: 250,
      'by-orm': 20,
      'by-hand': 250,
      'by-hand-raw': 250,
      'fetch-only': 0,
    });
    expect(round['by-hand'].proof).toEqual(round.service.proof);
    expect(Object.values(ratios).every((ratio) => ratio > 0)).toBe(true);
    expect(goals.map(({ says }) => says)).toEqual([
      'first sync ≥ 20 × (a)',
      'first sync ≥ 0.5 × (b)',
      'unchanged re-sync ≥ 0.5 × (b)',
    ]);
  });

  it('refuses options that make no sense', async () => {
    await expect(bench('--clients', 'many')).rejects.toThrow(/--clients must be whole numbers from 1/);
  });
});
