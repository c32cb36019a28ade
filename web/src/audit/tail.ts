/** What was recorded since a list was loaded, newest first: shown, or held back while it is paused. */
export type Tail<Event> = {
  events: Event[];
  held: Event[];
  /** So many more were recorded while it was paused than are kept. */
  missed: number;
  isPaused: boolean;
  /** It has become too long to be kept, or lacks what was missed: the list has to be loaded anew. */
  isTooLong: boolean;
};

export type TailChange<Event> = { recorded: readonly Event[] } | 'paused or goes on' | 'begins';

export const NO_TAIL: Tail<never> = { events: [], held: [], missed: 0, isPaused: false, isTooLong: false };

const MOST = 2_000;

/** `recorded` is in the order of the log. */
export const tailAfter = <Event>(tail: Tail<Event>, change: TailChange<Event>, most = MOST): Tail<Event> => {
  if (change === 'begins') return NO_TAIL;
  const { events, held, missed, isPaused, isTooLong } = tail;
  if (change === 'paused or goes on') {
    if (!isPaused) return { ...tail, isPaused: true };
    const all = [...held, ...events];
    return { ...NO_TAIL, events: all, isTooLong: isTooLong || missed > 0 || all.length > most };
  }
  const newest = change.recorded.toReversed();
  if (!isPaused) {
    const all = [...newest, ...events];
    return { ...tail, events: all, isTooLong: isTooLong || all.length > most };
  }
  const all = [...newest, ...held];
  const kept = all.slice(-most);
  return { ...tail, held: kept, missed: missed + all.length - kept.length };
};
