const DEEPEST = 16;
const LONGEST_TEXT = 2_000; // characters
const MOST_ENTRIES = 200;

/**
 * Foreign data as jsonb can keep it and people can look at it: what PostgreSQL refuses (NUL, lone surrogates) is replaced
 * by U+FFFD, what is too deep, too long or too many is cut and says so. Never throws.
 */
export const storable = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value !== 'object') return null;
  if (depth === DEEPEST) return '… (too deep to keep)';
  if (Array.isArray(value)) {
    const kept = value.slice(0, MOST_ENTRIES).map((element) => storable(element, depth + 1));
    return value.length > MOST_ENTRIES ? [...kept, `… (${value.length - MOST_ENTRIES} more)`] : kept;
  }
  const entries = Object.entries(value).slice(0, MOST_ENTRIES);
  return Object.fromEntries(entries.map(([key, entry]) => [text(key), storable(entry, depth + 1)]));
};

const text = (value: string): string => {
  const cut = value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}… (cut)` : value;
  return cut.toWellFormed().replaceAll('\0', '\uFFFD');
};
