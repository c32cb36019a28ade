import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Connection, Run } from './contract.ts';
import { leapDays } from './leap-days.ts';
import { startService, type Service } from './service.ts';
import { startWorld, type World } from './world.ts';

const HOUR = 3_600_000;
/** Nothing comes due by itself while the tests run. */
const LEAP = { cron: '0 0 29 2 *', timezone: 'UTC' };
const LEAP_DAY = new RegExp(`^${leapDays(1)[0]!}T00:00`);
/** Every hour, half an hour from now. */
const HOURLY = { cron: `${(new Date().getUTCMinutes() + 30) % 60} * * * *`, timezone: 'UTC' };
/** An instance whose clock is so wrong, on a machine that is set to another zone. */
const wrongClock = (milliseconds: number): Record<string, string> => ({
  NODE_OPTIONS: `--import ${new URL('shifted-clock.ts', import.meta.url).href}`,
  CLOCK_SHIFT: String(milliseconds),
  TZ: 'Asia/Tokyo',
});

/** Two instances on one database; the clock of the second is two hours fast. */
let world: World;
let second: Service;
beforeAll(async () => {
  world = await startWorld({ TZ: 'America/Los_Angeles' });
  second = await another(world, wrongClock(2 * HOUR));
});
afterAll(async () => {
  await second.stop();
  await world.stop();
});

const another = (of: World, environment: Record<string, string> = {}): Promise<Service> => {
  const { databaseUrl } = of.service;
  return startService({ databaseUrl, restUrl: of.companies.url, rpcUrl: of.companies.rpcUrl, environment });
};

const planned = async (schedule: object = LEAP, of = world, clients = 2) => {
  const { company, connection } = await of.connected({ clients });
  const { status, text } = await of.api('PATCH', `/api/connections/${connection.id}`, { schedule });
  if (status !== 200) throw new Error(text);
  return { company, connection };
};
const read = async ({ id }: Connection, of = world): Promise<Connection> =>
  (await of.api<Connection>('GET', `/api/connections/${id}`)).body;
const runsOf = ({ id }: Connection, of = world): Promise<Run[]> =>
  of.all<Run>(`/api/runs?connectionId=${id}`);
const ms = (time: string | null): number => Date.parse(time ?? '');

/** Makes the time of these connections have come, as if it had so long ago; all at the same instant. */
const due = (connections: readonly Connection[], { ago = '1 second', of = world, at = 'regular_at' } = {}) =>
  of.rows(
    `update sync_times set ${at} = clock_timestamp() - $2::interval where connection_id = any($1::uuid[])`,
    [connections.map(({ id }) => id), ago],
  );

/** The same in a session of its own, for while the world's holds the log. */
const dueBeside = async ({ service }: World, { id }: Connection): Promise<void> => {
  const session = new Client({ connectionString: service.databaseUrl });
  await session.connect();
  await session.query('update sync_times set regular_at = clock_timestamp() where connection_id = $1', [id]);
  await session.end();
};

/** The runs of a connection once there are so many that have ended. */
const ended = async (connection: Connection, count: number, of = world): Promise<Run[]> => {
  for (;;) {
    const runs = await runsOf(connection, of);
    if (runs.filter(({ status }) => status !== 'running').length >= count) return runs;
    await pause(50);
  }
};

/** What is due has been looked for since now: something else has been started. */
const somebodyHasLooked = async (): Promise<void> => {
  const { connection } = await planned();
  await due([connection]);
  await ended(connection, 1);
};

describe('a connection whose time has come', () => {
  it('is synced by itself, once, by one of two instances that both look; and then waits for its next time', async () => {
    const all = (await Promise.all(Array.from({ length: 12 }, () => planned()))).map(
      ({ connection }) => connection,
    );
    await due(all);
    for (const connection of all) {
      const [run, ...others] = await ended(connection, 1);
      expect(others).toEqual([]);
      expect(run).toMatchObject({ trigger: 'schedule', status: 'succeeded', counts: { created: 2 } });
      const { nextSyncAt, lastSyncedAt, scheduleState } = await read(connection);
      expect(nextSyncAt).toMatch(LEAP_DAY);
      expect(lastSyncedAt).toBe(run?.finishedAt);
      expect(scheduleState?.code).toBe('waiting');
    }
    await somebodyHasLooked();
    for (const connection of all) expect(await runsOf(connection)).toHaveLength(1);
    expect(second.output()).toMatch(/clocks of this machine and of the database differ/);
  });

  it('is synced in the name of its schedule', async () => {
    const { connection } = await planned();
    const events = await world.appended(async () => {
      await due([connection]);
      await ended(connection, 1);
    });
    const mine = events.filter(
      ({ data }) => (data as { connectionId?: string }).connectionId === connection.id,
    );
    expect(mine.map(({ type }) => type)).toEqual([
      'SyncStarted',
      'ClientImported',
      'ClientImported',
      'SyncCompleted',
    ]);
    expect(new Set(mine.map(({ meta }) => meta.actor))).toEqual(new Set(['schedule']));
    expect(new Set(mine.map(({ meta }) => meta.correlationId)).size).toBe(1);
  });

  it('joins the run that is going on', async () => {
    const { company, connection } = await planned(LEAP, world, 25);
    company.faults.set({ onPageCap: 10 });
    const { reached, release } = company.holdPage(2);
    const { id } = await world.start(connection);
    await reached;
    await due([connection]);
    while (ms((await read(connection)).nextSyncAt) < Date.now() + HOUR) await pause(50);
    release();
    await world.end(id);
    await somebodyHasLooked();
    expect((await runsOf(connection)).map((run) => [run.id, run.trigger])).toEqual([[id, 'api']]);
  });

  it('is synced no more when it has been disconnected', async () => {
    const { connection } = await planned();
    await world.api('DELETE', `/api/connections/${connection.id}`);
    expect(await due([connection])).toEqual([]);
    await somebodyHasLooked();
    expect(await runsOf(connection)).toEqual([]);
    expect(await read(connection)).toMatchObject({ nextSyncAt: null, nextSyncs: [], schedule: null });
  });
});

describe('a service that was killed while it started a sync, and was away for three days', () => {
  it('starts that sync once, and catches up with one where many were missed, soon after it is back', async () => {
    const left = await startWorld();
    try {
      const { connection: starting } = await planned(LEAP, left);
      const { connection: missing } = await planned(HOURLY, left);
      const { waiting, release } = await left.holdTheLog();
      await dueBeside(left, starting);
      await waiting(1);
      await left.service.kill();
      await release();
      await due([missing], { ago: '3 days', of: left });
      const { api, stop } = await another(left);
      const runsOn = async (id: string): Promise<Run[]> => {
        const { body } = await api<{ data: Run[] }>('GET', `/api/runs?connectionId=${id}`);
        return body.data;
      };
      try {
        for (const { id } of [starting, missing]) {
          while ((await runsOn(id)).every(({ status }) => status === 'running')) await pause(50);
          expect(await runsOn(id)).toMatchObject([{ trigger: 'schedule', status: 'succeeded' }]);
        }
        const next = async ({ id }: Connection): Promise<string | null> =>
          (await api<Connection>('GET', `/api/connections/${id}`)).body.nextSyncAt;
        expect(await next(starting)).toMatch(LEAP_DAY);
        expect(ms(await next(missing))).toBeLessThan(Date.now() + HOUR + 60_000);
      } finally {
        await stop();
      }
    } finally {
      await left.stop().catch(() => undefined);
      await left.companies.close();
    }
  });
});

describe('a connection that needs attention', () => {
  it('pauses and says why, and goes on with one sync when new credentials have mended it', async () => {
    const { company, connection } = await planned();
    company.faults.set({ twoFactor: 'empty-token', refreshRefused: true });
    company.auth.expireTokens();
    await due([connection]);
    const [failed] = await ended(connection, 1);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'crm-two-factor-required' } });
    const ill = await read(connection);
    expect(ill).toMatchObject({ status: 'needs-attention', schedule: LEAP, nextSyncAt: null, nextSyncs: [] });
    expect(ill.scheduleState).toEqual({
      code: 'paused',
      detail: expect.stringContaining(ill.attention?.detail ?? 'nothing'),
    });
    await due([connection], { ago: '2 hours' });
    await somebodyHasLooked();
    expect(await runsOf(connection)).toHaveLength(1);

    const { apiUserKey: secret } = company.account;
    const { body: well } = await world.api<Connection>(
      'PUT',
      `/api/connections/${connection.id}/credentials`,
      { secret },
    );
    expect([well.status, well.scheduleState?.code]).toEqual(['connected', 'due']);
    const [caughtUp] = await ended(connection, 2);
    expect(caughtUp).toMatchObject({ trigger: 'schedule', status: 'succeeded' });
    await somebodyHasLooked();
    expect(await runsOf(connection)).toHaveLength(2);
    expect((await read(connection)).nextSyncAt).toMatch(LEAP_DAY);
  });
});

describe('a scheduled sync that failed', () => {
  it('for a cause that can pass is tried again minutes later, says so, and is a run of its own', async () => {
    const { company, connection } = await planned();
    company.faults.set({ troubles: [{ kind: 'html', on: 'clients' }] });
    await due([connection]);
    const [failed] = await ended(connection, 1);
    expect(failed).toMatchObject({ trigger: 'schedule', error: { code: 'crm-answer-unusable' } });
    const { nextSyncAt, nextSyncs, scheduleState } = await read(connection);
    const minutes = (ms(nextSyncAt) - ms(failed!.finishedAt)) / 60_000;
    expect(minutes).toBeGreaterThan(4.9);
    expect(minutes).toBeLessThan(6.1);
    expect(nextSyncs[1]).toMatch(LEAP_DAY);
    expect(scheduleState).toEqual({ code: 'retrying', detail: expect.stringContaining('(try 1 of 3)') });

    company.faults.reset();
    await due([connection], { at: 'retry_at' });
    const [again, first] = await ended(connection, 2);
    expect([again?.trigger, again?.status, first?.id]).toEqual(['schedule', 'succeeded', failed!.id]);
    expect((await read(connection)).nextSyncAt).toMatch(LEAP_DAY);
  });
});

describe('an instance whose clock is wrong', () => {
  it.each([2, -2])(
    'by %d h says so, and does not fire what is not due by the clock of the database',
    async (hours) => {
      const fast = await startWorld(wrongClock(hours * HOUR));
      try {
        expect(fast.service.output()).toMatch(/clocks of this machine and of the database differ/);
        const { connection: later } = await planned(HOURLY, fast);
        const { company, connection: now } = await planned(LEAP, fast);
        await due([now], { of: fast });
        const [run] = await ended(now, 1, fast);
        expect(ms(run!.finishedAt)).toBeGreaterThanOrEqual(ms(run!.startedAt));
        expect(Math.abs(ms(run!.startedAt) - Date.now())).toBeLessThan(HOUR);
        expect(await runsOf(later, fast)).toEqual([]);
        const next = ms((await read(later, fast)).nextSyncAt);
        expect(next).toBeGreaterThan(Date.now());
        expect(next).toBeLessThan(Date.now() + HOUR + 60_000);

        // It is set back by an hour while a run goes on.
        const { reached, release } = company.holdPage(1);
        await due([now], { of: fast });
        await reached;
        process.kill(fast.service.pid, 'SIGUSR2');
        release();
        const [backwards, ...others] = await ended(now, 2, fast);
        expect(others).toHaveLength(1);
        expect(backwards?.status).toBe('succeeded');
        expect(ms(backwards!.finishedAt)).toBeGreaterThanOrEqual(ms(backwards!.startedAt));
        expect(await runsOf(later, fast)).toEqual([]);
      } finally {
        await fast.stop();
      }
    },
  );
});
