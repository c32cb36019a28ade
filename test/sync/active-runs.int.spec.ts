import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActiveRuns, LeaseLost } from '../../src/modules/sync/active-runs.store.ts';
import type { Step } from '../../src/modules/sync/active-runs.store.ts';
import { EndRun } from '../../src/modules/sync/end-run.ts';
import { NO_COUNTS, run, runStream, start } from '../../src/modules/sync/sync-run.decider.ts';
import { decision } from '../../src/shared/event-store/decider.ts';
import { happened, META, openTestStore, recording } from '../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../shared/event-store-harness.ts';

const NO_DOUBT = { doubt: null, warnings: [] };
const REASON = { code: 'x', detail: 'y', phase: 'clients' } as const;
const STEP: Step = { counts: NO_COUNTS, phase: 'clients', total: 2 };
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

const begin = async (): Promise<{ runId: string; connectionId: string }> => {
  const facts = { runId: randomUUID(), connectionId: randomUUID() };
  await active.claim(facts.connectionId, facts.runId);
  await store.events.transact([decision(runStream(facts.runId), run, start(facts, 'api'))], META);
  return facts;
};
const silentForTooLong = (runId: string) =>
  store.rows(
    "update active_runs set lease_until = clock_timestamp() - interval '1 second' where run_id = $1",
    [runId],
  );
const typesOf = async (runId: string): Promise<string[]> =>
  (await store.events.readAll({ stream: runStream(runId), limit: 10 })).map(({ type }) => type);

describe('a connection', () => {
  it('has one run at a time, however many instances are asked at once', async () => {
    const connectionId = randomUUID();
    const asked = Array.from({ length: 30 }, async (_, n) => {
      const runId = randomUUID();
      return (await new ActiveRuns(instances[n % 3]!.database).claim(connectionId, runId)) ? [runId] : [];
    });
    const claimed = (await Promise.all(asked)).flat();
    expect(claimed).toHaveLength(1);
    expect(await active.ofConnection(connectionId)).toMatchObject({ runId: claimed[0], dead: false });
  });

  it('is free again when its run has ended', async () => {
    const { runId, connectionId } = await begin();
    expect(await active.release(runId)).toBe(true);
    expect(await active.release(runId)).toBe(false);
    expect(await active.ofConnection(connectionId)).toBeUndefined();
    expect(await active.claim(connectionId, randomUUID())).toBe(true);
  });
});

describe('a run whose worker is silent', () => {
  it('is taken for dead, until it is heard of again', async () => {
    const { runId } = await begin();
    const dead = async () => (await active.dead()).map((one) => one.runId);
    expect(await dead()).not.toContain(runId);
    await silentForTooLong(runId);
    expect(await dead()).toContain(runId);
    await active.advance(runId, STEP);
    expect(await dead()).not.toContain(runId);
  });

  it('is ended once, however many find it', async () => {
    const facts = await begin();
    await silentForTooLong(facts.runId);
    const found = { ...facts, counts: NO_COUNTS, dead: true };
    await Promise.all(
      instances.map(({ database, events }) =>
        new EndRun(events, new ActiveRuns(database)).interrupted(found, 'Silence.'),
      ),
    );
    expect(await typesOf(facts.runId)).toEqual(['SyncStarted', 'SyncInterrupted']);
  });

  it('cannot write any more once somebody else has ended it: what it wrote in that moment is undone', async () => {
    const facts = await begin();
    await endRun.interrupted({ ...facts, counts: NO_COUNTS, dead: true }, 'Silence.');
    const page = store.events.transaction(async () => {
      await store.events.transact([recording(`zombie-${facts.runId}`, happened())], META);
      await active.advance(facts.runId, STEP);
    });
    await expect(page).rejects.toThrow(LeaseLost);
    expect(await store.events.readAll({ stream: `zombie-${facts.runId}`, limit: 1 })).toEqual([]);
    await expect(endRun.completed(facts, NO_COUNTS, NO_DOUBT, BY)).rejects.toThrow(LeaseLost);
    await expect(endRun.failed(facts, NO_COUNTS, REASON, BY)).rejects.toThrow(LeaseLost);
    expect(await typesOf(facts.runId)).toEqual(['SyncStarted', 'SyncInterrupted']);
  });
});

describe('the end of a run', () => {
  it('is its last event and the release of its connection, both or none', async () => {
    const facts = await begin();
    const unbalanced = { ...NO_COUNTS, fetched: 1 };
    await expect(endRun.completed(facts, unbalanced, NO_DOUBT, BY)).rejects.toThrow('do not balance');
    expect(await active.ofConnection(facts.connectionId)).toMatchObject({ runId: facts.runId });
    await endRun.completed(facts, NO_COUNTS, NO_DOUBT, BY);
    expect(await active.ofConnection(facts.connectionId)).toBeUndefined();
    const events = await store.events.readAll({ runId: facts.runId, limit: 10 });
    expect(events.at(-1)).toMatchObject({
      type: 'SyncCompleted',
      meta: { ...BY, causationId: null, runId: facts.runId },
    });
  });
});
