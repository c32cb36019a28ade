import { InvalidArgumentError, Option } from 'commander';
import { Failure } from './failure.ts';

/** `--limit`: a whole number from 1. */
export const limitOption = (usual: number, says = 'how many'): Option =>
  new Option('--limit <count>', says).default(usual).argParser((text: string): number => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
    throw new InvalidArgumentError('It must be a whole number from 1.');
  });

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const LOCAL = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?$/;

/** A time as people say it, for the API: `2h` ago, a day or a time by the clocks of this machine, or ISO 8601 as it is. */
export const momentOf = (option: string, said: string): string => {
  const [, amount, unit] = /^(\d{1,6})([mhd])$/.exec(said) ?? [];
  if (amount !== undefined && unit !== undefined)
    return new Date(Date.now() - Number(amount) * (UNITS[unit] ?? 0)).toISOString();
  // Without a time of day JavaScript would take it for a day of UTC.
  const text = said.length === 10 ? `${said}T00:00` : said.replace(' ', 'T');
  const at = Date.parse(text);
  if (LOCAL.test(said) && !Number.isNaN(at)) return new Date(at).toISOString();
  if (/^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/.test(said) && !Number.isNaN(at)) return said;
  throw new Failure(
    `${option} is no time: "${said}".`,
    'Say it like 2026-11-22T15:30:00Z, 2026-11-22 15:30 or 2026-11-22 (by the clocks here), or 90m, 2h, 3d for so long ago.',
  );
};

export const MOMENT = 'like 2026-11-22T15:30:00Z, 2026-11-22 or 2h (ago)';
