import { fold } from '../src/shared/event-store/decider.ts';
import type { Decider } from '../src/shared/event-store/decider.ts';
import type { Event } from '../src/shared/event-store/event.ts';

/** What has happened so far; `when` says what a decision makes of it. */
export const given = <State, E extends Event>(decider: Decider<State, E>, ...past: NoInfer<E>[]) => ({
  when: <Decided extends E>(decide: (state: State) => Decided[]): Decided[] => decide(fold(decider, past)),
});
