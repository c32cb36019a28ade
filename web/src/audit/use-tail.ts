import { useEffect, useReducer } from 'react';
import type { LogEvent } from '../api.ts';
import type { EventsQuestion } from '../queries.ts';
import { listen } from '../stream.ts';

/** `missed`: so many more were recorded while it was paused than are kept. */
type Tail = { events: LogEvent[]; held: LogEvent[]; missed: number; isPaused: boolean; isTooLong: boolean };
type Change = { recorded: LogEvent[] } | 'paused or goes on' | 'begins';

const MOST = 2_000; // kept: behind so many the list is loaded anew
const TOGETHER = 100; // ms
const NOTHING: Tail = { events: [], held: [], missed: 0, isPaused: false, isTooLong: false };

const changed = (tail: Tail, change: Change): Tail => {
  if (change === 'begins') return NOTHING;
  const { events, held, missed, isPaused } = tail;
  if (change === 'paused or goes on') {
    if (!isPaused) return { ...tail, isPaused: true };
    return { ...NOTHING, events: [...held, ...events], isTooLong: missed > 0 };
  }
  const newest = change.recorded.toReversed();
  if (isPaused) {
    const kept = [...newest, ...held].slice(-MOST);
    return { ...tail, held: kept, missed: missed + newest.length + held.length - kept.length };
  }
  const all = [...newest, ...events];
  return { ...tail, events: all, isTooLong: all.length > MOST };
};

/**
 * What has been recorded since the list was loaded, newest first. While it is paused it is held back and counted; a broken
 * connection goes on behind the last position, so that nothing is missing and nothing comes twice.
 */
export const useTail = (
  { types, stream, actor, runId, until }: EventsQuestion,
  after: number | null,
  startAnew: () => void,
): Tail & { toggle: () => void } => {
  const [tail, change] = useReducer(changed, NOTHING);
  // What is asked for up to a time of the past does not grow.
  const grows = after !== null && until === null;
  const asked = JSON.stringify([types, stream, actor, runId]);
  useEffect(() => {
    change('begins');
    if (after === null || !grows) return;
    let last = after;
    const address = (): string => {
      const query = new URLSearchParams({ after: String(last) });
      if (types.length > 0) query.set('type', types.join(','));
      if (stream !== '') query.set('stream', stream);
      if (actor !== null) query.set('actor', actor);
      if (runId !== '') query.set('runId', runId);
      return `/api/events/live?${query}`;
    };
    let recorded: LogEvent[] = [];
    let timer = 0;
    const show = (): void => {
      timer = 0;
      change({ recorded });
      recorded = [];
    };
    const take = ({ data }: MessageEvent<string>): void => {
      const event: LogEvent = JSON.parse(data);
      last = event.position;
      recorded.push(event);
      if (timer === 0) timer = window.setTimeout(show, TOGETHER);
    };
    const close = listen(address, { message: take });
    return () => {
      clearTimeout(timer);
      close();
    };
    // Pages that are loaded later are older: they do not move the place where the tail began.
  }, [asked, grows]);
  const { isTooLong } = tail;
  useEffect(() => {
    if (isTooLong) startAnew();
  }, [isTooLong]);
  return { ...tail, toggle: () => change('paused or goes on') };
};
