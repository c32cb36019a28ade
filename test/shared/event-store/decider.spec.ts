import { describe, expect, it } from '@jest/globals';
import { decision, draft, fold } from '../../../src/shared/event-store/decider.ts';
import type { Decider } from '../../../src/shared/event-store/decider.ts';
import type { Event, Recorded } from '../../../src/shared/event-store/event.ts';

type Added = Event<'Added', { amount: number }>;
const sum: Decider<number, Added> = { initial: 0, evolve: (state, { data }) => state + data.amount };
const added = (amount: number): Added => ({ type: 'Added', data: { amount } });
/** Fills up to `goal`; nothing when it is reached. */
const fillUp =
  (goal: number) =>
  (state: number): Added[] =>
    state < goal ? [added(goal - state)] : [];

const recorded = (stream: string, ...events: Added[]): [string, Recorded[]] => [
  stream,
  events.map((event, index) => ({ ...event, stream, version: index + 1 }) as Recorded<Added>),
];

describe('a state', () => {
  it('is the initial one when nothing has happened', () => {
    expect(fold(sum, [])).toBe(0);
  });

  it('follows from the events in their order', () => {
    const last: Decider<number, Added> = { initial: 0, evolve: (_, { data }) => data.amount };
    expect(fold(sum, [added(1), added(2)])).toBe(3);
    expect(fold(last, [added(1), added(2)])).toBe(2);
  });
});

describe('a batch of decisions', () => {
  const versions = (drafts: ReturnType<typeof draft>) =>
    drafts.map((events) => events.map(({ stream, version, event }) => [stream, version, event.data]));

  it('is taken on what has happened to each stream', () => {
    const history = new Map([recorded('a', added(1), added(2))]);
    const drafts = draft([decision('a', sum, fillUp(10)), decision('b', sum, fillUp(4))], history);
    expect(versions(drafts)).toEqual([[['a', 3, { amount: 7 }]], [['b', 1, { amount: 4 }]]]);
  });

  it('goes on from its own earlier decisions about the same stream', () => {
    const history = new Map([recorded('a', added(1))]);
    const fill = decision('a', sum, fillUp(5));
    expect(versions(draft([fill, decision('a', sum, fillUp(9)), fill], history))).toEqual([
      [['a', 2, { amount: 4 }]],
      [['a', 3, { amount: 4 }]],
      [],
    ]);
  });

  it('keeps several events of one decision together and in order', () => {
    const twice = decision('a', sum, () => [added(1), added(2)]);
    expect(versions(draft([twice, twice], new Map()))).toEqual([
      [
        ['a', 1, { amount: 1 }],
        ['a', 2, { amount: 2 }],
      ],
      [
        ['a', 3, { amount: 1 }],
        ['a', 4, { amount: 2 }],
      ],
    ]);
  });

  it('hands each decision its own cause', () => {
    const drafts = draft(
      [decision('a', sum, fillUp(1), 'event:7'), decision('b', sum, fillUp(1))],
      new Map(),
    );
    expect(drafts.flat().map(({ cause }) => cause)).toEqual(['event:7', undefined]);
  });

  it('names the first event of an earlier decision as the cause of what follows from it', () => {
    const first = decision('a', sum, fillUp(1));
    const second = decision('b', sum, () => [added(1), added(2)]);
    const drafts = draft(
      [first, second, decision('c', sum, fillUp(1), second), decision('d', sum, fillUp(1), first)],
      new Map(),
    );
    expect(drafts.flat().map(({ cause }) => cause)).toEqual([undefined, undefined, undefined, 2, 1]);
  });

  it('names no cause when the earlier decision changed nothing', () => {
    const quiet = decision('a', sum, () => []);
    expect(draft([quiet, decision('b', sum, fillUp(1), quiet)], new Map())[1]![0]!.cause).toBeUndefined();
  });
});
