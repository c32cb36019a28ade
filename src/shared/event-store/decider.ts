import type { Event, Recorded } from './event.ts';

/** How a thing's state follows from its events. `evolve` never throws, logs or looks at a clock. */
export type Decider<State, E extends Event> = {
  initial: State;
  evolve: (state: State, event: E) => State;
};

export const fold = <State, E extends Event>(decider: Decider<State, E>, events: Iterable<E>): State => {
  let state = decider.initial;
  for (const event of events) state = decider.evolve(state, event);
  return state;
};

/** What shall happen to one stream: the events that follow from what has happened to it. No change means no events. */
export type Decision = {
  stream: string;
  decide: (past: readonly Event[]) => Event[];
  /** What directly leads to these events, for example `event:41`; otherwise the batch's own cause. */
  causationId?: string;
};

/** Binds a decision to the stream it is about. */
export const decision = <State, E extends Event>(
  stream: string,
  decider: Decider<State, E>,
  decide: (state: State) => E[],
  causationId?: string,
): Decision => ({
  stream,
  // A stream holds the events of its decider and no others, which is what lets this one cast stand for a schema.
  decide: (past) => decide(fold(decider, past as readonly E[])),
  ...(causationId !== undefined && { causationId }),
});

export type Draft = { stream: string; version: number; event: Event; causationId: string | undefined };

/**
 * Takes the decisions in order; a later one about the same stream sees what an earlier one decided.
 * Returns, per decision, the events to append with the versions they get.
 */
export const draft = (
  decisions: readonly Decision[],
  history: ReadonlyMap<string, readonly Recorded[]>,
): Draft[][] => {
  const pending = new Map<string, Event[]>();
  return decisions.map(({ stream, decide, causationId }) => {
    const before = history.get(stream) ?? [];
    const decided = pending.get(stream) ?? [];
    const events = decide(decided.length === 0 ? before : [...before, ...decided]);
    if (events.length > 0) pending.set(stream, [...decided, ...events]);
    const version = before.length + decided.length;
    return events.map((event, index) => ({ stream, version: version + index + 1, event, causationId }));
  });
};
