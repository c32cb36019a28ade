import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActiveRuns, LeaseLost, RunCancelled } from '../../../src/modules/sync/runs/active-runs.store.ts';
import type { Claim, Step, TakenUp } from '../../../src/modules/sync/runs/active-runs.store.ts';
import { EndRun } from '../../../src/modules/sync/runs/end-run.ts';
import { NO_COUNTS, run, runStream, start } from '../../../src/modules/sync/runs/sync-run.decider.ts';
import { decision } from '../../../src/shared/event-store/decider.ts';
import { happened, META, openTestStore, recording } from '../../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../../shared/event-store-harness.ts';

const NOTHING = { doubt: null, warnings: [] };
const REASON = { code: 'x', detail: 'y', phase: 'clients' } as const;
const COUNTS = { ...NO_COUNTS, fetched: 2, created: 1, unchanged: 1 };
const STEP: Step = { counts: COUNTS, phase: 'clients', total: 4, externalIds: ['7', '8'], others: ['9'] };
const BY = { actor: 'cli', correlationId: 'test' };

let store: TestStore;
let instances: Instance[];
let active: ActiveRuns;
let endRun: EndRun;
beforeAll(async () => {
  store = await openTestStore();
  instances = [store, await store.another(), await store.another()];
  active = new ActiveRuns(store.database);
  endRun = new EndRun(store.events, active);
});
afterAll(() => store.close());

/** A run that a worker has taken up. */
const begin = async (): Promise<TakenUp> => {
  const facts = { runId: randomUUID(), connectionId: randomUUID() };
  await active.claim(facts.connectionId, facts.runId);
  await store.events.transact([decision(runStream(facts.runId), run, start(facts, 'api'))], META);
  return (await active.takeUp(facts.runId))!;
};
const typesOf = async (runId: string): Promise<string[]> =>
  (await store.events.readAll({ stream: runStream(runId), limit: 10 })).map(({ type }) => type);

/** Everything that a worker can write. */
const WRITES: [string, (claim: Claim & { connectionId: string }) => Promise<unknown>][] = [
  ['a page', (claim) => active.advance(claim, STEP)],
  ['the end of the clients', (claim) => active.beginBookings(claim, NOTHING)],
  ['the end of the run', (claim) => endRun.completed(claim, NOTHING, BY)],
  ['its failure', (claim) => endRun.failed(claim, REASON, BY)],
  ['its cancellation', (claim) => endRun.cancelled(claim, BY)],
  ['a look at it', (claim) => active.mayGoOn(claim)],
];

describe('a connection', () => {
  it('has one run at a time, however many instances are asked at once', async () => {
    const connectionId = randomUUID();
    const asked = Array.from({ length: 30 }, async (_, n) => {
      const runId = randomUUID();
      return (await new ActiveRuns(instances[n % 3]!.database).claim(connectionId, runId)) ? [runId] : [];
    });
    const claimed = (await Promise.all(asked)).flat();
    expect(claimed).toHaveLength(1);
    expect(await active.ofConnection(connectionId)).toBe(claimed[0]);
  });

  it('is free again when its run has ended', async () => {
    const taken = await begin();
    await active.release(taken);
    await expect(active.release(taken)).rejects.toThrow(LeaseLost);
    expect(await active.ofConnection(taken.connectionId)).toBeUndefined();
    expect(await active.claim(taken.connectionId, randomUUID())).toBe(true);
  });
});

describe('a run that another worker takes up', () => {
  it('is as the one before has left it', async () => {
    const first = await begin();
    expect(first).toMatchObject({ phase: 'starting', counts: NO_COUNTS, cursor: null, found: null });
    await active.advance(first, { ...STEP, cursor: 'page 2' });
    const second = await active.takeUp(first.runId);
    expect(second).toMatchObject({ phase: 'clients', counts: COUNTS, total: 4, cursor: 'page 2' });
    expect(await active.seen(first.runId, 'client')).toEqual({ externalIds: ['7', '8'], others: ['9'] });
    await active.advance(second!, { ...STEP, externalIds: ['10'], others: [] });
    expect((await active.takeUp(first.runId))!.cursor).toBe('page 2');
    expect((await active.seen(first.runId, 'client')).externalIds).toEqual(['7', '8', '10']);
  });

  it('forgets where the list was when that is long ago', async () => {
    const first = await begin();
    await active.advance(first, { ...STEP, cursor: 'page 2' });
    await store.rows("update active_runs set moved_at = moved_at - interval '11 minutes' where run_id = $1", [
      first.runId,
    ]);
    expect((await active.takeUp(first.runId))!.cursor).toBeNull();
  });

  it('goes on with the bookings when the clients were done, and still knows what was to be said of them', async () => {
    const first = await begin();
    const found = { doubt: 'The list moved.', warnings: [{ code: 'x', detail: 'y' }] };
    await active.advance(first, { ...STEP, cursor: 'page 2' });
    await active.beginBookings(first, found);
    expect(await active.takeUp(first.runId)).toMatchObject({ phase: 'bookings', found, cursor: null });
    expect(await active.seen(first.runId, 'booking')).toEqual({ externalIds: [], others: [] });
  });

  it.each(WRITES)('cannot be written by the worker before any more: %s', async (_, write) => {
    const zombie = await begin();
    await active.takeUp(zombie.runId);
    const stream = `zombie-${randomUUID()}`;
    const page = store.events.transaction(async () => {
      await store.events.transact([recording(stream, happened())], META);
      await write(zombie);
    });
    await expect(page).rejects.toThrow(LeaseLost);
    expect(await store.events.readAll({ stream, limit: 1 })).toEqual([]);
    expect(await typesOf(zombie.runId)).toEqual(['SyncStarted']);
  });

  it.each(WRITES)('cannot be written by anybody when it has ended: %s', async (_, write) => {
    const taken = await begin();
    await endRun.completed(taken, NOTHING, BY);
    await expect(write(taken)).rejects.toThrow(LeaseLost);
    expect(await active.takeUp(taken.runId)).toBeUndefined();
    expect(await typesOf(taken.runId)).toEqual(['SyncStarted', 'SyncCompleted']);
  });
});

describe('a run that nobody works on any more', () => {
  it('is ended once, however many find it', async () => {
    const { runId } = await begin();
    await Promise.all(
      instances.map(({ database, events }) =>
        new EndRun(events, new ActiveRuns(database)).interrupted(runId, 'Silence.'),
      ),
    );
    expect(await typesOf(runId)).toEqual(['SyncStarted', 'SyncInterrupted']);
  });

  it('is cancelled when somebody has asked for that', async () => {
    const { runId } = await begin();
    expect(await active.cancel(runId, BY)).toBe(true);
    expect(await active.cancel(runId, { actor: 'key:2', correlationId: 'later' })).toBe(true);
    await endRun.interrupted(runId, 'Silence.');
    const [, last] = await store.events.readAll({ stream: runStream(runId), limit: 10 });
    expect(last).toMatchObject({ type: 'SyncCancelled', meta: BY });
    expect(await active.cancel(runId, BY)).toBe(false);
  });
});

describe('a run that somebody wants to end', () => {
  it('writes no further page', async () => {
    const taken = await begin();
    await active.mayGoOn(taken);
    await active.cancel(taken.runId, BY);
    const stream = `page-${randomUUID()}`;
    const page = store.events.transaction(async () => {
      await store.events.transact([recording(stream, happened())], META);
      await active.advance(taken, STEP);
    });
    await expect(page).rejects.toThrow(RunCancelled);
    await expect(active.mayGoOn(taken)).rejects.toThrow(RunCancelled);
    expect(await store.events.readAll({ stream, limit: 1 })).toEqual([]);
    expect((await active.takeUp(taken.runId))!.counts).toEqual(NO_COUNTS);
  });

  it.each([
    ['had come to its end', (taken: TakenUp) => endRun.completed(taken, NOTHING, META)],
    ['had failed', (taken: TakenUp) => endRun.failed(taken, REASON, META)],
  ])('ends as cancelled although it %s', async (_, ending) => {
    const taken = await begin();
    await active.cancel(taken.runId, BY);
    await ending(taken);
    const [, last] = await store.events.readAll({ stream: runStream(taken.runId), limit: 10 });
    expect(last).toMatchObject({ type: 'SyncCancelled', meta: BY });
  });
});

describe('the end of a run', () => {
  it('is its last event and the release of its connection, both or none', async () => {
    const taken = await begin();
    await active.advance(taken, { ...STEP, counts: { ...NO_COUNTS, fetched: 1 } });
    await expect(endRun.completed(taken, NOTHING, BY)).rejects.toThrow('do not balance');
    expect(await active.ofConnection(taken.connectionId)).toBe(taken.runId);
    await active.advance(taken, { ...STEP, counts: { ...NO_COUNTS, created: 1 } });
    await endRun.completed(taken, NOTHING, BY);
    expect(await active.ofConnection(taken.connectionId)).toBeUndefined();
    const events = await store.events.readAll({ runId: taken.runId, limit: 10 });
    expect(events.at(-1)).toMatchObject({
      type: 'SyncCompleted',
      data: { counts: { fetched: 1, created: 1 } },
      meta: { ...BY, causationId: null, runId: taken.runId },
    });
    expect(await active.seen(taken.runId, 'client')).toEqual({ externalIds: [], others: [] });
  });
});
