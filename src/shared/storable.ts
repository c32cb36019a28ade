const DEEPEST = 16;
const LONGEST_TEXT = 2_000; // characters
const MOST_ENTRIES = 200;
const LONGEST_JSON = 50_000; // characters, in all

/**
 * Foreign data as jsonb can keep it and people can look at it: what PostgreSQL refuses (NUL, lone surrogates) is replaced
 * by U+FFFD, what is too deep, too long or too many is cut and says so. Never throws.
 */
export const storable = (value: unknown): unknown => {
  const kept = cleaned(value, 0);
  const json = JSON.stringify(kept);
  return json.length <= LONGEST_JSON
    ? kept
    : `${json.slice(0, LONGEST_TEXT).toWellFormed()}… (too large to keep)`;
};

/** What `storable` leaves where it replaced or cut something. */
const LEFT = /\uFFFD|… \((?:cut|too deep to keep|too large to keep|\d+ more)\)|"…":"\d+ more"/;

/** Whether what was kept is all there was. What looks like a mark of `storable` counts as one. */
export const isWhole = (kept: unknown): boolean => !LEFT.test(JSON.stringify(kept));

const cleaned = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return text(value);
  // jsonb knows no -0: a record must compare equal to itself after it has been stored.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : String(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value !== 'object') return null;
  if (depth === DEEPEST) return '… (too deep to keep)';
  if (Array.isArray(value)) {
    const kept = value.slice(0, MOST_ENTRIES).map((element) => cleaned(element, depth + 1));
    return value.length > MOST_ENTRIES ? [...kept, `… (${value.length - MOST_ENTRIES} more)`] : kept;
  }
  const entries = Object.entries(value);
  const kept = entries.slice(0, MOST_ENTRIES).map(([key, entry]) => [text(key), cleaned(entry, depth + 1)]);
  if (entries.length > MOST_ENTRIES) kept.push(['…', `${entries.length - MOST_ENTRIES} more`]);
  return Object.fromEntries(kept);
};

const text = (value: string): string => {
  const cut = value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}… (cut)` : value;
  return cut.toWellFormed().replaceAll('\0', '\uFFFD');
};
