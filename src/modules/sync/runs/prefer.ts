export const DEFAULT_WAIT = 120; // s
const LONGEST_WAIT = 600; // s

/** How long the caller will wait for the end of a run, in seconds (RFC 7240 `respond-async`, `wait`). */
export const waitOf = (prefer: string | undefined): number => {
  const preferences = (prefer ?? '')
    .toLowerCase()
    .split(',')
    .map((preference) => preference.split(';', 1)[0]!.trim());
  const seconds = preferences
    .map((preference) => /^wait\s*=\s*"?(\d{1,9})"?$/.exec(preference)?.[1])
    .find(Boolean);
  if (preferences.includes('respond-async')) return 0;
  return seconds === undefined ? DEFAULT_WAIT : Math.min(Number(seconds), LONGEST_WAIT);
};
