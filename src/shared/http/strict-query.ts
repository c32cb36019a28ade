import { Refusal } from '../errors.ts';
import type { FieldError } from '../errors.ts';
import { flawOfText, isBuiltIn, pointerTo } from './json-text.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const MOST_PARAMETERS = 50;

/** `?name`, shortened and fit to be shown. */
export const queryPointer = (name: string): string => `?${pointerTo('', name).slice(1)}`;

const badQuery = (errors: FieldError[]): Refusal =>
  new Refusal('invalid', 'invalid-request', 'The query has parameters that cannot be taken: see "errors".', {
    errors,
  });

/**
 * The parameters of a query, each one text. A parameter may come twice only when it is `repeatable`, and is then always
 * a list. `search` is the raw query without its question mark.
 */
export const parseQuery = (
  search: string,
  repeatable: readonly string[] = [],
): Record<string, string | string[]> => {
  const pairs = search.split('&').filter((pair) => pair !== '');
  if (pairs.length > MOST_PARAMETERS) {
    throw new Refusal(
      'invalid',
      'invalid-request',
      `A query may have at most ${MOST_PARAMETERS} parameters.`,
    );
  }
  const query: Record<string, string | string[]> = {};
  for (const pair of pairs) {
    const [name, value] = readPair(pair);
    const earlier = query[name];
    if (repeatable.includes(name)) query[name] = [...(Array.isArray(earlier) ? earlier : []), value];
    else if (earlier === undefined) query[name] = value;
    else throw badQuery([{ pointer: queryPointer(name), detail: 'must come only once' }]);
  }
  return query;
};

const readPair = (pair: string): [string, string] => {
  const [rawName = '', ...rest] = pair.split('=');
  const name = decode(rawName);
  if (name === null || !NAME.test(name) || isBuiltIn(name)) {
    throw badQuery([{ pointer: queryPointer(name ?? rawName), detail: 'is not a known parameter' }]);
  }
  const value = decode(rest.join('='));
  const flaw = value === null ? 'is not percent-encoded UTF-8' : flawOfText(value);
  if (value === null || flaw !== null) {
    throw badQuery([{ pointer: queryPointer(name), detail: flaw ?? 'cannot be read' }]);
  }
  return [name, value];
};

/** Null: not percent-encoded UTF-8. */
const decode = (raw: string): string | null => {
  if (/[^\x21-\x7e]/.test(raw)) return null;
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '));
  } catch {
    return null;
  }
};
