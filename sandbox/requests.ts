import type { RouteName } from './answers.ts';

/** One request as the account keeps it: nothing secret and nothing personal, so no address, header or body. */
export type Asked = {
  /** UTC milliseconds. */
  at: number;
  route: RouteName;
  method: string;
  /** What `page` asked for; null when it did not. */
  page: number | null;
  onPage: number | null;
  /** Whether a token came along, whichever. */
  withToken: boolean;
  /** Null: not answered (yet, or ever). */
  status: number | null;
  /** The code of a JSON-RPC error; null when there was none. */
  rpcError: number | null;
  /** The trouble that struck it. */
  trouble: string | null;
  /** Milliseconds until it was answered or the connection ended. */
  took: number | null;
};

type Tally = { ok: number; failed: number };

export type Summary = {
  total: number;
  byRoute: Partial<Record<RouteName, number>>;
  /** Attempts by REST, by JSON-RPC (getUserToken), and with the code of a second factor. */
  logins: Tally;
  rpcLogins: Tally;
  secondFactors: Tally;
  refreshes: Tally;
  /** Client lists answered with 200. */
  pages: number;
  maxConcurrent: number;
  maxPerSecond: number;
};

/** The oldest half goes when there are more. */
const KEPT = 200_000;

const tally = (list: readonly Asked[], route: RouteName): Tally => {
  const answered = list.filter((asked) => asked.route === route && asked.status !== null);
  const ok = answered.filter((asked) => asked.status === 200 && asked.rpcError === null).length;
  return { ok, failed: answered.length - ok };
};

/** The account of what the sandbox was asked. */
export class Requests {
  #list: Asked[] = [];
  #open = 0;
  #maxConcurrent = 0;
  #maxPerSecond = 0;
  #lastSecond: number[] = [];

  /** In the order they came. */
  get list(): readonly Asked[] {
    return this.#list;
  }

  /** How many came within the last second, the present one included. */
  get perSecond(): number {
    return this.#lastSecond.length;
  }

  /** What happened is 200 when the request was carried out, even when its answer was then lost on the way. */
  summary(): Summary {
    const byRoute: Summary['byRoute'] = {};
    for (const { route } of this.#list) byRoute[route] = (byRoute[route] ?? 0) + 1;
    return {
      total: this.#list.length,
      byRoute,
      logins: tally(this.#list, 'login'),
      rpcLogins: tally(this.#list, 'rpc-login'),
      secondFactors: tally(this.#list, 'two-factor'),
      refreshes: tally(this.#list, 'refresh'),
      pages: tally(this.#list, 'clients').ok,
      maxConcurrent: this.#maxConcurrent,
      maxPerSecond: this.#maxPerSecond,
    };
  }

  clear(): void {
    this.#list = [];
    this.#maxConcurrent = this.#open;
    this.#maxPerSecond = 0;
    this.#lastSecond = [];
  }

  begin(asked: Pick<Asked, 'route' | 'method' | 'page' | 'onPage' | 'withToken'>): Asked {
    const entry = { at: Date.now(), ...asked, status: null, rpcError: null, trouble: null, took: null };
    if (this.#list.length >= KEPT) this.#list.splice(0, KEPT / 2);
    this.#list.push(entry);
    this.#open += 1;
    this.#maxConcurrent = Math.max(this.#maxConcurrent, this.#open);
    const now = performance.now();
    this.#lastSecond.push(now);
    while ((this.#lastSecond[0] ?? now) <= now - 1000) this.#lastSecond.shift();
    this.#maxPerSecond = Math.max(this.#maxPerSecond, this.#lastSecond.length);
    return entry;
  }

  end(asked: Asked): void {
    asked.took = Date.now() - asked.at;
    this.#open -= 1;
  }
}
