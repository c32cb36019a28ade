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
import type { SyncEvent, SyncTrigger } from '../../../src/modules/sync/contract.ts';
import {
  complete,
  fail,
  NO_COUNTS,
  run,
  runStream,
  start,
} from '../../../src/modules/sync/runs/sync-run.decider.ts';
import { decision } from '../../../src/shared/event-store/decider.ts';
import { META, openTestStore } from '../../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../../shared/event-store-harness.ts';

const HOUR = 3_600_000;
const HOURLY = { cron: '0 * * * *', timezone: 'UTC' };
/** Every hour, half an hour from now: no time comes by itself while the tests run. */
const MINUTE = (new Date().getUTCMinutes() + 30) % 60;
const NOT_NOW = { cron: `${MINUTE} * * * *`, timezone: 'UTC' };
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

const planned = async (schedule = NOT_NOW): Promise<string> => {
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

const starting = (connectionId: string, runId: string, trigger: SyncTrigger) =>
  decision(runStream(runId), run, start({ runId, connectionId }, trigger));

/** As the tick does: the time that has come starts a run. Null when there was nothing to take. */
const fire = async (id: string, { times: mine, events } = instances[0]!): Promise<string | null> =>
  events.transaction(async () => {
    if ((await mine.take(id)) === undefined) return null;
    const runId = randomUUID();
    await events.transact([starting(id, runId, 'schedule')], META);
    return runId;
  });

/** The run of a connection fails. */
const failing = async (connectionId: string, runId: string, code: string): Promise<void> => {
  const reason = { code, detail: '', phase: 'clients' } as const;
  const end = fail({ runId, connectionId }, NO_COUNTS, reason);
  await store.events.transact([decision(runStream(runId), run, end)], META);
};

describe('a schedule', () => {
  it('is due at its next time after it was made, by the clock of the database', async () => {
    const { regularAt, now } = await of(await planned());
    expect(regularAt).toBeGreaterThan(now);
    expect(regularAt).toBeLessThan(now + HOUR + 60_000);
    expect((regularAt! - MINUTE * 60_000) % HOUR).toBeLessThan(60_000);
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
    const crash = store.events.transaction(async () => {
      await fire(id);
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

  it('is tried again as well when the time has only joined it', async () => {
    const id = await planned(yearly);
    const runId = randomUUID();
    await store.events.transact([starting(id, runId, 'api')], META);
    await due(id);
    await times.advance((await times.take(id))!, runId);
    await failing(id, runId, 'crm-unreachable');
    expect(await inMinutes(id)).toBeGreaterThan(4.5);
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
    const runId = randomUUID();
    await store.events.transact([starting(id, runId, 'api')], META);
    await failing(id, runId, 'crm-unreachable');
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

describe('filled again from the log, a schedule', () => {
  const START = Date.parse('2026-11-01T00:00:30Z');
  /** What was recorded at which minute after half a minute past midnight of 1 November; the schedule strikes with each hour. */
  type Past = readonly (readonly [minute: number, event: ConnectionEvent | SyncEvent])[];

  const filled = async (id: string, past: Past): Promise<SyncTimes> => {
    const facts = { provider: 'simplybook', company: id, domain: 'simplybook.example' } as const;
    const more = { timezone: null, clientsWithoutEmail: 'quarantine' } as const;
    const connected = { type: 'CrmConnected', data: { connectionId: id, ...facts, ...more } } as const;
    const schedule = {
      type: 'CrmScheduleChanged',
      data: { connectionId: id, schedule: HOURLY, before: null },
    } as const;
    const events = [[0, connected] as const, [0, schedule] as const, ...past].map(([minute, event]) => ({
      ...event,
      stream: '',
      version: 1,
      position: 1,
      personal: null,
      erased: false,
      meta: META,
      hash: '',
      recordedAt: new Date(START + minute * 60_000).toISOString(),
    }));
    await times.apply(events as unknown as Parameters<typeof times.apply>[0]);
    return of(id);
  };
  /** In minutes after the start, rounded down to the slot that it belongs to. */
  const slot = (at: number | null): number => Math.floor((at! - START + 30_000) / HOUR) * 60;
  const began = (id: string, runId: string, trigger: SyncTrigger): SyncEvent => ({
    type: 'SyncStarted',
    data: { runId, connectionId: id, trigger },
  });
  const done = (id: string, runId: string): SyncEvent =>
    complete({ runId, connectionId: id }, NO_COUNTS, null)('running')[0]!;
  const failed = (id: string, runId: string, code = 'crm-unreachable'): SyncEvent =>
    fail({ runId, connectionId: id }, NO_COUNTS, { code, detail: '', phase: null })('running')[0]!;
  const ids = () => ({ id: randomUUID(), runId: randomUUID() });

  it('that has started a run for its time is due for the next one only', async () => {
    const { id, runId } = ids();
    const { regularAt } = await filled(id, [
      [61, began(id, runId, 'schedule')],
      [62, done(id, runId)],
    ]);
    expect(slot(regularAt)).toBe(120);
  });

  it('whose time has come while another run went on is due for the next one only', async () => {
    const { id, runId } = ids();
    const { regularAt, runId: of } = await filled(id, [
      [50, began(id, runId, 'api')],
      [185, done(id, runId)],
    ]);
    expect([slot(regularAt), of]).toEqual([240, runId]);
  });

  it('whose time has come and has had no run is due', async () => {
    const { id, runId } = ids();
    const { regularAt } = await filled(id, [
      [10, began(id, runId, 'api')],
      [20, done(id, runId)],
    ]);
    expect(slot(regularAt)).toBe(60);
    expect(await times.due()).toContain(id);
  });

  it('tries a run again that failed, and counts how often', async () => {
    const { id, runId } = ids();
    const again = randomUUID();
    const row = await filled(id, [
      [61, began(id, runId, 'schedule')],
      [62, failed(id, runId)],
      [69, began(id, again, 'schedule')],
      [70, failed(id, again)],
    ]);
    expect(row).toMatchObject({ tries: 1, runId: null });
    expect(slot(row.regularAt)).toBe(120);
    expect((row.retryAt! - START) / 60_000).toBeGreaterThan(84.9);
    expect((row.retryAt! - START) / 60_000).toBeLessThan(89);
  });

  it('that pauses is not done with the time that came meanwhile', async () => {
    const { id, runId } = ids();
    const { regularAt, paused } = await filled(id, [
      [30, { type: 'CrmNeedsAttention', data: { connectionId: id, reason: BLOCKED } }],
      [65, began(id, runId, 'api')],
      [66, failed(id, runId, BLOCKED.code)],
    ]);
    expect([slot(regularAt), paused]).toEqual([60, true]);
  });

  it('is as it was while it lived', async () => {
    const id = await planned();
    await due(id);
    const runId = (await fire(id))!;
    const alive = [await of(id)];
    await failing(id, runId, 'crm-unreachable');
    alive.push(await of(id));
    const log = await store.events.readAll({ after: 0, limit: 100_000 });
    const mine = log.filter(({ data }) => (data as { connectionId: string }).connectionId === id);
    const again: SyncTimes[] = [];
    for (const past of [mine.slice(0, -1), mine]) {
      await store.rows('delete from sync_times where connection_id = $1', [id]);
      await times.apply(past as unknown as Parameters<typeof times.apply>[0]);
      again.push(await of(id));
    }
    const timeless = (row: SyncTimes): SyncTimes => ({ ...row, now: 0 });
    expect(again.map(timeless)).toEqual(alive.map(timeless));
    expect(again[1]!.retryAt).not.toBeNull();
  });
});
