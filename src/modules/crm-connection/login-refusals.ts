import { Refusal } from '../../shared/errors.ts';
import type { RefusalKind } from '../../shared/errors.ts';

/** A refusal as it is kept between attempts: our own words, nothing secret. */
export type RememberedRefusal = {
  kind: RefusalKind;
  code: string;
  message: string;
  retryAfter: number | null;
};

export const remembered = ({ kind, code, message, details }: Refusal): RememberedRefusal => ({
  kind,
  code,
  message,
  retryAfter: details.retryAfter ?? null,
});

const AFTER_REFUSAL = 300; // seconds
/** A second API that refuses what the first one takes is no trouble, and will not change its mind soon. */
const AFTER_REFUSAL_BESIDE = 86_400;
const AFTER_RATE_LIMIT = 60;
const LONGEST = 3_600;

/** How long no login is tried after this refusal. What no attempt was refused for (an outage) forbids none. */
export const holdSeconds = (
  { kind, code, details }: Refusal,
  slot: 'token' | 'other_token' = 'token',
): number => {
  const asked = Math.min(details.retryAfter ?? 0, LONGEST);
  const least = slot === 'token' ? AFTER_REFUSAL : AFTER_REFUSAL_BESIDE;
  if (kind === 'unprocessable') return Math.max(least, asked);
  return code === 'crm-rate-limited' ? Math.max(AFTER_RATE_LIMIT, asked) : 0;
};

/** The same no, for somebody who asked at the same time. */
export const restored = ({ kind, code, message, retryAfter }: RememberedRefusal): Refusal =>
  new Refusal(kind, code, message, { members: { held: true }, ...(retryAfter !== null && { retryAfter }) });

/** The same no, for somebody who comes too early for another attempt. */
export const heldRefusal = (
  { kind, code, message }: RememberedRefusal,
  seconds: number,
  until: string,
): Refusal =>
  new Refusal(
    kind,
    code,
    `${message} Not tried again before ${until.slice(11, 19)} UTC, because failed logins lock the account; new credentials are tried at once.`,
    { members: { held: true }, retryAfter: Math.ceil(seconds) },
  );
