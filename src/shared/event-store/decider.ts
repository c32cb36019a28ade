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
  /** What directly leads to these events; otherwise the batch's own cause. */
  cause?: Cause;
};

/** Something by its name, for example `event:41`, or an earlier decision of the same batch: its first event, if it has one. */
export type Cause = string | Decision;

/**
 * What a decision was prepared on is not so any more: somebody was faster. The whole transaction is run again from its
 * start, as after PostgreSQL's own serialization failures.
 */
export class Collision extends Error {
  readonly code = '40001';

  constructor(what: string) {
    super(`${what} has changed meanwhile.`);
    this.name = 'Collision';
  }
}

/** Binds a decision to the stream it is about. */
export const decision = <State, E extends Event>(
  stream: string,
  decider: Decider<State, E>,
  decide: (state: State) => E[],
  cause?: Cause,
): Decision => ({
  stream,
  // A stream holds the events of its decider and no others, which is what lets this one cast stand for a schema.
  decide: (past) => decide(fold(decider, past as readonly E[])),
  ...(cause !== undefined && { cause }),
});

/** An event on its way into the log. A number as its cause is the place of another one in the same batch, from 1. */
export type Draft = { stream: string; version: number; event: Event; cause: string | number | undefined };

/**
 * Takes the decisions in order; a later one about the same stream sees what an earlier one decided.
 * Returns, per decision, the events to append with the versions they get.
 */
export const draft = (
  decisions: readonly Decision[],
  history: ReadonlyMap<string, readonly Recorded[]>,
): Draft[][] => {
  const pending = new Map<string, Event[]>();
  const firsts = new Map<Decision, number>();
  let count = 0;
  return decisions.map((one) => {
    const { stream, decide } = one;
    const cause = typeof one.cause === 'object' ? firsts.get(one.cause) : one.cause;
    const before = history.get(stream) ?? [];
    const decided = pending.get(stream) ?? [];
    const events = decide(decided.length === 0 ? before : [...before, ...decided]);
    if (events.length > 0) {
      pending.set(stream, [...decided, ...events]);
      firsts.set(one, count + 1);
      count += events.length;
    }
    const version = before.length + decided.length;
    return events.map((event, index) => ({ stream, version: version + index + 1, event, cause }));
  });
};
