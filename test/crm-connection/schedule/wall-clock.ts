/** A second opinion on clocks, which shares nothing with src: it asks Intl minute by minute. */
const clocks = new Map<string, Intl.DateTimeFormat>();

/** `2026-03-29 02:30`, as clocks in the zone show it at this instant. */
export const shown = (instant: number, timeZone: string): string => {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    const numeric = '2-digit' as const;
    const parts = { year: 'numeric', month: numeric, day: numeric, hour: numeric, minute: numeric } as const;
    clock = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', ...parts });
    clocks.set(timeZone, clock);
  }
  const part = Object.fromEntries(clock.formatToParts(instant).map(({ type, value }) => [type, value]));
  return `${part['year']}-${part['month']}-${part['day']} ${part['hour']}:${part['minute']}`;
};

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What a clock on the wall shows, as a number to reckon with. */
export const reading = (local: string): number => Date.parse(`${local.replace(' ', 'T')}:00Z`);
const offset = (instant: number, zone: string): number => reading(shown(instant, zone)) - instant;

/** A change of clocks: at `at` they are put forward by so many milliseconds (or back, when negative). */
export type ClockChange = { zone: string; at: number; by: number };

/** Every change of clocks in a zone within a time, to the minute. */
const changesOf = (zone: string, from: number, until: number): ClockChange[] => {
  const changes: ClockChange[] = [];
  for (let day = from; day < until; day += DAY) {
    const before = offset(day, zone);
    const by = offset(day + DAY, zone) - before;
    if (by === 0) continue;
    let [low, high] = [day, day + DAY];
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (offset(middle, zone) === before) low = middle;
      else high = middle;
    }
    changes.push({ zone, at: high, by });
  }
  return changes;
};

/** Every change of clocks anywhere in the world in these years. */
export const clockChanges = (firstYear: number, lastYear: number): ClockChange[] =>
  Intl.supportedValuesOf('timeZone').flatMap((zone) =>
    changesOf(zone, Date.UTC(firstYear, 0, 1), Date.UTC(lastYear + 1, 0, 1)),
  );
