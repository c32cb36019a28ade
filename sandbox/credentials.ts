import type { Faults } from './faults.ts';

/** The one company of the sandbox and the user who may log in. `apiUserKey` works wherever the password does. */
export type Account = {
  company: string;
  login: string;
  password: string;
  apiUserKey: string;
  /** The company's own key of the custom feature "API": opens the public service only. */
  apiKey: string;
  /** Base32: what the user's authenticator app was set up with. */
  totpSecret: string;
  domain: string;
};

/** What comes of a login attempt, before either API puts it into its own words. */
export type Verdict =
  | 'ok'
  | 'locked'
  | 'unknown-company'
  | 'wrong'
  | 'second-factor'
  | 'not-allowed'
  | 'hipaa'
  | 'blocked'
  | 'api-off'
  | 'confirm-ip';

export type Attempt = { company: unknown; login: unknown; password: unknown };

/** Who may log in, and what failed attempts lead to. Both APIs count together. */
export class Credentials {
  #account: Account;
  #faults: Faults;
  #failures: number[] = [];

  constructor(account: Account, faults: Faults) {
    this.#account = account;
    this.#faults = faults;
  }

  judge(attempt: Attempt, api: 'rest' | 'rpc'): Verdict {
    const { login: fate, wrongRegion } = this.#faults.switches;
    if (this.isLocked) return this.#struck('lockoutAfter', 'locked');
    if (attempt.company !== this.#account.company || wrongRegion) {
      this.#faults.strikeIfSet(['unknownCompany', 'wrongRegion']);
      return 'unknown-company';
    }
    if (!this.#isRight(attempt, api)) return this.failed('wrong');
    if (fate !== 'ok' && fate !== 'key-refused') {
      return this.#struck('login', fate === 'refused' ? 'wrong' : fate);
    }
    return this.#wantsSecondFactor(attempt) ? this.#struck('twoFactor', 'second-factor') : 'ok';
  }

  /** Notes an attempt that came to nothing. */
  failed(verdict: Verdict): Verdict {
    this.#failures.push(Date.now());
    return verdict;
  }

  get isLocked(): boolean {
    const { lockoutAfter, lockoutSeconds } = this.#faults.switches;
    const since = Date.now() - lockoutSeconds * 1000;
    this.#failures = this.#failures.filter((at) => at >= since);
    return lockoutAfter > 0 && this.#failures.length > lockoutAfter;
  }

  forgetFailures(): void {
    this.#failures = [];
  }

  #isRight({ login, password }: Attempt, api: 'rest' | 'rpc'): boolean {
    const account = this.#account;
    const isKeyGood = api === 'rpc' || this.#faults.switches.login !== 'key-refused';
    const isByKey = password === account.apiUserKey && isKeyGood;
    if (password === account.apiUserKey && !isKeyGood) this.#faults.strike('login');
    return login === account.login && (isByKey || password === account.password);
  }

  #wantsSecondFactor({ password }: Attempt): boolean {
    return this.#faults.switches.twoFactor !== 'off' && password !== this.#account.apiUserKey;
  }

  #struck(name: string, verdict: Verdict): Verdict {
    this.#faults.strike(name);
    return verdict;
  }
}
