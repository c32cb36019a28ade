import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { instantsOf, isZone, localTime } from '../../src/shared/local-time.ts';

const iso = (local: string, zone: string): string[] =>
  instantsOf(local, zone).map((instant) => new Date(instant).toISOString());

describe('what clocks on the wall show', () => {
  it('was once, on most days', () => {
    expect(iso('2026-12-01 10:00:00', 'Europe/Berlin')).toEqual(['2026-12-01T09:00:00.000Z']);
    expect(iso('2026-07-01 10:00:00', 'Europe/Berlin')).toEqual(['2026-07-01T08:00:00.000Z']);
    expect(iso('2026-12-01 00:00:00', 'Asia/Kathmandu')).toEqual(['2026-11-30T18:15:00.000Z']);
    expect(iso('2026-12-01 10:00:00', '+05:30')).toEqual(['2026-12-01T04:30:00.000Z']);
  });

  it('was never, in the hour that is skipped when clocks go forward', () => {
    expect(iso('2027-03-28 02:00:00', 'Europe/Berlin')).toEqual([]);
    expect(iso('2027-03-28 02:59:59', 'Europe/Berlin')).toEqual([]);
    expect(iso('2027-03-28 01:59:59', 'Europe/Berlin')).toEqual(['2027-03-28T00:59:59.000Z']);
    expect(iso('2027-03-28 03:00:00', 'Europe/Berlin')).toEqual(['2027-03-28T01:00:00.000Z']);
  });

  it('was twice, the earlier one first, in the hour that is repeated when they go back', () => {
    expect(iso('2026-10-25 02:30:00', 'Europe/Berlin')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:30:00.000Z',
    ]);
    expect(iso('2026-04-05 01:45:00', 'Australia/Lord_Howe')).toEqual([
      '2026-04-04T14:45:00.000Z',
      '2026-04-04T15:15:00.000Z',
    ]);
    expect(iso('2026-10-25 03:00:00', 'Europe/Berlin')).toEqual(['2026-10-25T02:00:00.000Z']);
  });

  it('was never, on a day that a whole country skipped', () => {
    expect(iso('2011-12-30 10:00:00', 'Pacific/Apia')).toEqual([]);
    expect(iso('2011-12-31 10:00:00', 'Pacific/Apia')).toEqual(['2011-12-30T20:00:00.000Z']);
  });

  it.each([
    '0000-00-00 00:00:00',
    '2026-02-30 10:00:00',
    '2027-02-29 10:00:00',
    '2026-13-01 10:00:00',
    '2026-12-01 24:00:00',
    '2026-12-01 10:60:00',
    '2026-12-01 10:00:60',
    '0001-01-01 10:00:00',
    '9999-12-31 10:00:00',
    '2026-12-01',
    '2026-12-01T10:00:00',
    '2026-12-01 10:00:00Z',
    ' 2026-12-01 10:00:00',
    '2026-12-01 10:00',
    '+02026-12-01 10:00:00',
    '',
  ])('is never %j', (local) => {
    expect(instantsOf(local, 'Europe/Berlin')).toEqual([]);
  });
});

const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Pacific/Chatham',
  'America/Sao_Paulo',
);
/** Whole seconds from 1972 to 2100. */
const instant = fc
  .integer({ min: Date.UTC(1972) / 1000, max: Date.UTC(2100) / 1000 })
  .map((second) => second * 1000);

describe('every instant', () => {
  it('is among those at which clocks show what they show at it', () => {
    fc.assert(
      fc.property(instant, zone, (at, where) => {
        const instants = instantsOf(localTime(at, where), where);
        expect(instants).toContain(at);
        expect(instants.length).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('every time that anybody can write down', () => {
  it('has only instants at which clocks show just that, the earlier first', () => {
    const part = fc.nat(99).map((number) => String(number).padStart(2, '0'));
    const local = fc
      .tuple(fc.integer({ min: 1960, max: 2040 }), part, part, part, part, part)
      .map(
        ([year, month, day, hour, minute, second]) => `${year}-${month}-${day} ${hour}:${minute}:${second}`,
      );
    fc.assert(
      fc.property(local, zone, (time, where) => {
        const instants = instantsOf(time, where);
        for (const at of instants) expect(localTime(at, where)).toBe(time);
        expect(instants).toEqual(instants.toSorted((one, other) => one - other));
      }),
    );
  });

  it('is skipped or shown twice only within hours of a change of clocks', () => {
    fc.assert(
      fc.property(instant, zone, (at, where) => {
        const count = instantsOf(new Date(at).toISOString().slice(0, 19).replace('T', ' '), where).length;
        const offsetAt = (time: number): number =>
          Date.parse(`${localTime(time, where).replace(' ', 'T')}Z`) - time;
        const isQuiet = offsetAt(at - 2 * 86_400_000) === offsetAt(at + 2 * 86_400_000);
        expect(isQuiet ? count : 1).toBe(1);
      }),
    );
  });
});

describe('a zone', () => {
  it.each(['Europe/Berlin', 'UTC', 'CET', '+02:00', 'America/Argentina/Buenos_Aires'])(
    'can be %s',
    (name) => {
      expect(isZone(name)).toBe(true);
    },
  );

  it.each(['', 'Mars/Olympus', '2', 'GMT+2', 'Europe/Berlin '])('cannot be %j', (name) => {
    expect(isZone(name)).toBe(false);
  });
});
