import { Injectable } from '@nestjs/common';
import type { Connection, Schedule } from '../contract.ts';
import { timesAfter } from './slots.ts';
import { SyncTimeTable } from './sync-times.read-model.ts';
import type { SyncTimes } from './sync-times.read-model.ts';

const SHOWN = 5;

/** When a connection syncs next by itself, and the times after that; why not, where it does not. */
export type Upcoming = {
  schedule: Schedule | null;
  nextSyncAt: string | null;
  nextSyncs: string[];
  scheduleState: { code: 'waiting' | 'due' | 'retrying' | 'paused'; detail: string } | null;
};

/** Puts the upcoming syncs beside connections. */
@Injectable()
export class UpcomingSyncs {
  constructor(private readonly times: SyncTimeTable) {}

  async beside(connections: readonly Connection[]): Promise<(Connection & Upcoming)[]> {
    const times = await this.times.of(connections.map(({ id }) => id));
    return connections.map((one) => ({ ...one, ...upcoming(one.attention, times.get(one.id)) }));
  }
}

const NEVER: Upcoming = { schedule: null, nextSyncAt: null, nextSyncs: [], scheduleState: null };

export const upcoming = (attention: Connection['attention'], times: SyncTimes | undefined): Upcoming => {
  if (times === undefined || times.schedule === null) return NEVER;
  const { schedule, paused } = times;
  if (paused) {
    const why = attention?.detail ?? 'The connection needs attention.';
    const detail = `The schedule pauses until the connection works again. ${why}`;
    return { ...NEVER, schedule, scheduleState: { code: 'paused', detail } };
  }
  const nextSyncs = [...firstOf(nextTimes(times, schedule))].map((at) => new Date(at).toISOString());
  return { schedule, nextSyncAt: nextSyncs[0] ?? null, nextSyncs, scheduleState: stateOf(times) };
};

/** What has passed is due now, and all of it is one sync. */
const nextTimes = function* ({ connectionId, regularAt, retryAt, now }: SyncTimes, schedule: Schedule) {
  const planned = [retryAt, regularAt].filter((at) => at !== null);
  if (planned.some((at) => at <= now)) yield now;
  yield* planned.filter((at) => at > now);
  yield* timesAfter(schedule, connectionId, Math.max(now, ...planned));
};

const firstOf = function* (times: Iterable<number>) {
  let left = SHOWN;
  for (const at of times) {
    yield at;
    if ((left -= 1) === 0) return;
  }
};

const stateOf = ({ regularAt, retryAt, tries, now }: SyncTimes): Upcoming['scheduleState'] => {
  if (Math.min(regularAt ?? Infinity, retryAt ?? Infinity) <= now) {
    return { code: 'due', detail: 'Its time has come: it starts within seconds.' };
  }
  if (retryAt === null) return { code: 'waiting', detail: 'Waits for its next regular time.' };
  const detail = `The last scheduled sync failed for a cause that can pass, and is tried again before its next regular time (try ${tries + 1} of 3).`;
  return { code: 'retrying', detail };
};
