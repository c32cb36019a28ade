import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { placeOf, slotsAfter, timesAfter } from '../../../src/modules/crm-connection/schedule/slots.ts';
import { clockChanges, DAY, HOUR, MINUTE, reading, shown } from './wall-clock.ts';
import type { ClockChange } from './wall-clock.ts';

/** The first `count` times after an instant, as `2026-03-29T01:30Z`. */
const slots = (cron: string, timezone: string, after: string, count: number): string[] => {
  const found: string[] = [];
  for (const slot of slotsAfter({ cron, timezone }, Date.parse(after))) {
    found.push(new Date(slot).toISOString().replace(':00.000Z', 'Z'));
    if (found.length === count) break;
  }
  return found;
};

const between = (cron: string, timezone: string, after: number, until: number): number[] => {
  const found: number[] = [];
  for (const slot of slotsAfter({ cron, timezone }, after)) {
    if (slot > until) break;
    found.push(slot);
  }
  return found;
};

describe('a daily sync', () => {
  it.each([
    [
      'whose time is skipped runs as much later as clocks are put forward',
      ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z'],
      ['2026-03-29T01:30Z', '2026-03-30T00:30Z'],
    ],
    [
      'whose time comes twice runs the first time only',
      ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z'],
      ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'runs once where clocks are put forward by half an hour',
      ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z'],
      ['2026-10-03T15:45Z', '2026-10-04T15:15Z'],
    ],
    [
      'runs once where clocks are put back by half an hour',
      ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-03T20:00Z'],
      ['2026-04-04T14:45Z', '2026-04-05T15:15Z'],
    ],
    [
      'runs on a day that has no midnight',
      ['0 0 * * *', 'Africa/Cairo', '2026-04-23T12:00Z'],
      ['2026-04-23T22:00Z', '2026-04-24T21:00Z'],
    ],
    [
      'runs on an evening whose last hour is skipped',
      ['30 23 * * *', 'America/Nuuk', '2026-03-28T12:00Z'],
      ['2026-03-29T01:30Z', '2026-03-30T00:30Z'],
    ],
    [
      'runs on time on the day after one that clocks skipped as a whole, and once for both',
      ['0 9 * * *', 'Pacific/Apia', '2011-12-29T00:00Z'],
      ['2011-12-29T19:00Z', '2011-12-30T19:00Z', '2011-12-31T19:00Z'],
    ],
  ])('%s', (_, [cron, zone, after], expected) => {
    expect(slots(cron!, zone!, after!, expected.length)).toEqual(expected);
  });

  it('at a certain weekday and hour keeps that weekday, whatever clocks do', () => {
    expect(slots('30 0 * * SUN', 'America/Havana', '2026-10-30T00:00Z', 2)).toEqual([
      '2026-11-01T04:30Z',
      '2026-11-08T05:30Z',
    ]);
  });
});

describe('an hourly sync', () => {
  it('runs in both hours when one is repeated', () => {
    expect(slots('30 * * * *', 'Europe/Berlin', '2026-10-24T23:40Z', 3)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:30Z',
    ]);
  });

  it('leaves no gap when an hour is skipped', () => {
    expect(slots('30 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', 3)).toEqual([
      '2026-03-29T00:30Z',
      '2026-03-29T01:30Z',
      '2026-03-29T02:30Z',
    ]);
  });

  it('leaves no gap of more than an hour when clocks are put forward by half an hour', () => {
    expect(slots('0 * * * *', 'Australia/Lord_Howe', '2026-10-03T14:10Z', 3)).toEqual([
      '2026-10-03T14:30Z',
      '2026-10-03T15:30Z',
      '2026-10-03T16:00Z',
    ]);
  });
});

describe('any schedule', () => {
  it('takes either day where both the day of the month and that of the week are restricted', () => {
    expect(slots('0 0 13 * FRI', 'UTC', '2026-11-22T00:00Z', 4)).toEqual([
      '2026-11-27T00:00Z',
      '2026-12-04T00:00Z',
      '2026-12-11T00:00Z',
      '2026-12-13T00:00Z',
    ]);
  });

  it('may be for leap years only', () => {
    expect(slots('0 0 29 2 *', 'UTC', '2026-11-22T00:00Z', 2)).toEqual([
      '2028-02-29T00:00Z',
      '2032-02-29T00:00Z',
    ]);
  });

  it('goes by the clocks of its zone and no others, wherever the machine believes to be', () => {
    const on = (TZ: string) => {
      const program = fileURLToPath(new URL('zones.program.ts', import.meta.url));
      const { stdout, stderr } = spawnSync(process.execPath, [program], { env: { TZ }, encoding: 'utf8' });
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as { here: number; said: unknown };
    };
    const machines = ['UTC', 'Asia/Tokyo', 'America/Los_Angeles', 'Europe/Berlin'].map(on);
    expect(machines.map(({ here }) => here)).toEqual([12, 21, 5, 13]);
    for (const { said } of machines) expect(said).toEqual(machines[0]!.said);
  });
});

const changes = clockChanges(2026, 2028);
const anyChange = fc.constantFrom(...changes);
const minutes = fc.nat(59);
const hours = fc.nat(23);

/** What the rule says, found by looking at the clock at every instant that this time of this day could be. */
const onThatDay = (local: string, { zone, at, by }: ClockChange): number => {
  for (let ahead = 15 * HOUR; ahead >= -15 * HOUR; ahead -= HOUR / 4) {
    if (shown(reading(local) - ahead, zone) === local) return reading(local) - ahead;
  }
  const before = reading(shown(at - MINUTE, zone)) + MINUTE;
  expect(by).toBeGreaterThan(0);
  return at + reading(local) - before;
};

describe('around every change of clocks in the world', () => {
  it('sees that there are some: by an hour, by half an hour, at midnight', () => {
    expect(new Set(changes.map(({ zone }) => zone)).size).toBeGreaterThan(100);
    expect(changes.some(({ by }) => Math.abs(by) === HOUR / 2)).toBe(true);
    expect(changes.some(({ zone, at }) => shown(at - MINUTE, zone).endsWith('23:59'))).toBe(true);
  });

  it('each time of day comes exactly once for each day', () => {
    fc.assert(
      fc.property(anyChange, hours, minutes, (change, hour, minute) => {
        const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
        const last = reading(shown(change.at - MINUTE, change.zone));
        const days = [-1, 0, 1].map((day) => new Date(last + day * DAY).toISOString().slice(0, 10));
        const expected = days.map((day) => onThatDay(`${day} ${time}`, change));
        const found = between(
          `${minute} ${hour} * * *`,
          change.zone,
          expected[0]! - MINUTE,
          expected[2]! + MINUTE,
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it('every minute stays every minute', () => {
    fc.assert(
      fc.property(anyChange, ({ zone, at }) => {
        const found = between('* * * * *', zone, at - 70 * MINUTE, at + 70 * MINUTE);
        expect(found).toEqual(Array.from({ length: 140 }, (_, n) => at + (n - 69) * MINUTE));
      }),
      { numRuns: 5 },
    );
  });

  it('every hour comes at each instant at which clocks show its minute, and lets no more than an hour pass', () => {
    fc.assert(
      fc.property(anyChange, minutes, ({ zone, at, by }, minute) => {
        const found = between(`${minute} * * * *`, zone, at - 5 * HOUR, at + 5 * HOUR);
        const gaps = found.map((slot, index) => slot - (found[index - 1] ?? slot));
        // A minute that is not in the half hour that is repeated comes when clocks show it again.
        const isPartRepeated = by < 0 && -by < HOUR;
        expect(Math.max(...gaps)).toBeLessThanOrEqual(isPartRepeated ? HOUR - by : HOUR);
        const shownSo: number[] = [];
        for (let instant = at - 5 * HOUR + MINUTE; instant <= at + 5 * HOUR; instant += MINUTE) {
          if (Number(shown(instant, zone).slice(-2)) === minute) shownSo.push(instant);
        }
        expect(found).toEqual(expect.arrayContaining(shownSo));
      }),
      { numRuns: 60 },
    );
  });

  it('from wherever one looks, what comes next is the same', () => {
    const crons = fc.constantFrom(
      '*/7 1-3 * * *',
      '30 2 * * *',
      '*/20 * * * *',
      '0 0,2,3 * * *',
      '59 23 * * *',
    );
    fc.assert(
      fc.property(anyChange, crons, fc.integer({ min: -300, max: 300 }), ({ zone, at }, cron, shift) => {
        const all = between(cron, zone, at - 2 * DAY, at + 2 * DAY);
        const from = at + shift * MINUTE + 30_000;
        expect(between(cron, zone, from, at + 2 * DAY)).toEqual(all.filter((slot) => slot > from));
      }),
      { numRuns: 60 },
    );
  });
});

describe('connections with the same schedule', () => {
  const timesOf = (cron: string, id: string, count: number): number[] => {
    const found: number[] = [];
    for (const time of timesAfter({ cron, timezone: 'UTC' }, id, Date.UTC(2026, 10, 22))) {
      found.push(time);
      if (found.length === count) break;
    }
    return found;
  };

  it('do not all sync in the same second: each waits its own part of a minute, always the same', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        const waits = timesOf('0 * * * *', id, 3).map((time) => time % HOUR);
        expect(new Set(waits).size).toBe(1);
        expect(waits[0]).toBeLessThan(MINUTE);
      }),
    );
    const hundred = Array.from({ length: 100 }, (_, n) => timesOf('0 * * * *', `connection-${n}`, 1)[0]!);
    expect(new Set(hundred.map((time) => Math.floor(time / 1_000))).size).toBeGreaterThan(40);
  });

  it('wait no more than a tenth of the time until they are due again', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        for (const time of timesOf('* * * * *', id, 3)) expect(time % MINUTE).toBeLessThan(MINUTE / 10);
      }),
    );
  });

  it('have places from 0 to 1', () => {
    const places = Array.from({ length: 200 }, (_, n) => placeOf(`connection-${n}`));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(Math.min(...places)).toBeLessThan(0.1);
    expect(Math.max(...places)).toBeGreaterThan(0.9);
    expect(Math.max(...places)).toBeLessThan(1);
  });
});
