import { Refusal } from './errors.ts';
import type { Decision } from './event-store/decider.ts';

/** The versions that a caller means to change; null: whichever it is. */
export type ExpectedVersions = readonly number[] | null;

/** The same decision, for a stream of one of these versions only. */
export const ifVersion = (expected: ExpectedVersions, decision: Decision): Decision => ({
  ...decision,
  decide: (past) => {
    if (expected !== null && !expected.includes(past.length)) throw changedMeanwhile(past.length);
    return decision.decide(past);
  },
});

const changedMeanwhile = (version: number): Refusal =>
  new Refusal(
    'precondition-failed',
    'version-outdated',
    `This has changed since you read it: its version is ${version}. Read it again and decide anew.`,
    { members: { version } },
  );
