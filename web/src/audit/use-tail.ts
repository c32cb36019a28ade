import { useEffect, useState } from 'react';
import type { LogEvent } from '../api.ts';
import type { EventsQuestion } from '../queries.ts';
import { listen } from '../stream.ts';

type Tail = { events: LogEvent[]; held: number; isPaused: boolean; toggle: () => void };

const MOST = 2_000; // kept while nobody loads the page again

/**
 * What has been recorded since the list was loaded, newest first. While it is paused it is held back and counted; a broken
 * connection goes on behind the last position, so that nothing is missing and nothing comes twice.
 */
export const useTail = ({ types, stream }: EventsQuestion, after: number | null): Tail => {
  const [all, setAll] = useState<LogEvent[]>([]);
  const [pausedAt, setPausedAt] = useState<number | null>(null);
  const asked = JSON.stringify([types, stream]);
  useEffect(() => {
    setAll([]);
    setPausedAt(null);
    if (after === null) return;
    let last = after;
    const address = (): string => {
      const query = new URLSearchParams({ after: String(last) });
      if (types.length > 0) query.set('type', types.join(','));
      if (stream !== '') query.set('stream', stream);
      return `/api/events/live?${query}`;
    };
    const take = ({ data }: MessageEvent<string>): void => {
      const event: LogEvent = JSON.parse(data);
      last = event.position;
      setAll((all) => [event, ...all].slice(0, MOST));
    };
    return listen(address, { message: take });
    // Pages that are loaded later are older: they do not move the place where the tail began.
  }, [asked, after === null]);
  const shown = pausedAt === null ? all : all.filter(({ position }) => position <= pausedAt);
  const toggle = (): void =>
    setPausedAt((paused) => (paused === null ? (all[0]?.position ?? after ?? 0) : null));
  return { events: shown, held: all.length - shown.length, isPaused: pausedAt !== null, toggle };
};
