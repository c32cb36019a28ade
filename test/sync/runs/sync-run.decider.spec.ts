import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SyncCounts, SyncEvent } from '../../../src/modules/sync/contract.ts';
import {
  add,
  balance,
  cancel,
  complete,
  fail,
  interrupt,
  NO_COUNTS,
  run,
  runStream,
  start,
} from '../../../src/modules/sync/runs/sync-run.decider.ts';
import type { Run } from '../../../src/modules/sync/runs/sync-run.decider.ts';
import { fold } from '../../../src/shared/event-store/decider.ts';
import { given } from '../../given.ts';

const FACTS = { runId: 'run-1', connectionId: 'acme' };
const COUNTS: SyncCounts = {
  fetched: 9,
  created: 5,
  updated: 2,
  linked: 0,
  unchanged: 1,
  quarantined: 0,
  erased: 1,
  bookings: { fetched: 6, created: 3, updated: 2, unchanged: 1, quarantined: 0 },
};
const REASON = { code: 'crm-unreachable', detail: 'Nobody answers.', phase: 'bookings' } as const;

/** The counts with each one of them in turn too high. */
const unbalanced = (counts: SyncCounts, by: number): SyncCounts[] => {
  const { bookings, ...clients } = counts;
  return [
    ...Object.entries(clients).map(([name, count]) => ({ ...counts, [name]: count + by })),
    ...Object.entries(bookings).map(([name, count]) => ({
      ...counts,
      bookings: { ...bookings, [name]: count + by },
    })),
  ];
};

const started = given(run).when(start(FACTS, 'api'));
const decisions: ((state: Run) => SyncEvent[])[] = [
  complete(FACTS, COUNTS, null),
  fail(FACTS, COUNTS, REASON),
  interrupt(FACTS, COUNTS, 'The service was stopped.'),
];

describe('a run', () => {
  it('that comes to no good end tells what it has heard until then, and nothing where that is nothing', () => {
    const warnings = [{ code: 'bookings-forbidden', detail: 'Not for this user.' }];
    const ends: ((state: Run) => SyncEvent[])[] = [
      fail(FACTS, COUNTS, REASON, warnings),
      interrupt(FACTS, COUNTS, 'The service was stopped.', warnings),
      cancel(FACTS, COUNTS, warnings),
    ];
    for (const decide of ends) {
      expect(given(run, ...started).when(decide)).toMatchObject([{ data: { warnings } }]);
    }
    expect(given(run, ...started).when(cancel(FACTS, COUNTS))[0]!.data).not.toHaveProperty('warnings');
  });

  it('starts once', () => {
    expect(started).toEqual([{ type: 'SyncStarted', data: { ...FACTS, trigger: 'api' } }]);
    expect(given(run, ...started).when(start(FACTS, 'api'))).toEqual([]);
  });

  it('succeeds when every client found its place', () => {
    expect(given(run, ...started).when(complete(FACTS, COUNTS, null))).toEqual([
      {
        type: 'SyncCompleted',
        data: { ...FACTS, status: 'succeeded', counts: COUNTS, reason: null, warnings: [] },
      },
    ]);
  });

  it('succeeds with errors when a client waits in quarantine', () => {
    const counts = { ...COUNTS, fetched: 10, quarantined: 1 };
    const [event] = given(run, ...started).when(complete(FACTS, counts, null));
    expect(event!.data).toMatchObject({ status: 'succeeded-with-errors', reason: null });
  });

  it('succeeds with errors when a booking waits in quarantine', () => {
    const counts = { ...COUNTS, bookings: { ...COUNTS.bookings, fetched: 7, quarantined: 1 } };
    const [event] = given(run, ...started).when(complete(FACTS, counts, null));
    expect(event!.data).toMatchObject({ status: 'succeeded-with-errors', reason: null });
  });

  it.each([
    ['bookings-forbidden', 'succeeded-with-errors'],
    ['bookings-not-offered', 'succeeded'],
    ['timezone-unknown', 'succeeded'],
  ])('keeps the warning %s and has %s', (code, status) => {
    const warnings = [{ code, detail: 'Something is missing.' }];
    const [event] = given(run, ...started).when(complete(FACTS, COUNTS, null, warnings));
    expect(event!.data).toMatchObject({ status, warnings, reason: null });
  });

  it('is suspicious when the listing cannot be believed, errors or not', () => {
    for (const quarantined of [0, 1]) {
      const counts = { ...COUNTS, fetched: 9 + quarantined, quarantined };
      const [event] = given(run, ...started).when(complete(FACTS, counts, 'It stopped half-way.'));
      expect(event!.data).toMatchObject({ status: 'suspicious', reason: 'It stopped half-way.' });
    }
  });

  it('fails with its reason and with what it had done so far', () => {
    expect(given(run, ...started).when(fail(FACTS, COUNTS, REASON))).toEqual([
      { type: 'SyncFailed', data: { ...FACTS, counts: COUNTS, reason: REASON } },
    ]);
  });

  it('is interrupted when nobody works on it any more', () => {
    expect(given(run, ...started).when(interrupt(FACTS, COUNTS, 'Silence.'))).toEqual([
      { type: 'SyncInterrupted', data: { ...FACTS, counts: COUNTS, reason: 'Silence.' } },
    ]);
  });

  it('ends once, and however it ended it neither ends nor starts again', () => {
    for (const end of decisions) {
      const ended = [...started, ...given(run, ...started).when(end)];
      expect(ended).toHaveLength(2);
      for (const again of [...decisions, start(FACTS, 'api')]) {
        expect(given(run, ...ended).when(again)).toEqual([]);
      }
    }
  });

  it('cannot end before it has started', () => {
    for (const end of decisions) expect(given(run).when(end)).toEqual([]);
  });

  it('does not complete with counts that do not balance', () => {
    for (const counts of unbalanced(COUNTS, 1)) {
      expect(() => given(run, ...started).when(complete(FACTS, counts, null))).toThrow(
        'The counts of run run-1 do not balance.',
      );
    }
  });

  it('has a stream of its own', () => {
    expect(runStream('run-1')).toBe('sync-run-run-1');
  });
});

describe('counts', () => {
  const outcomes = fc.record({
    created: fc.nat(1000),
    updated: fc.nat(1000),
    linked: fc.nat(1000),
    unchanged: fc.nat(1000),
    quarantined: fc.nat(1000),
    erased: fc.nat(1000),
  });
  const bookingOutcomes = fc.record({
    created: fc.nat(1000),
    updated: fc.nat(1000),
    unchanged: fc.nat(1000),
    quarantined: fc.nat(1000),
  });
  const sumOf = (counts: object): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
  const balanced = fc.tuple(outcomes, bookingOutcomes).map(([clients, bookings]): SyncCounts => ({
    ...clients,
    fetched: sumOf(clients),
    bookings: { ...bookings, fetched: sumOf(bookings) },
  }));

  it('balance when every fetched client and booking has exactly one outcome', () => {
    fc.assert(fc.property(balanced, (counts) => balance(counts)));
  });

  it('stay balanced when pages are added, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(balanced), (pages) => {
        const sum = pages.reduce(add, NO_COUNTS);
        expect(balance(sum)).toBe(true);
        expect(pages.toReversed().reduce(add, NO_COUNTS)).toEqual(sum);
        expect(sum.fetched).toBe(pages.reduce((all, { fetched }) => all + fetched, 0));
      }),
    );
  });

  it('do not balance when one client or booking is missing or too many', () => {
    fc.assert(
      fc.property(balanced, fc.integer({ min: 1, max: 5 }), (counts, more) => {
        for (const wrong of unbalanced(counts, more)) expect(balance(wrong)).toBe(false);
      }),
    );
  });
});

describe('whatever happens to a run', () => {
  it('evolve never throws', () => {
    const events: SyncEvent[] = [...started, ...decisions.flatMap((end) => given(run, ...started).when(end))];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events)), (past) => {
        expect(['new', 'running', 'ended']).toContain(fold(run, past));
      }),
    );
  });
});
