/**
 * What an hour can mend. For anything else the next regular time is early enough, or a person is needed; a run whose workers
 * died again and again has been tried often enough.
 */
const PASSES = new Set(['crm-unreachable', 'crm-rate-limited', 'crm-answer-unusable', 'internal-error']);
/** Minutes after a failure, for the first try after the regular one, the second and the third. */
const PAUSES = [5, 15, 45];
const MINUTE = 60_000;
/** Companies whose CRM was out together need not all come back in the same second. */
const SPREAD = 0.2;

export type FailedSync = { code: string; at: number };

/** When a failed sync is tried again before its next regular time; null when that would be of no use. */
export const retryAfter = ({ code, at }: FailedSync, tries: number, place: number): number | null => {
  const pause = PAUSES[tries];
  if (pause === undefined || !PASSES.has(code)) return null;
  return at + Math.floor(pause * MINUTE * (1 + SPREAD * place));
};
