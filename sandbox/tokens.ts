import { randomBytes } from 'node:crypto';
import type { Faults } from './faults.ts';

/** What gave a token out: POST /admin/auth, getUserToken, or getToken (by the API key, for the public service only). */
export type Origin = 'rest' | 'user' | 'public';

type Token = { origin: Origin; bornAt: number; uses: number; ended: boolean };

export const newSecret = (): string => randomBytes(32).toString('hex');

/** Every token that was given out, and the refresh tokens beside them. */
export class Tokens {
  #faults: Faults;
  #tokens = new Map<string, Token>();
  /** Refresh token to the token it came with. */
  #refreshTokens = new Map<string, string>();

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  issue(origin: Origin, token = newSecret()): string {
    if (this.#faults.switches.oneTokenOnly) this.expire();
    this.#tokens.set(token, { origin, bornAt: Date.now(), uses: 0, ended: false });
    return token;
  }

  issueRefresh(token: string): string {
    const refreshToken = newSecret();
    this.#refreshTokens.set(refreshToken, token);
    return refreshToken;
  }

  /** The token that this refresh token came with, once. */
  spend(refreshToken: string): string | null {
    const token = this.#refreshTokens.get(refreshToken) ?? null;
    this.#refreshTokens.delete(refreshToken);
    return token;
  }

  /** Counts as a use. @returns where a token that was given out came from, and whether it has expired. */
  use(text: string): { origin: Origin; expired: boolean } | null {
    const token = this.#tokens.get(text);
    if (token === undefined) return null;
    token.uses += 1;
    return { origin: token.origin, expired: this.#isExpired(token) };
  }

  end(text: string): void {
    const token = this.#tokens.get(text);
    if (token !== undefined) token.ended = true;
  }

  /** Ends every token that is good now; refresh tokens stay. @returns how many. */
  expire(): number {
    const good = [...this.#tokens.values()].filter((token) => !this.#isExpired(token));
    for (const token of good) token.ended = true;
    return good.length;
  }

  #isExpired({ bornAt, uses, ended }: Token): boolean {
    const { tokenSeconds, expireAfter } = this.#faults.switches;
    return ended || Date.now() - bornAt >= tokenSeconds * 1000 || (expireAfter > 0 && uses > expireAfter);
  }
}
