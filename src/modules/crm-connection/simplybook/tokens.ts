import { signInDeadline, type CrmSession, type CrmToken, type CrmTokens } from '../crm-provider.ts';
import { permissionDenied, type CrmRefusal } from './refusals.ts';
import { refresh } from './rest-login.ts';
import { signIn, userToken, wayOf, type Tell, type WayIn } from './sign-in.ts';
import type { Wire } from './wire.ts';

/** Tokens are said to live an hour; replaced before that, and whenever SimplyBook.me calls one expired. */
const TOKEN_LIFE_MS = 45 * 60_000;

/** New logins in one visit. More would be a server that refuses its own tokens, and lead to a lock-out. */
const MOST_LOGINS = 3;

const NO_SECOND_FACTOR =
  "JSON-RPC does not take REST's token, and this user's second factor cannot be given there.";

const isOld = (token: CrmToken, now: number): boolean =>
  now - token.obtainedAt > TOKEN_LIFE_MS || token.obtainedAt > now + TOKEN_LIFE_MS;

export type Pass = {
  token: CrmToken;
  /** It has just been got and has opened nothing yet. */
  isNew: boolean;
  /** Has it replaced where it is refused. */
  renew: () => Promise<CrmToken>;
  /** A token just got was refused: another login would bring one like it, so none is made for a while. */
  giveUp: (token: CrmToken, refusal: CrmRefusal) => Promise<void>;
};

/** One job's use of the tokens that everybody shares, with a bound on the logins that it may cause. */
export class VisitTokens {
  readonly wire: Wire;
  readonly #session: CrmSession;
  #logins = 0;
  /** The token that this visit has got and that has opened nothing yet: where it is refused, another one would be too. */
  #unproven: string | null = null;

  constructor(wire: Wire, session: CrmSession) {
    this.wire = wire;
    this.#session = session;
  }

  /** The way that worked last. */
  async way(): Promise<WayIn> {
    return wayOf(await this.#session.tokens.current());
  }

  /** The token that the login brought; the same one for every way but that of JSON-RPC beside REST. */
  async shared(): Promise<Pass> {
    const token = await this.#session.tokens.current();
    const fresh = token === null || isOld(token, Date.now()) ? await this.#renewed(token) : token;
    return this.#pass(this.#session.tokens, fresh, () => this.#renewed(fresh));
  }

  /** For JSON-RPC: the shared token while nothing is known against it, else one of its own. */
  async forRpc(): Promise<Pass> {
    if ((await this.way()) !== 'rest') return this.shared();
    const { otherTokens } = this.#session;
    const own = await otherTokens.current();
    if (own === null) {
      const { token } = await this.shared();
      return { ...this.#pass(otherTokens, token, () => this.#renewedOther(null)), isNew: false };
    }
    const fresh = isOld(own, Date.now()) ? await this.#renewedOther(own) : own;
    return this.#pass(otherTokens, fresh, () => this.#renewedOther(fresh));
  }

  #pass(tokens: CrmTokens, token: CrmToken, renew: Pass['renew']): Pass {
    const giveUp: Pass['giveUp'] = async (refused, refusal) => {
      if (refused.token !== this.#unproven) return;
      const refuse = (): Promise<CrmToken> => Promise.reject(refusal);
      await tokens.replace(refused, refuse, this.wire.signal).catch((error: unknown) => {
        if (error !== refusal) throw error;
      });
    };
    return { token, isNew: token.token === this.#unproven, renew, giveUp };
  }

  /** An API has taken it. */
  worked({ token }: CrmToken): void {
    if (token === this.#unproven) this.#unproven = null;
  }

  /** From now on everybody goes by JSON-RPC, with the token that it has taken. */
  async remember(token: CrmToken): Promise<void> {
    const current = await this.#session.tokens.current();
    if (wayOf(current) === 'rpc') return;
    await this.#session.tokens.replace(current, async () => ({ ...token, way: 'rpc' }), this.wire.signal);
  }

  /** Logs in from the top even where there is a token, and shares the new one. False when somebody else just did. */
  async logInAnew(tell?: Tell): Promise<boolean> {
    let isMine = false;
    await this.#replaced(this.#session.tokens, await this.#session.tokens.current(), () => {
      isMine = true;
      return this.#attempt(this.#session.tokens, (wire) => signIn(wire, 'rest', tell));
    });
    return isMine;
  }

  #renewed(stale: CrmToken | null): Promise<CrmToken> {
    return this.#replaced(this.#session.tokens, stale, async (stored) => {
      const refreshed = stored === null ? null : await refresh(this.wire, stored);
      return refreshed ?? this.#attempt(this.#session.tokens, (wire) => signIn(wire, wayOf(stored)));
    });
  }

  /** Where REST wants a second factor, JSON-RPC would take the password for a wrong one: it is not even tried. */
  #renewedOther(stale: CrmToken | null): Promise<CrmToken> {
    const { otherTokens, account } = this.#session;
    if (account.totpSecret !== null) throw permissionDenied(NO_SECOND_FACTOR);
    return this.#replaced(otherTokens, stale, () => this.#attempt(otherTokens, userToken));
  }

  #replaced(
    tokens: CrmTokens,
    stale: CrmToken | null,
    obtain: (stored: CrmToken | null) => Promise<CrmToken>,
  ): Promise<CrmToken> {
    const noted = async (stored: CrmToken | null): Promise<CrmToken> => {
      const token = await obtain(stored);
      this.#unproven = token.token;
      return token;
    };
    return tokens.replace(stale, noted, this.wire.signal);
  }

  async #attempt(tokens: CrmTokens, logIn: (wire: Wire) => Promise<CrmToken>): Promise<CrmToken> {
    await tokens.mayLogIn();
    if (this.#logins >= MOST_LOGINS) {
      throw permissionDenied(
        'SimplyBook.me ends every token right after the login, so we stopped logging in.',
      );
    }
    this.#logins += 1;
    const signal = AbortSignal.any([this.wire.signal, signInDeadline()]);
    return logIn({ ...this.wire, signal });
  }
}
