import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { flawOf, isHourly, tidied, wallTimes } from '../../../src/modules/crm-connection/schedule/cron.ts';

describe('a cron', () => {
  it.each([
    '* * * * *',
    '*/15 * * * *',
    '30 2 * * *',
    '0 8-18/2 * * MON-FRI',
    '0,30 9 1,15 jan,JUL *',
    '0 0 29 2 *',
    '0 0 * * 7',
    '  5   4  *\t* * ',
    '0 0 31 2 1',
  ])('may be %j', (cron) => {
    expect(flawOf(cron)).toBeNull();
  });

  it.each(['', '   ', '* * * *', '* * * * * *', '@daily', 'hello', '0 0 0 * * * *'])(
    'has five fields, not %j',
    (cron) => {
      expect(flawOf(cron)).toMatch(/^must have five fields/);
    },
  );

  it.each([
    ['60 * * * *', 'minute'],
    ['*/0 * * * *', 'minute'],
    ['*/90 * * * *', 'minute'],
    ['5/15 * * * *', 'minute'],
    ['50-10 * * * *', 'minute'],
    ['1,,2 * * * *', 'minute'],
    ['-1 * * * *', 'minute'],
    ['1.5 * * * *', 'minute'],
    ['H * * * *', 'minute'],
    ['JAN * * * *', 'minute'],
    ['0 24 * * *', 'hour'],
    ['0 22-2 * * *', 'hour'],
    ['0 0 0 * *', 'day of month'],
    ['0 0 32 * *', 'day of month'],
    ['0 0 L * *', 'day of month'],
    ['0 0 15W * *', 'day of month'],
    ['0 0 ? * *', 'day of month'],
    ['0 0 * 13 *', 'month'],
    ['0 0 * MON *', 'month'],
    ['0 0 * * 8', 'day of week'],
    ['0 0 * * MO', 'day of week'],
    ['0 0 * * FRI#2', 'day of week'],
    ['0 0 * * *,', 'day of week'],
  ])('is not %j, and one is told that its %s is to blame', (cron, field) => {
    expect(flawOf(cron)).toMatch(new RegExp(`^has a ${field} \\(.*\\) that cannot be read: `));
  });

  it.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 30-31 FEB *'])('that never fires is none: %j', (cron) => {
    expect(flawOf(cron)).toMatch(/^never fires/);
  });

  it('is written in one way', () => {
    expect(tidied('  5   4  *\t* mon-fri ')).toBe('5 4 * * MON-FRI');
  });

  it('means every hour when it names none', () => {
    expect(['* * * * *', '5 */1 * * *', '5 0-23 * * *'].map(isHourly)).toEqual([true, true, true]);
    expect(['0 5 * * *', '0 */2 * * *', '0 1-23 * * *'].map(isHourly)).toEqual([false, false, false]);
  });

  it('whatever the text, is answered for at once, and never breaks what comes after', () => {
    const field = fc.oneof(
      fc.constantFrom('*', '*/5', '1-5', 'MON', 'FEB', '29', '30', '31', '0', '59', '7'),
      fc.string({ maxLength: 6 }),
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(field, { minLength: 4, maxLength: 6 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const flaw = flawOf(text);
        if (flaw !== null) return flaw.length > 0;
        const [first, second] = wallTimes(text, Date.UTC(2026, 10, 22));
        return first! > Date.UTC(2026, 10, 22) && second! > first! && flawOf(tidied(text)) === null;
      }),
      { numRuns: 1_000 },
    );
  });
});
