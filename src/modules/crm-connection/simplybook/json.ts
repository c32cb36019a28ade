/** `cut` tells that something was nested too deeply and now reads `CUT`. */
export type Json = { value: unknown; cut: boolean };

/** Enough for any honest answer; a JSON text of 10 KB can nest 5,000 levels and break whoever serialises it again. */
export const MOST_LEVELS = 32;

/** Stands where a value was nested too deeply. */
export const CUT = '… nested too deeply …';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index of the quote that ends the string starting at `start`, or the text's length. */
const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return text.length;
};

/** The text without what lies deeper than MOST_LEVELS. Done before parsing, so that no depth can hurt. */
const shallow = (text: string): string => {
  const kept: string[] = [];
  let level = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) {
      level += 1;
      if (level === MOST_LEVELS + 1) kept.push(text.slice(from, at), JSON.stringify(CUT));
    } else if (code === 0x5d || code === 0x7d) {
      if (level === MOST_LEVELS + 1) from = at + 1;
      level -= 1;
    }
  }
  if (level > MOST_LEVELS) return '';
  return kept.length === 0 ? text : `${kept.join('')}${text.slice(from)}`;
};

/** A number of sixteen digits or more somewhere: it may be an id that JavaScript's numbers cannot hold. */
const MAY_HOLD_BIG_NUMBERS = /[:[,]\s*-?\d{16}/;

/** Whole numbers beyond 2^53 become texts, digit by digit. */
const keepBigNumbers = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? context?.source
    : value;

/** What a JSON text says, or null when it is none. Never throws. */
export const parseJson = (text: string): Json | null => {
  const safe = shallow(text);
  try {
    const value: unknown = MAY_HOLD_BIG_NUMBERS.test(safe)
      ? JSON.parse(safe, keepBigNumbers)
      : JSON.parse(safe);
    return { value, cut: safe !== text };
  } catch {
    return null;
  }
};
