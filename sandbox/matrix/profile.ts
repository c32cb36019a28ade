import type { Company } from '../companies.ts';
import type { SwitchName, Switches } from '../faults.ts';

/**
 * What one sync comes to: leads and quarantine are what the CRM holds; it says that they may not be; it warns that nothing
 * proves that they are; or a refusal.
 */
export type Outcome = 'complete' | 'incomplete' | 'unproven' | Refusal;

/** The last part of a problem type. */
export type Refusal = `crm-${string}`;

/** Nothing is connected; or what each of two syncs in a row comes to. */
export type Expected = { notConnected: Refusal } | readonly [Outcome, Outcome];

export const COMPLETE: Expected = ['complete', 'complete'];
export const SAID_TO_BE_INCOMPLETE: Expected = ['incomplete', 'incomplete'];
export const SAID_TO_BE_UNPROVEN: Expected = ['unproven', 'unproven'];
export const refused = (code: Refusal): Expected => [code, code];
export const notConnected = (code: Refusal): Expected => ({ notConnected: code });

export const THEMES = {
  'ways-in': 'Ways in',
  tokens: 'Tokens',
  paging: 'Paging',
  answers: 'Answers',
  records: 'Records',
  bookings: 'Bookings',
  wire: 'Wire faults',
  load: 'Load',
} as const;

export type Theme = keyof typeof THEMES;

/** A CRM as it might be, and what has to come of it. What is not given: 23 good clients and six bookings in pages of ten, and no
 * oddities. */
export type Draft = {
  /** Unique, as one says it on the command line. */
  name: string;
  /** What is special about this CRM, completing "a CRM …". */
  says: string;
  expected: Expected;
  clients?: number;
  bookings?: number;
  /** Clients with all the flaws of a real list. */
  ugly?: true;
  /** The domain that the company lives on, where it is another one than the connection says. */
  domain?: string;
  /** How it is from the start. */
  switches?: Partial<Switches>;
  /** What changes once it is connected. */
  afterConnect?: Partial<Switches>;
  /** What changes between the two syncs. */
  between?: Partial<Switches>;
  /** What has happened, or happens once connected, that is no switch. */
  before?: (company: Company) => void;
  afterwards?: (company: Company) => void;
  /** What the connection is made with, where it is not the password of the right company. */
  given?: { secret?: 'api-user-key' | 'wrong'; totp?: true; fields?: true };
  /** The CRM does not know the company that it is asked for. */
  unknown?: true;
  /** Connected through an instance that paces its requests. */
  paced?: true;
  /** Faults that are there and must not be met. */
  neverMet?: readonly SwitchName[];
  /** Most logins, where more than two are right. */
  logins?: number;
  /** Takes its time: begun before the others. */
  slow?: true;
};

export type Profile = Draft & { theme: Theme };

const WORDS: Partial<Record<Outcome, string>> = {
  complete: 'complete',
  incomplete: 'said to be incomplete',
  unproven: 'said not to be proven',
};

/** The outcome for people. */
export const inWords = (expected: Expected): string => {
  if ('notConnected' in expected) return `not connected: ${expected.notConnected}`;
  const [first, second] = expected;
  const words = (one: Outcome): string => WORDS[one] ?? `refused: ${one}`;
  if (first === second) return words(first);
  return `${words(first)}, then ${words(second)}`;
};
