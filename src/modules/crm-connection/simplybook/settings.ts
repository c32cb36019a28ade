/** What the operator's environment says about SimplyBook.me, and the bounds of every request. Times are milliseconds. */
export class SimplyBookSettings {
  /** Used instead of `https://user-api-v2.{domain}`. Never from a user's input. */
  restUrl: string | null = null;
  /** Used instead of `https://user-api.{domain}`. Null beside a `restUrl`: there is no JSON-RPC. */
  rpcUrl: string | null = null;
  connectWithinMs = 10_000;
  answerWithinMs = 30_000;
  /** How often a request is sent at most when the network or the server fails. */
  tries = 5;
  retryBaseMs = 500;
  retryMostMs = 30_000;
  /** The longest wait that a Retry-After header can ask for. */
  retryAfterMostMs = 300_000;
  /** How long an authenticator app shows a code. */
  totpMs = 30_000;
  /** More requests than this for one listing is an error, not an end. */
  maxPages = 20_000;

  constructor(given: Partial<SimplyBookSettings> = {}) {
    Object.assign(this, given);
  }
}
