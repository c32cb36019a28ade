import { pause } from '../../../shared/pause.ts';
import { retryAfterMs, retryDelay } from './backoff.ts';
import type { Exchange } from './http.ts';
import { answerUnusable, FAILURES, rateLimited, unreachable, type CrmRefusal } from './refusals.ts';
import type { SimplyBookSettings } from './settings.ts';

type Refused = { refusal: CrmRefusal; again: boolean; waitMs: number | null };

/** An answer, or why there is none; `again` when the same request may bring one later, after what was asked for. */
export type Outcome<T> = { answer: T } | Refused;

export const never = (refusal: CrmRefusal): Refused => ({ refusal, again: false, waitMs: null });

export const later = (refusal: CrmRefusal, waitMs: number | null = null): Refused => ({
  refusal,
  again: true,
  waitMs,
});

export type Answer = Extract<Exchange, { kind: 'answer' }>;

/** The web page of a server that knows no such address. */
export const isMissing = (exchange: Exchange): boolean =>
  exchange.kind === 'answer' && exchange.json === null && [404, 405, 410].includes(exchange.status);

/** What is wrong with an exchange whatever it was about; null when there is a JSON answer to look at. */
export const transportTrouble = (exchange: Exchange): Refused | null => {
  if (exchange.kind === 'failure') {
    const { why } = exchange;
    if (why === 'too-big' || why === 'garbled') return later(answerUnusable(FAILURES[why]));
    return why === 'not-trusted' ? never(unreachable(FAILURES[why])) : later(unreachable(FAILURES[why]));
  }
  const { status, says, json, retryAfter } = exchange;
  const waitMs = retryAfterMs(retryAfter, Date.now());
  if (status === 429 || (status === 403 && /too many/i.test(says))) {
    return later(rateLimited(waitMs === null ? null : Math.ceil(waitMs / 1000)), waitMs);
  }
  if (status >= 500) return later(unreachable(`it answered with status ${status}`), waitMs);
  if (status >= 300 && status < 400)
    return later(answerUnusable('it points to another address, which is not followed'));
  return json === null && status !== 403
    ? later(answerUnusable('the answer is no JSON (a web page, or cut off)'))
    : null;
};

/** Who is told to ask less often waits four times as long. */
const delay = (
  tried: number,
  { refusal, waitMs }: Refused,
  { retryBaseMs, retryMostMs: mostMs, retryAfterMostMs }: SimplyBookSettings,
): number => {
  const baseMs = refusal.code === 'crm-rate-limited' ? retryBaseMs * 4 : retryBaseMs;
  return retryDelay(tried, waitMs, { baseMs, mostMs, retryAfterMostMs }, Math.random());
};

/** Repeats what failed by accident, `tries` times at most. @throws Refusal, or the signal's reason. */
export const repeated = async <T>(
  once: () => Promise<Outcome<T>>,
  tries: number,
  settings: SimplyBookSettings,
  signal: AbortSignal,
): Promise<T> => {
  for (let tried = 1; ; tried += 1) {
    const outcome = await once();
    if ('answer' in outcome) return outcome.answer;
    if (!outcome.again || tried >= tries) throw outcome.refusal;
    await pause(delay(tried, outcome, settings), signal);
  }
};
