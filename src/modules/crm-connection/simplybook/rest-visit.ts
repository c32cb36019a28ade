import type { CrmSession, CrmToken } from '../crm-provider.ts';
import { pause, retryAfterMs, retryDelay } from './backoff.ts';
import type { Json } from './json.ts';
import {
  answerUnusable,
  FAILURES,
  permissionDenied,
  rateLimited,
  unreachable,
  type CrmRefusal,
} from './refusals.ts';
import type { Exchange, RestHttp } from './rest-http.ts';
import type { SimplyBookSettings } from './settings.ts';
import { checkedAccount, login, refresh, restAddress, type Way } from './sign-in.ts';

/** What a request is for. `read` takes the answer apart, or says (completing "answered, but …") why it cannot be used. */
export type Question<T> = {
  path: string;
  query: Record<string, number>;
  read: (json: Json) => { answer: T } | { unusable: string };
};

/** Tokens are said to live an hour; replaced before that, and whenever SimplyBook.me calls one expired. */
const TOKEN_LIFE_MS = 45 * 60_000;

/** New logins in one visit. More would be a server that refuses its own tokens, and lead to a lock-out. */
const MOST_LOGINS = 3;

const isOld = (token: CrmToken, now: number): boolean =>
  now - token.obtainedAt > TOKEN_LIFE_MS || token.obtainedAt > now + TOKEN_LIFE_MS;

/** Any of the ways in which an expired token is told: 401, 419, or in words with whatever status. */
const saysExpired = (exchange: Exchange): boolean =>
  exchange.kind === 'answer' &&
  exchange.status < 500 &&
  (exchange.status === 401 || exchange.status === 419 || /token expired/i.test(exchange.says));

/** An answer, or why there is none; `again` when the same request may bring one later, after what was asked for. */
type Outcome<T> =
  | { answer: T }
  | { refusal: CrmRefusal; again: boolean; waitMs: number | null; gentle: boolean };

const never = (refusal: CrmRefusal): Outcome<never> => ({
  refusal,
  again: false,
  waitMs: null,
  gentle: false,
});
const later = (refusal: CrmRefusal, waitMs: number | null = null): Outcome<never> => ({
  refusal,
  again: true,
  waitMs,
  gentle: refusal.code === 'crm-rate-limited',
});

const judge = <T>(exchange: Exchange, read: Question<T>['read']): Outcome<T> => {
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
  if (status === 403) {
    return never(permissionDenied('SimplyBook.me does not let this user read that (status 403).'));
  }
  if (status >= 500) return later(unreachable(`it answered with status ${status}`), waitMs);
  if (status >= 300 && status < 400)
    return later(answerUnusable('it points to another address, which is not followed'));
  if (json === null) return later(answerUnusable('the answer is no JSON (a web page, or cut off)'));
  if (status >= 400) return never(answerUnusable(`it refused the request with status ${status}`));
  const taken = read(json);
  return 'answer' in taken ? taken : later(answerUnusable(taken.unusable));
};

/**
 * One job's use of a connection: asks with the shared token, has it replaced when it is old or refused, at most once
 * per question, and repeats what failed by accident a bounded number of times.
 */
export class RestVisit {
  readonly #session: CrmSession;
  readonly #way: Way;
  #logins = 0;

  /** @throws Refusal when company or domain cannot be SimplyBook.me's. */
  constructor(http: RestHttp, settings: SimplyBookSettings, session: CrmSession, signal: AbortSignal) {
    this.#session = session;
    this.#way = { http, settings, account: checkedAccount(session.account), pace: session.pace, signal };
  }

  /** Logs in even where there is a token, and shares the new one. Null when somebody else just did. */
  async logIn(): Promise<CrmToken | null> {
    let mine: CrmToken | null = null;
    await this.#session.tokens.replace(await this.#session.tokens.current(), async () => {
      mine = await this.#login();
      return mine;
    });
    return mine;
  }

  /** @throws Refusal, or the signal's reason. */
  async ask<T>(question: Question<T>, tries = this.#way.settings.tries): Promise<T> {
    const state = { renewed: false };
    for (let tried = 1; ; tried += 1) {
      const outcome = await this.#once(question, state);
      if ('answer' in outcome) return outcome.answer;
      if (!outcome.again || tried >= tries) throw outcome.refusal;
      await pause(this.#delay(tried, outcome), this.#way.signal);
    }
  }

  async #once<T>(question: Question<T>, state: { renewed: boolean }): Promise<Outcome<T>> {
    let token = await this.#token(state);
    let exchange = await this.#send(question, token);
    if (saysExpired(exchange) && !state.renewed) {
      token = await this.#replace(token, state);
      exchange = await this.#send(question, token);
    }
    return saysExpired(exchange)
      ? never(
          permissionDenied(
            'SimplyBook.me lets this user log in, but refuses the token it has just given out.',
          ),
        )
      : judge(exchange, question.read);
  }

  async #token(state: { renewed: boolean }): Promise<CrmToken> {
    const token = await this.#session.tokens.current();
    if (token !== null && (state.renewed || !isOld(token, Date.now()))) return token;
    return this.#replace(token, state);
  }

  async #replace(stale: CrmToken | null, state: { renewed: boolean }): Promise<CrmToken> {
    state.renewed = true;
    return this.#session.tokens.replace(
      stale,
      async () => (stale === null ? null : await refresh(this.#way, stale)) ?? this.#login(),
    );
  }

  async #login(): Promise<CrmToken> {
    if (this.#logins >= MOST_LOGINS) {
      throw permissionDenied(
        'SimplyBook.me ends every token right after the login, so we stopped logging in.',
      );
    }
    this.#logins += 1;
    return login(this.#way);
  }

  async #send<T>({ path, query }: Question<T>, token: CrmToken): Promise<Exchange> {
    const { account, http, pace, signal } = this.#way;
    await pace(signal);
    const headers = { 'x-company-login': account.company, 'x-token': token.token };
    return http.exchange(
      { method: 'GET', url: `${restAddress(this.#way, token)}${path}`, query, headers },
      signal,
    );
  }

  /** Who is told to ask less often waits four times as long. */
  #delay(tried: number, { waitMs, gentle }: { waitMs: number | null; gentle: boolean }): number {
    const { retryBaseMs, retryMostMs: mostMs, retryAfterMostMs } = this.#way.settings;
    const baseMs = gentle ? retryBaseMs * 4 : retryBaseMs;
    return retryDelay(tried, waitMs, { baseMs, mostMs, retryAfterMostMs }, Math.random());
  }
}
