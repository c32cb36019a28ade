import { setTimeout as sleep } from 'node:timers/promises';
import { get, post } from './api.ts';
import type { Api, List, LogEntry, Run } from './api.ts';
import { DemoFailure } from './failure.ts';

const SYNC_WITHIN = 180_000;
const LOOK_EVERY = 100;
const LOG_PAGE = 200;

/** One sync: the finished run, how long it took in milliseconds, how many events it appended, and the first 200 of them. */
export type Synced = { run: Run; took: number; appended: number; events: LogEntry[] };

/** Starts a run and tells how far it is until it has ended. */
export const sync = async (
  api: Api,
  connectionId: string,
  onProgress: (progress: Run['progress']) => void,
): Promise<Synced> => {
  const before = await newestPosition(api);
  const start = Date.now();
  const run = believed(await follow(api, connectionId, onProgress));
  const took = Date.now() - start;
  const { data } = await get<List<LogEntry>>(api, `/api/events?after=${before}&limit=${LOG_PAGE}`);
  return { run, took, appended: (await newestPosition(api)) - before, events: data };
};

const follow = async (
  api: Api,
  connectionId: string,
  onProgress: (progress: Run['progress']) => void,
): Promise<Run> => {
  const deadline = Date.now() + SYNC_WITHIN;
  const path = `/api/connections/${connectionId}/sync`;
  let run = await post<Run>(api, path, {}, { prefer: 'respond-async' });
  while (run.status === 'running') {
    onProgress(run.progress);
    if (Date.now() > deadline) throw new DemoFailure('The sync has not ended within three minutes.');
    await sleep(LOOK_EVERY, undefined, { signal: api.signal });
    run = await get<Run>(api, `/api/runs/${run.id}`);
  }
  return run;
};

/** Each client and each booking has exactly one outcome, or the run is not to be believed. */
const believed = (run: Run): Run => {
  const { bookings, ...clients } = run.counts;
  if (!run.status.startsWith('succeeded')) {
    throw new DemoFailure(`The sync ended as ${run.status}. ${run.error?.detail ?? ''}`.trim());
  }
  accountFor('clients', clients);
  accountFor('bookings', bookings);
  return run;
};

const accountFor = (what: string, { fetched, ...outcomes }: { fetched: number }): void => {
  const accounted = Object.values<number>(outcomes).reduce((sum, count) => sum + count, 0);
  if (accounted === fetched) return;
  throw new DemoFailure(`The sync fetched ${fetched} ${what} but accounts for ${accounted}.`);
};

/** Positions have no gaps, so their difference is a number of events. 0: the log is empty. */
const newestPosition = async (api: Api): Promise<number> =>
  (await get<List<LogEntry>>(api, '/api/events?order=desc&limit=1')).data[0]?.position ?? 0;
