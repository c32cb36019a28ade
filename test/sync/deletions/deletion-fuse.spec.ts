import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTooMany, overload, suspicion } from '../../../src/modules/sync/deletions/deletion-fuse.ts';
import type { PastRun } from '../../../src/modules/sync/deletions/deletion-fuse.ts';

const FUSE = { percent: 5, count: 20 };
const runs = (...fetched: number[]): PastRun[] => fetched.map((one) => ({ fetched: one, approved: false }));

describe('the fuse', () => {
  it.each([
    [20, 100, false],
    [21, 100, true],
    [21, 420, false],
    [22, 420, true],
    [50, 1_000, false],
    [51, 1_000, true],
    [3, 3, false],
    [0, 0, false],
  ])('blows when %i of %i are lost: %s', (lost, of, blows) => {
    expect(isTooMany(lost, of, FUSE)).toBe(blows);
  });

  it('can be set so that nobody goes unasked, or everybody', () => {
    expect(isTooMany(1, 1_000, { percent: 0, count: 0 })).toBe(true);
    expect(isTooMany(1_000, 1_000, { percent: 100, count: 0 })).toBe(false);
  });
});

describe('what a listing brings is doubted', () => {
  it('when it is nothing where the last runs had something', () => {
    expect(suspicion(0, runs(3, 3), 3, FUSE)).toContain('listed no clients, although 3 are known');
    expect(suspicion(0, [], 3, FUSE)).toContain('listed no clients');
  });

  it('when it is far less than the middle of the last runs', () => {
    expect(suspicion(900, runs(1_000, 990, 1_010), 1_000, FUSE)).toContain('listed 900 clients only');
    expect(suspicion(960, runs(1_000, 990, 1_010), 1_000, FUSE)).toBeNull();
    // One odd run does not change what is usual.
    expect(suspicion(960, runs(1_000, 5_000, 1_000), 1_000, FUSE)).toBeNull();
    expect(suspicion(500, runs(1_000, 500, 1_000), 1_000, FUSE)).not.toBeNull();
  });

  it('by what is known, where no run was believed so far', () => {
    expect(suspicion(10, [], 100, FUSE)).not.toBeNull();
    expect(suspicion(10, [], 10, FUSE)).toBeNull();
    expect(suspicion(0, [], 0, FUSE)).toBeNull();
  });

  it('no more when a person has approved a run like that, whatever was before', () => {
    const approved = [{ fetched: 500, approved: true }, ...runs(1_000, 1_000, 1_000)];
    expect(suspicion(500, approved, 1_000, FUSE)).toBeNull();
    expect(suspicion(0, [{ fetched: 0, approved: true }, ...runs(30)], 30, FUSE)).toBeNull();
    expect(suspicion(400, [...runs(500, 500), ...approved], 1_000, FUSE)).not.toBeNull();
  });
});

describe('so many may not go', () => {
  it('at once', () => {
    expect(overload({ known: 100, missed: 21, lately: 0 }, FUSE)).toBe(
      'Of 100 known clients 21 are not in the list of the CRM any more. See whether the account may still see all clients.',
    );
    expect(overload({ known: 100, missed: 20, lately: 0 }, FUSE)).toBeNull();
  });

  it('little by little', () => {
    expect(overload({ known: 190, missed: 11, lately: 10 }, FUSE)).toContain(
      '10 have gone within the last days',
    );
    expect(overload({ known: 190, missed: 10, lately: 10 }, FUSE)).toBeNull();
  });

  it('in whatever portions: as many as at once', () => {
    const amount = fc.nat(2_000);
    fc.assert(
      fc.property(amount, amount, fc.integer({ min: 1, max: 2_000 }), (stay, first, second) => {
        const atOnce = overload({ known: stay + first + second, missed: first + second, lately: 0 }, FUSE);
        const inTwo = overload({ known: stay + second, missed: second, lately: first }, FUSE);
        expect(inTwo === null).toBe(atOnce === null);
      }),
    );
  });

  it('where somebody is to go: nobody is asked about those who have gone already', () => {
    expect(overload({ known: 190, missed: 0, lately: 50 }, FUSE)).toBeNull();
  });

  it('nor is a growing list ever doubted', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { maxLength: 5 }), fc.nat(5_000), (past, more) => {
        expect(suspicion(Math.max(0, ...past) + more, runs(...past), 0, FUSE)).toBeNull();
      }),
    );
  });
});
