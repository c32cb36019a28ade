import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SyncCounts, SyncEvent } from '../../src/modules/sync/contract.ts';
import {
  add,
  balance,
  complete,
  fail,
  interrupt,
  NO_COUNTS,
  run,
  runStream,
  start,
} from '../../src/modules/sync/sync-run.decider.ts';
import type { Run } from '../../src/modules/sync/sync-run.decider.ts';
import { fold } from '../../src/shared/event-store/decider.ts';
import { given } from '../given.ts';

const FACTS = { runId: 'run-1', connectionId: 'acme' };
const COUNTS: SyncCounts = {
  fetched: 9,
  created: 5,
  updated: 2,
  linked: 0,
  unchanged: 1,
  quarantined: 0,
  erased: 1,
};
const REASON = { code: 'crm-unreachable', detail: 'Nobody answers.' };

const started = given(run).when(start(FACTS, 'api'));
const decisions: ((state: Run) => SyncEvent[])[] = [
  complete(FACTS, COUNTS, null),
  fail(FACTS, COUNTS, REASON),
  interrupt(FACTS, COUNTS, 'The service was stopped.'),
];

describe('a run', () => {
  it('starts once', () => {
    expect(started).toEqual([{ type: 'SyncStarted', data: { ...FACTS, trigger: 'api' } }]);
    expect(given(run, ...started).when(start(FACTS, 'api'))).toEqual([]);
  });

  it('succeeds when every client found its place', () => {
    expect(given(run, ...started).when(complete(FACTS, COUNTS, null))).toEqual([
      { type: 'SyncCompleted', data: { ...FACTS, status: 'succeeded', counts: COUNTS, reason: null } },
    ]);
  });

  it('succeeds with errors when a client waits in quarantine', () => {
    const counts = { ...COUNTS, fetched: 10, quarantined: 1 };
    const [event] = given(run, ...started).when(complete(FACTS, counts, null));
    expect(event!.data).toMatchObject({ status: 'succeeded-with-errors', reason: null });
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
    for (const field of Object.keys(NO_COUNTS) as (keyof SyncCounts)[]) {
      const counts = { ...COUNTS, [field]: COUNTS[field] + 1 };
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
  const balanced = outcomes.map((counts): SyncCounts => ({
    ...counts,
    fetched: Object.values(counts).reduce((sum, count) => sum + count, 0),
  }));

  it('balance when every fetched client has exactly one outcome', () => {
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

  it('do not balance when one client is missing or too many', () => {
    const field = fc.constantFrom(...(Object.keys(NO_COUNTS) as (keyof SyncCounts)[]));
    fc.assert(
      fc.property(balanced, field, fc.integer({ min: 1, max: 5 }), (counts, name, more) => {
        expect(balance({ ...counts, [name]: counts[name] + more })).toBe(false);
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
