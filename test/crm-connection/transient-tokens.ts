import { CrmTokens, type CrmToken } from '../../src/modules/crm-connection/crm-provider.ts';

/** The token of credentials that are only being tried: kept in memory, for nobody else, gone with the attempt. */
export class TransientTokens extends CrmTokens {
  #token: CrmToken | null;
  #replacing: Promise<CrmToken> | null = null;

  constructor(token: CrmToken | null = null) {
    super();
    this.#token = token;
  }

  mayLogIn(): Promise<void> {
    return Promise.resolve();
  }

  async current(): Promise<CrmToken | null> {
    return this.#token;
  }

  async replace(
    stale: CrmToken | null,
    obtain: (stored: CrmToken | null) => Promise<CrmToken>,
  ): Promise<CrmToken> {
    if (this.#replacing !== null) return this.#replacing;
    if (this.#token !== null && this.#token.token !== stale?.token) return this.#token;
    this.#replacing = obtain(this.#token);
    try {
      this.#token = await this.#replacing;
      return this.#token;
    } finally {
      this.#replacing = null;
    }
  }
}
