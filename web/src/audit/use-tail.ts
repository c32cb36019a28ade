import { useEffect, useReducer } from 'react';
import type { LogEvent } from '../api.ts';
import type { EventsQuestion } from '../queries.ts';
import { listen } from '../stream.ts';
import { NO_TAIL, tailAfter } from './tail.ts';
import type { Tail, TailChange } from './tail.ts';

const TOGETHER = 100; // ms

/**
 * What has been recorded since the list was loaded, newest first. While it is paused it is held back and counted; a broken
 * connection goes on behind the last position, so that nothing is missing and nothing comes twice.
 */
export const useTail = (
  { types, stream, actor, runId, until }: EventsQuestion,
  after: number | null,
  startAnew: () => void,
): Tail<LogEvent> & { toggle: () => void } => {
  const [tail, change] = useReducer(
    (tail: Tail<LogEvent>, change: TailChange<LogEvent>) => tailAfter(tail, change),
    NO_TAIL,
  );
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
