import type { Exchange } from './http.ts';
import type { Json } from './json.ts';
import { isMissing, later, never, repeated, transportTrouble, type Outcome } from './outcome.ts';
import { answerUnusable, permissionDenied, RestClosed } from './refusals.ts';
import { wayOf } from './sign-in.ts';
import type { VisitTokens } from './tokens.ts';
import type { CrmToken } from '../crm-provider.ts';
import { restAddress } from './wire.ts';

/** What a request is for. `read` takes the answer apart, or says (completing "answered, but …") why it cannot be used. */
export type Question<T> = {
  /** GET unless it says otherwise. */
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  query: Record<string, number | string>;
  body?: object;
  read: (json: Json) => { answer: T } | { unusable: string };
  /** What an answer with this status means where it is no failure, whatever its body. */
  instead?: Record<number, T>;
  /** What a refusal in JSON means where it is no failure; null: it is one. */
  refused?: (status: number, json: Json) => T | null;
  /** What a 404 means that REST itself says, in JSON: a web page says that there is no REST at all. */
  missing?: T;
};

/** Any of the ways in which an expired token is told: 401, 419, or in words with whatever status. */
const saysExpired = (exchange: Exchange): boolean =>
  exchange.kind === 'answer' &&
  exchange.status < 500 &&
  (exchange.status === 401 || exchange.status === 419 || /token expired/i.test(exchange.says));

/** A 403 that asks for fewer requests is no word about rights. */
const isTooMany = ({ says }: Extract<Exchange, { kind: 'answer' }>): boolean => /too many/i.test(says);

const isNoSuchRecord = (exchange: Exchange): boolean =>
  exchange.kind === 'answer' && exchange.status === 404 && exchange.json !== null;

const judge = <T>(exchange: Exchange, { read, instead, refused, missing }: Question<T>): Outcome<T> => {
  const meant = exchange.kind === 'answer' && !isTooMany(exchange) ? instead?.[exchange.status] : undefined;
  if (meant !== undefined) return { answer: meant };
  if (missing !== undefined && isNoSuchRecord(exchange)) return { answer: missing };
  if (isMissing(exchange)) return later(restMissing());
  const trouble = transportTrouble(exchange);
  if (trouble !== null) return trouble;
  if (exchange.kind !== 'answer' || exchange.status === 403 || exchange.json === null) {
    return never(permissionDenied('SimplyBook.me does not let this user read that (status 403).'));
  }
  const { status, json } = exchange;
  const meaning = status >= 400 ? (refused?.(status, json) ?? null) : null;
  if (meaning !== null) return { answer: meaning };
  if (status >= 400) return never(answerUnusable(`it refused the request with status ${status}`));
  const taken = read(json);
  return 'answer' in taken ? taken : later(answerUnusable(taken.unusable));
};

const restMissing = (): RestClosed =>
  new RestClosed(
    'crm-answer-unusable',
    'SimplyBook.me answered, but with a web page: REST is not there (status 404).',
  );

const tokenRefused = (): RestClosed =>
  new RestClosed(
    'crm-permission-denied',
    'SimplyBook.me lets this user log in, but refuses the token it has just given out.',
  );

/**
 * One job's use of REST: asks with the shared token, has it replaced when it is old or refused, at most once per
 * question, and repeats what failed by accident a bounded number of times.
 */
export class RestVisit {
  readonly #tokens: VisitTokens;

  constructor(tokens: VisitTokens) {
    this.#tokens = tokens;
  }

  /** @throws Refusal, `RestClosed` among them where another API may be a way; or the signal's reason. */
  async ask<T>(question: Question<T>, tries = this.#tokens.wire.settings.tries): Promise<T> {
    const { settings, signal } = this.#tokens.wire;
    const state = { renewed: false };
    return repeated(() => this.#once(question, state), tries, settings, signal);
  }

  async #once<T>(question: Question<T>, state: { renewed: boolean }): Promise<Outcome<T>> {
    const { token: first, isNew, renew } = await this.#tokens.shared();
    let token = first;
    if (wayOf(token) === 'rpc') return never(tokenRefused());
    let exchange = await this.#send(question, token);
    if (saysExpired(exchange) && !isNew && !state.renewed) {
      state.renewed = true;
      token = await renew();
      if (wayOf(token) === 'rpc') return never(tokenRefused());
      exchange = await this.#send(question, token);
    }
    if (saysExpired(exchange)) return never(tokenRefused());
    this.#tokens.worked(token);
    return judge(exchange, question);
  }

  async #send<T>({ method = 'GET', path, query, body }: Question<T>, token: CrmToken): Promise<Exchange> {
    const { wire } = this.#tokens;
    await wire.pace(wire.signal);
    const headers = { 'x-company-login': wire.account.company, 'x-token': token.token };
    const url = `${restAddress(wire, token)}${path}`;
    const request = { method, url, query, headers, ...(body !== undefined && { body }) };
    return wire.rest.exchange(request, wire.signal);
  }
}
