import type { CrmToken } from '../crm-provider.ts';
import type { Json } from './json.ts';
import { later, never, repeated, type Outcome } from './outcome.ts';
import { answerUnusable, permissionDenied, RpcClosed } from './refusals.ts';
import { callRpc, isDenied, refusalOf, type RpcExchange } from './rpc.ts';
import type { VisitTokens } from './tokens.ts';
import { rpcAddress } from './wire.ts';

const DENIED =
  'SimplyBook.me does not let this user read that by JSON-RPC: it refuses the token it has just given out.';

/** A call to the company's administration. `read` as in a REST question; it sees the result alone. */
export type RpcQuestion<T> = {
  method: string;
  params: unknown[];
  read: (result: Json) => { answer: T } | { unusable: string };
  /** What an error of this code means where it is no failure; 404 stands for a JSON-RPC that is not there. */
  instead?: Record<number, T>;
  /** It is not worth a login of its own. */
  withoutLogin?: boolean;
};

/**
 * One job's use of JSON-RPC. It never tells a token that has expired from one that may not do this, so that a refused
 * one is replaced once per question and believed to lack the right after that.
 */
export class RpcVisit {
  readonly #tokens: VisitTokens;
  #taken: CrmToken | null = null;

  constructor(tokens: VisitTokens) {
    this.#tokens = tokens;
  }

  /** Whether there is a JSON-RPC to ask, as far as settings tell. */
  get exists(): boolean {
    return rpcAddress(this.#tokens.wire, null) !== null;
  }

  /** The token that it has taken last. */
  get taken(): CrmToken | null {
    return this.#taken;
  }

  /** @throws Refusal, or the signal's reason. */
  async ask<T>(question: RpcQuestion<T>, tries = this.#tokens.wire.settings.tries): Promise<T> {
    const { settings, signal } = this.#tokens.wire;
    const state = { renewed: false };
    return repeated(() => this.#once(question, state), tries, settings, signal);
  }

  async #once<T>(question: RpcQuestion<T>, state: { renewed: boolean }): Promise<Outcome<T>> {
    const pass = await this.#tokens.forRpc();
    let { token } = pass;
    let exchange = await this.#call(question, token);
    if (isDenied(exchange) && !pass.isNew && !state.renewed && question.withoutLogin !== true) {
      state.renewed = true;
      token = await pass.renew();
      exchange = await this.#call(question, token);
    }
    if (exchange.kind === 'result') {
      this.#taken = token;
      this.#tokens.worked(token);
    }
    if (isDenied(exchange) && question.instead?.[wordOf(exchange)] === undefined) {
      const refusal = permissionDenied(DENIED);
      if (pass.isNew || token !== pass.token) await pass.giveUp(token, refusal);
      return never(refusal);
    }
    return this.#judge(exchange, question);
  }

  #call<T>({ method, params }: RpcQuestion<T>, token: CrmToken): Promise<RpcExchange> {
    return callRpc(this.#tokens.wire, '/admin/', { method, params, token });
  }

  #judge<T>(exchange: RpcExchange, { read, instead }: RpcQuestion<T>): Outcome<T> {
    const meant = instead?.[wordOf(exchange)];
    if (meant !== undefined) return { answer: meant };
    if (exchange.kind === 'missing') return later(new RpcClosed());
    if (exchange.kind === 'trouble') return exchange.outcome;
    if (exchange.kind === 'error') return refusalOf(this.#tokens.wire, '/admin/', exchange);
    const taken = read(exchange.json);
    return 'answer' in taken ? taken : later(answerUnusable(taken.unusable));
  }
}

/** The code by which a question may expect it; 0 for anything that is not to be expected. */
const wordOf = (exchange: RpcExchange): number => {
  if (exchange.kind === 'missing') return 404;
  return exchange.kind === 'error' && !/too many/i.test(exchange.says) ? exchange.code : 0;
};
