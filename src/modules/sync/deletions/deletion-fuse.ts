import type { Doubt } from '../runs/sync-run.decider.ts';

/** More clients than `count`, and more than `percent` of all, do not disappear without a person saying that it is right. */
export type Fuse = { percent: number; count: number };

/** A run that was believed, or that a person has approved. */
export type PastRun = { fetched: number; approved: boolean };

/** What a complete listing did not show. `lately`: gone within the last days without anybody having been asked. */
export type Losses = { known: number; missed: number; lately: number };

export const isTooMany = (lost: number, of: number, { percent, count }: Fuse): boolean =>
  lost > count && lost * 100 > of * percent;

/** The middle of the last runs, newest first, as far back as the last approval; null when there are none. */
const usual = (lastRuns: readonly PastRun[]): number | null => {
  const approval = lastRuns.findIndex(({ approved }) => approved);
  const counted = approval === -1 ? lastRuns : lastRuns.slice(0, approval + 1);
  const sorted = counted.map(({ fetched }) => fetched).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
};

/** Whether so few clients can be believed, by what the last runs have listed; `known` counts where there are none. */
export const suspicion = (
  fetched: number,
  lastRuns: readonly PastRun[],
  known: number,
  fuse: Fuse,
): Doubt => {
  const expected = usual(lastRuns) ?? known;
  if (fetched === 0 && expected > 0) {
    return `The CRM listed no clients, although ${known} are known. Nothing was changed; see whether the account is the right one and may see all clients.`;
  }
  if (!isTooMany(expected - fetched, expected, fuse)) return null;
  return `The CRM listed ${fetched} clients only, while the last runs listed ${expected}. See whether the account may still see all clients.`;
};

/** Whether so many may go: by one run, or little by little by the runs of the last days. Where nobody is to go, nobody is asked. */
export const overload = ({ known, missed, lately }: Losses, fuse: Fuse): Doubt => {
  if (missed === 0 || !isTooMany(missed + lately, known + lately, fuse)) return null;
  const before = lately === 0 ? '' : `, and ${lately} have gone within the last days`;
  return `Of ${known} known clients ${missed} are not in the list of the CRM any more${before}. See whether the account may still see all clients.`;
};
