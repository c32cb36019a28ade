import type { FieldError } from '../errors.ts';

const MOST_ERRORS = 20;
const LONGEST_SEGMENT = 100;
const QUOTE = 34;
const BACKSLASH = 92;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Whether arrays and objects are nested more than `limit` levels deep; looks at the text, before anything parses it. */
export const nestsDeeperThan = (json: string, limit: number): boolean => {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const char = json.charCodeAt(index);
    if (inString) {
      if (char === BACKSLASH) index += 1;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) inString = true;
    else if (OPENING.has(char) && (depth += 1) > limit) return true;
    else if (CLOSING.has(char)) depth -= 1;
  }
  return false;
};

/** Names that every JavaScript object answers to (`__proto__`, `constructor`, `toString`); no field is called so. */
export const isBuiltIn = (name: string): boolean => name in Object.prototype || name === 'prototype';

/** One step of a JSON pointer (RFC 6901), shortened and fit to be shown. */
export const pointerTo = (parent: string, key: string): string => {
  const shown = key
    .slice(0, LONGEST_SEGMENT)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\u{fffd}');
  return `${parent}/${shown.replaceAll('~', '~0').replaceAll('/', '~1')}`;
};

/** Why a text cannot be stored: PostgreSQL takes neither U+0000 nor half a surrogate pair. Null: it can. */
export const flawOfText = (text: string): string | null => {
  if (text.includes('\0')) return 'must not contain the character U+0000';
  return text.isWellFormed() ? null : 'must be well-formed Unicode; it contains half of a surrogate pair';
};

/** Everything in a parsed JSON value that must not come in, by JSON pointer. `value` must be of bounded depth. */
export const flawsOf = (value: unknown, pointer = ''): FieldError[] => {
  if (typeof value === 'string') return flawAt(pointer, flawOfText(value));
  if (typeof value === 'number' && !Number.isFinite(value)) return flawAt(pointer, 'is too large a number');
  if (typeof value !== 'object' || value === null) return [];
  const flaws: FieldError[] = [];
  for (const [key, child] of Object.entries(value)) {
    const at = pointerTo(pointer, key);
    flaws.push(...flawAt(at, flawOfKey(key)), ...flawsOf(child, at));
    if (flaws.length >= MOST_ERRORS) break;
  }
  return flaws;
};

const flawOfKey = (key: string): string | null => {
  if (isBuiltIn(key)) return 'is not a known field';
  const flaw = flawOfText(key);
  return flaw === null ? null : `has a name that ${flaw}`;
};

const flawAt = (pointer: string, detail: string | null): FieldError[] =>
  detail === null ? [] : [{ pointer, detail }];
