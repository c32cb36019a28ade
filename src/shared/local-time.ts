/** How a clock on the wall says the time: no zone, no fraction, nothing left out. */
const LOCAL = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})$/;

/** What anybody can have an appointment in, and what the API takes for a time, in whichever zone. */
const FIRST_YEAR = 1971;
const LAST_YEAR = 2998;

const DAY = 86_400_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

const clockOf = (zone: string): Intl.DateTimeFormat => {
  const kept = clocks.get(zone);
  if (kept !== undefined) return kept;
  // Swedish is how Intl writes ISO 8601.
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  clocks.set(zone, clock);
  return clock;
};

/** What clocks in a zone show at an instant (UTC milliseconds): `2026-12-01 10:00:00`. */
export const localTime = (instant: number, zone: string): string => clockOf(zone).format(instant);

/** Whether this is a zone that we know the clocks of: an IANA name, or an offset such as `+02:00`. */
export const isZone = (zone: string): boolean => {
  try {
    return clockOf(zone) !== undefined;
  } catch {
    return false;
  }
};

/** As if it were UTC; what no calendar has is moved on, as JavaScript does. Null for what is no time at all. */
const asUtc = (local: string): number | null => {
  const match = LOCAL.exec(local);
  if (match === null || Number(match[1]) < FIRST_YEAR || Number(match[1]) > LAST_YEAR) return null;
  const instant = Date.parse(`${local.replace(' ', 'T')}Z`);
  return Number.isNaN(instant) ? null : instant;
};

/** How far clocks in a zone are ahead of UTC at an instant (UTC milliseconds). */
export const offsetAt = (instant: number, zone: string): number =>
  (asUtc(localTime(instant, zone)) ?? instant) - Math.floor(instant / 1000) * 1000;

/**
 * When clocks in a zone show this time, in UTC milliseconds. Once as a rule; never in the hour that is skipped when
 * clocks go forward; twice, the earlier one first, in the hour that is repeated when they go back. Never shifted: what
 * cannot be has no instant.
 */
export const instantsOf = (local: string, zone: string): number[] => {
  const utc = asUtc(local);
  if (utc === null) return [];
  // No zone changes its clocks twice within two days, so one of these offsets is the one that holds here.
  const offsets = [utc - DAY, utc + DAY].map((near) => offsetAt(near, zone));
  const candidates = [...new Set(offsets)].map((offset) => utc - offset).toSorted((a, b) => a - b);
  // Neither 30 February nor a skipped hour comes back as it was written.
  return candidates.filter((instant) => localTime(instant, zone) === local);
};
