import type { Event } from './event.ts';

/** How a thing's state follows from its events. `evolve` never throws, logs or looks at a clock. */
export type Decider<State, E extends Event> = {
  initial: State;
  evolve: (state: State, event: E) => State;
};

/** What shall happen to one stream: the events that follow from its state. No change means no events. */
export type Decision<State = any, E extends Event = any> = {
  stream: string;
  of: Decider<State, E>;
  decide: (state: State) => E[];
};

export const fold = <State, E extends Event>(decider: Decider<State, E>, events: Iterable<E>): State => {
  let state = decider.initial;
  for (const event of events) state = decider.evolve(state, event);
  return state;
};
