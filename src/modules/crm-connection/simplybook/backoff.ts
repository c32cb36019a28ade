/**
 * How long a Retry-After header asks us to wait, in milliseconds from `now`: seconds or an HTTP date
 * (RFC 9110 section 10.2.3). Null for none, for garbage and for negative numbers; a date in the past is 0.
 */
export const retryAfterMs = (header: string | null, now: number): number | null => {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
};

export type Backoff = { baseMs: number; mostMs: number; retryAfterMostMs: number };

/**
 * Milliseconds to wait after the `tried`-th try (from 1): exponential with full jitter, on top of what the server
 * asked for, which is believed up to `retryAfterMostMs`. `random` is in [0, 1).
 */
export const retryDelay = (
  tried: number,
  askedMs: number | null,
  { baseMs, mostMs, retryAfterMostMs }: Backoff,
  random: number,
): number => {
  const ceiling = Math.min(mostMs, baseMs * 2 ** (tried - 1));
  return Math.min(askedMs ?? 0, retryAfterMostMs) + Math.floor(random * ceiling);
};
