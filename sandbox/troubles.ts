import { ROUTE_NAMES, type RouteName } from './answers.ts';
import { SwitchError, type Setting } from './settings.ts';

/** What can go wrong with one request. The text says what `value` means and what it is when absent. */
export const TROUBLE_KINDS = {
  status: 'not done; the HTTP status `value` (500) with the usual error body',
  html: 'not done; an HTML page with the HTTP status `value` (200)',
  body: 'not done; 200 with the body `value` (empty), word for word: [] or {} or null or half a JSON text',
  'rate-limit': 'not done; 429, with `Retry-After: value` when there is a value',
  'too-many': 'not done; 403 "Too many requests"',
  redirect: 'not done; 302 to the address `value` (https://elsewhere.example/)',
  hang: 'not done; never answers',
  'not-http': 'not done; bytes that are no HTTP',
  'endless-headers': 'not done; a header that never ends',
  huge: 'not done; 200 with a JSON text of `value` megabytes (1000)',
  'gzip-bomb': 'not done; 200 with a few kilobytes that unpack to `value` megabytes (1000)',
  slow: 'done; answered after `value` milliseconds (1400)',
  drip: 'done; answered byte by byte, one every `value` milliseconds (100)',
  lost: 'done; the connection ends before the first byte of the answer',
  truncate: 'done; the connection ends after half of the body',
  reset: 'done; the connection is reset after half of the body',
  cut: 'done; half of the body as if it were the whole',
  'gzip-garbage': 'done; the answer says gzip and is not',
} as const;

export type TroubleKind = keyof typeof TROUBLE_KINDS;

export type Trouble = {
  kind: TroubleKind;
  /** The route it strikes; absent: every one. */
  on?: RouteName;
  /** The page of the list it strikes; absent: every one. */
  page?: number;
  /** How many matching requests it lets pass first; absent: none. */
  after?: number;
  /** How often it strikes then; absent: for good. */
  times?: number;
  value?: number | string;
};

const ALLOWED =
  'a JSON list of {"kind", "on"?: route, "page"?: number, "after"?: number, "times"?: number, "value"?: number or text}';

const refuse = (what: string): never => {
  throw new SwitchError(`${what}. Allowed: ${ALLOWED}.`);
};

const count = (given: unknown, name: string): number =>
  typeof given === 'number' && Number.isInteger(given) && given >= 0
    ? given
    : refuse(`A trouble's ${name} is a whole number from 0`);

const isKind = (given: unknown): given is TroubleKind =>
  typeof given === 'string' && Object.hasOwn(TROUBLE_KINDS, given);

const kindOf = (given: unknown): TroubleKind =>
  isKind(given) ? given : refuse(`A trouble's kind is one of ${Object.keys(TROUBLE_KINDS).join(', ')}`);

const routeOf = (given: unknown): RouteName =>
  ROUTE_NAMES.find((name) => name === given) ??
  refuse(`A trouble's route is one of ${ROUTE_NAMES.join(', ')}`);

const valueOf = (given: unknown): number | string =>
  typeof given === 'number' || typeof given === 'string'
    ? given
    : refuse("A trouble's value is a number or a text");

const readOne = (given: unknown): Trouble => {
  if (typeof given !== 'object' || given === null) return refuse('A trouble is an object');
  const fields: Record<string, unknown> = { ...given };
  const { kind, on, page, after, times, value, ...rest } = fields;
  const stranger = Object.keys(rest)[0];
  if (stranger !== undefined) return refuse(`A trouble has no ${stranger}`);
  return {
    kind: kindOf(kind),
    ...(on === undefined ? {} : { on: routeOf(on) }),
    ...(page === undefined ? {} : { page: count(page, 'page') }),
    ...(after === undefined ? {} : { after: count(after, 'after') }),
    ...(times === undefined ? {} : { times: count(times, 'times') }),
    ...(value === undefined ? {} : { value: valueOf(value) }),
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return refuse('This is no JSON');
  }
};

export const troubles = (says: string): Setting<Trouble[]> => ({
  default: [],
  allowed: ALLOWED,
  says,
  read: (given) => {
    const list = typeof given === 'string' ? parsed(given) : given;
    return Array.isArray(list) ? list.map(readOne) : refuse('Troubles are a list');
  },
});
