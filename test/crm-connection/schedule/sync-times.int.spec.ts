import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  changeSchedule,
  connect,
  connection,
  connectionStream,
  disconnect,
  needAttention,
  recover,
} from '../../../src/modules/crm-connection/connection.decider.ts';
import type { ConnectionState } from '../../../src/modules/crm-connection/connection.decider.ts';
import type { ConnectionEvent } from '../../../src/modules/crm-connection/contract.ts';
import { SyncTimeTable } from '../../../src/modules/crm-connection/schedule/sync-times.read-model.ts';
import type { SyncTimes } from '../../../src/modules/crm-connection/schedule/sync-times.read-model.ts';
import { fail, NO_COUNTS, run, runStream, start } from '../../../src/modules/sync/sync-run.decider.ts';
import { decision } from '../../../src/shared/event-store/decider.ts';
import { META, openTestStore } from '../../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../../shared/event-store-harness.ts';

const HOUR = 3_600_000;
const HOURLY = { cron: '0 * * * *', timezone: 'UTC' };
const BLOCKED = { code: 'crm-user-blocked', detail: 'The user is blocked.' };

let store: TestStore;
let instances: (Instance & { times: SyncTimeTable })[];
let times: SyncTimeTable;
beforeAll(async () => {
  store = await openTestStore();
  const opened = [store, await store.another(), await store.another()];
  instances = opened.map((one) => ({ ...one, times: new SyncTimeTable(one.database) }));
  times = instances[0]!.times;
  for (const one of instances) one.events.subscribe(one.times);
});
afterAll(() => store.close());

const record = (id: string, decide: (state: ConnectionState) => ConnectionEvent[]) =>
  store.events.transact([decision(connectionStream(id), connection, decide)], META);

const planned = async (schedule = HOURLY): Promise<string> => {
  const id = randomUUID();
  const company = { provider: 'simplybook', company: id, domain: 'simplybook.example' } as const;
  const facts = { connectionId: id, ...company, timezone: null, clientsWithoutEmail: 'quarantine' } as const;
  await record(id, connect(facts, { name: 'Studio', login: 'olga' }, schedule));
  return id;
};

const of = async (id: string): Promise<SyncTimes> => (await times.of([id])).get(id)!;
/** Makes the regular time of a connection have come so long ago. */
const due = (id: string, ago = '1 second') =>
  store.rows(
    `update sync_times set regular_at = clock_timestamp() - interval '${ago}' where connection_id = $1`,
    [id],
  );

/** As the tick does: the run is what `runId` stands for. Null when there was nothing to take. */
const fire = async (id: string, { times: mine, database } = instances[0]!): Promise<string | null> =>
  database.transaction(async () => {
    const taken = await mine.take(id);
    if (taken === undefined) return null;
    const runId = randomUUID();
    await mine.advance(taken, runId);
    return runId;
  });

/** The run that a connection's schedule has started fails. */
const failing = async (id: string, runId: string, code: string): Promise<void> => {
  const facts = { runId, connectionId: id };
  const stream = runStream(runId);
  const begin = decision(stream, run, start(facts, 'schedule'));
  const end = decision(stream, run, fail(facts, NO_COUNTS, { code, detail: '', phase: 'clients' }));
  await store.events.transact([begin, end], META);
};

describe('a schedule', () => {
  it('is due at its next time after it was made, by the clock of the database', async () => {
    const { regularAt, now } = await of(await planned());
    expect(regularAt).toBeGreaterThan(now);
    expect(regularAt).toBeLessThan(now + HOUR + 60_000);
    expect(regularAt! % HOUR).toBeLessThan(60_000);
  });

  it('is not due before its time, and nobody can take it then', async () => {
    const id = await planned();
    expect(await times.due()).not.toContain(id);
    expect(await fire(id)).toBeNull();
    await due(id);
    expect(await times.due()).toContain(id);
  });

  it('that is due is taken once, however many instances look at the same moment', async () => {
    for (let round = 0; round < 60; round += 1) {
      const id = await planned();
      await due(id);
      const fired = await Promise.all([0, 1, 2, 0, 1, 2].map((n) => fire(id, instances[n])));
      expect(fired.filter((runId) => runId !== null)).toHaveLength(1);
    }
  });

  it('is not lost with whoever took it: what is undone is due still', async () => {
    const id = await planned();
    await due(id);
    const crash = store.database.transaction(async () => {
      await times.advance((await times.take(id))!, randomUUID());
      throw new Error('The instance dies.');
    });
    await expect(crash).rejects.toThrow('dies');
    expect(await fire(id, instances[1])).not.toBeNull();
    expect(await fire(id, instances[1])).toBeNull();
  });

  it('that was not looked at for three days is due once, and goes on at its next regular time', async () => {
    const id = await planned();
    await due(id, '3 days');
    expect(await fire(id)).not.toBeNull();
    expect(await fire(id)).toBeNull();
    const { regularAt, now } = await of(id);
    expect(regularAt).toBeGreaterThan(now);
    expect(regularAt).toBeLessThan(now + HOUR + 60_000);
  });

  it('is planned anew when it is changed, and due no more when it is taken away', async () => {
    const id = await planned();
    await due(id);
    await record(id, changeSchedule(id, { cron: '0 0 29 2 *', timezone: 'UTC' }));
    const { regularAt, now } = await of(id);
    expect(regularAt).toBeGreaterThan(now + 24 * HOUR);
    await due(id);
    await record(id, changeSchedule(id, null));
    expect(await of(id)).toMatchObject({ schedule: null, regularAt: null, retryAt: null });
    expect(await fire(id)).toBeNull();
  });

  it('pauses while the connection needs attention, and what was missed meanwhile is one sync', async () => {
    const id = await planned();
    await record(id, needAttention(id, BLOCKED));
    await due(id, '5 hours');
    expect(await times.due()).not.toContain(id);
    expect(await fire(id)).toBeNull();
    await record(id, recover(id));
    expect(await fire(id)).not.toBeNull();
    expect(await fire(id)).toBeNull();
  });

  it('that is made while the connection needs attention pauses from the beginning', async () => {
    const id = await planned();
    await record(id, needAttention(id, BLOCKED));
    await record(id, changeSchedule(id, { ...HOURLY, cron: '* * * * *' }));
    await due(id);
    expect(await fire(id)).toBeNull();
  });

  it('ends with the connection', async () => {
    const id = await planned();
    await due(id);
    await record(id, disconnect(id));
    expect((await times.of([id])).size).toBe(0);
    expect(await fire(id)).toBeNull();
  });
});

describe('a scheduled sync that failed', () => {
  const inMinutes = async (id: string): Promise<number | null> => {
    const { retryAt, now } = await of(id);
    return retryAt === null ? null : (retryAt - now) / 60_000;
  };
  const retryNow = (id: string) =>
    store.rows(
      "update sync_times set retry_at = clock_timestamp() - interval '1 second' where connection_id = $1",
      [id],
    );
  const yearly = { cron: '0 0 29 2 *', timezone: 'UTC' };
  const fired = async (schedule = yearly): Promise<{ id: string; runId: string }> => {
    const id = await planned(schedule);
    await due(id);
    return { id, runId: (await fire(id))! };
  };

  it('for a cause that can pass is tried again after about 5, 15 and 45 minutes, each once, and then at its regular time', async () => {
    const { id, runId } = await fired();
    const { regularAt } = await of(id);
    let last = runId;
    for (const pause of [5, 15, 45]) {
      await failing(id, last, 'crm-unreachable');
      expect(await inMinutes(id)).toBeGreaterThan(pause - 0.5);
      expect(await inMinutes(id)).toBeLessThan(pause * 1.2 + 0.1);
      expect(await fire(id)).toBeNull();
      await retryNow(id);
      last = (await fire(id))!;
      expect(await fire(id)).toBeNull();
    }
    await failing(id, last, 'crm-unreachable');
    expect(await of(id)).toMatchObject({ retryAt: null, regularAt });
  });

  it('begins to count anew at its regular time', async () => {
    const { id, runId } = await fired();
    await failing(id, runId, 'crm-rate-limited');
    await retryNow(id);
    await failing(id, (await fire(id))!, 'crm-rate-limited');
    expect(await inMinutes(id)).toBeGreaterThan(14);
    await due(id);
    await failing(id, (await fire(id))!, 'crm-rate-limited');
    expect(await inMinutes(id)).toBeLessThan(7);
  });

  it('is never tried again later than its next regular time', async () => {
    const { id, runId } = await fired({ cron: '* * * * *', timezone: 'UTC' });
    await failing(id, runId, 'crm-unreachable');
    expect(await inMinutes(id)).toBeNull();
  });

  it('for a cause that no hour mends waits for its regular time', async () => {
    const { id, runId } = await fired();
    await failing(id, runId, 'crm-locked-out');
    expect(await inMinutes(id)).toBeNull();
  });

  it('because the connection needs attention is made up for as soon as that is over', async () => {
    const { id, runId } = await fired();
    await record(id, needAttention(id, BLOCKED));
    await failing(id, runId, BLOCKED.code);
    expect(await fire(id)).toBeNull();
    await record(id, recover(id));
    expect(await fire(id)).not.toBeNull();
    expect(await fire(id)).toBeNull();
  });

  it('does not concern the schedule when somebody else has started it', async () => {
    const id = await planned(yearly);
    await failing(id, randomUUID(), 'crm-unreachable');
    expect(await inMinutes(id)).toBeNull();
  });
});

describe('connections whose time has come', () => {
  it('are started in the order in which they came to be due', async () => {
    const [late, early] = [await planned(), await planned()];
    await due(late, '1 minute');
    await due(early, '2 minutes');
    expect((await times.due()).filter((id) => id === late || id === early)).toEqual([early, late]);
  });
});
