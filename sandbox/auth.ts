import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { failure, json, members, notFoundPage, type Answer, type Ask } from './answers.ts';
import type { Faults } from './faults.ts';

/** The one company of the sandbox and the user who may log in. `apiUserKey` works wherever the password does. */
export type Account = {
  company: string;
  login: string;
  password: string;
  apiUserKey: string;
  domain: string;
};

/** The code that every second factor asks for. */
export const SECOND_FACTOR_CODE = '123456';

type Token = { bornAt: number; uses: number; ended: boolean };
type Asked = Record<string, unknown>;

const newSecret = (): string => randomBytes(32).toString('hex');

/** What a right login still may meet. The texts are ours: nobody has recorded the real ones. */
const OBSTACLES: Record<string, () => Answer> = {
  refused: () => wrongLogin(),
  'not-allowed': () => failure(403, 'Access denied'),
  hipaa: () => failure(403, 'Access denied: the API is not allowed when HIPAA is on'),
  blocked: () => failure(400, 'User is blocked'),
  'confirm-ip': () =>
    failure(400, 'Login from a new IP address. Please confirm it by the e-mail that we have sent'),
};

const wrongLogin = (): Answer => failure(400, 'Wrong login or password');

/** Logins, tokens and their ends. */
export class Auth {
  #account: Account;
  #faults: Faults;
  #tokens = new Map<string, Token>();
  /** Refresh token to the token it came with. */
  #refreshTokens = new Map<string, string>();
  #sessions = new Set<string>();
  #failures: number[] = [];

  constructor(account: Account, faults: Faults) {
    this.#account = account;
    this.#faults = faults;
  }

  /** POST /admin/auth. Wrong credentials are 400, not 401; too many of them 403. */
  login(ask: Ask): Answer {
    const asked = members(ask.body);
    const { login: fate, unknownCompany } = this.#faults.switches;
    if (this.#isLocked()) return this.#strike('lockoutAfter', failure(403, 'Too many attempts'));
    if (asked['company'] !== this.#account.company) {
      this.#faults.strikeIfSet(['unknownCompany']);
      return unknownCompany === 'html' ? notFoundPage() : failure(400, 'Invalid company');
    }
    if (!this.#isRight(asked)) {
      this.#failures.push(Date.now());
      return wrongLogin();
    }
    const obstacle = OBSTACLES[fate];
    if (obstacle !== undefined) return this.#strike('login', obstacle());
    return this.#wantsSecondFactor(asked)
      ? this.#strike('twoFactor', this.#secondFactorPending())
      : this.#entity();
  }

  /** GET /admin/auth/sms. */
  sendSms(ask: Ask): Answer {
    return this.#sessions.has(ask.query.get('session_id') ?? '')
      ? json(200, [])
      : failure(400, 'Invalid session');
  }

  /** POST /admin/auth/2fa. */
  secondFactor(ask: Ask): Answer {
    const { session_id: session, code, type } = members(ask.body);
    if (this.#isLocked()) return this.#strike('lockoutAfter', failure(403, 'Too many attempts'));
    if (typeof session !== 'string' || !this.#sessions.has(session)) return failure(400, 'Invalid session');
    if (code !== SECOND_FACTOR_CODE || (type !== 'ga' && type !== 'sms')) {
      this.#failures.push(Date.now());
      return failure(400, 'Wrong code');
    }
    this.#sessions.delete(session);
    return this.#entity();
  }

  /** POST /admin/auth/refresh-token. A refresh token works once, and also when its token has expired. */
  refresh(ask: Ask): Answer {
    const { company, refresh_token: given } = members(ask.body);
    const old = typeof given === 'string' ? this.#refreshTokens.get(given) : undefined;
    if (this.#faults.switches.refreshRefused)
      return this.#strike('refreshRefused', failure(401, 'Unauthorized'));
    if (old === undefined || company !== this.#account.company) return failure(401, 'Unauthorized');
    this.#refreshTokens.delete(String(given));
    if (!this.#faults.switches.refreshSameToken) return this.#entity();
    this.#faults.strike('refreshSameToken');
    return this.#entity(old);
  }

  /** POST /admin/auth/logout. */
  logout(ask: Ask): Answer {
    const { auth_token: token } = members(ask.body);
    const known = typeof token === 'string' ? this.#tokens.get(token) : undefined;
    if (known !== undefined) known.ended = true;
    return json(200, []);
  }

  /** Why these headers do not open the door; null when they do. Counts as a use of the token. */
  refusal(headers: IncomingHttpHeaders): Answer | null {
    const token = this.#tokens.get(String(headers['x-token'] ?? ''));
    if (token === undefined || headers['x-company-login'] !== this.#account.company) {
      return failure(401, 'Unauthorized');
    }
    token.uses += 1;
    if (this.#isExpired(token)) return this.#tellExpiry();
    return this.#faults.switches.accessDenied
      ? this.#strike('accessDenied', failure(403, 'Access denied'))
      : null;
  }

  /** Ends every token that is good now; refresh tokens stay. @returns how many. */
  expireTokens(): number {
    const good = [...this.#tokens.values()].filter((token) => !this.#isExpired(token));
    for (const token of good) token.ended = true;
    return good.length;
  }

  forgetFailedLogins(): void {
    this.#failures = [];
  }

  #isLocked(): boolean {
    const { lockoutAfter, lockoutSeconds } = this.#faults.switches;
    const since = Date.now() - lockoutSeconds * 1000;
    this.#failures = this.#failures.filter((at) => at >= since);
    return lockoutAfter > 0 && this.#failures.length > lockoutAfter;
  }

  #isRight(asked: Asked): boolean {
    const { login, password, apiUserKey } = this.#account;
    const byKey = asked['password'] === apiUserKey && this.#faults.switches.login !== 'key-refused';
    return asked['login'] === login && (byKey || asked['password'] === password);
  }

  #wantsSecondFactor(asked: Asked): boolean {
    return this.#faults.switches.twoFactor !== 'off' && asked['password'] !== this.#account.apiUserKey;
  }

  #isExpired({ bornAt, uses, ended }: Token): boolean {
    const { tokenSeconds, expireAfter } = this.#faults.switches;
    return ended || Date.now() - bornAt >= tokenSeconds * 1000 || (expireAfter > 0 && uses > expireAfter);
  }

  #tellExpiry(): Answer {
    const { expiry } = this.#faults.switches;
    this.#faults.strike('expiry');
    if (expiry === 'plain-401') return failure(401, 'Unauthorized');
    if (expiry === 'body-419') return failure(401, 'Token Expired', { code: 419 });
    return failure({ 'http-419': 419, 'http-400': 400, 'http-200': 200 }[expiry], 'Token Expired');
  }

  #secondFactorPending(): Answer {
    const session = newSecret();
    this.#sessions.add(session);
    const tokens = this.#faults.switches.twoFactor === 'no-token' ? {} : { token: '', refresh_token: '' };
    const { company, login, domain } = this.#account;
    const pending = {
      require2fa: true,
      allowed2fa_providers: ['ga', 'sms'],
      auth_session_id: session,
      id: null,
    };
    return json(200, { ...tokens, company, login, domain, ...pending });
  }

  #entity(token = newSecret()): Answer {
    const refreshToken = newSecret();
    if (this.#faults.switches.oneTokenOnly) this.expireTokens();
    this.#tokens.set(token, { bornAt: Date.now(), uses: 0, ended: false });
    this.#refreshTokens.set(refreshToken, token);
    const { company, login, domain } = this.#account;
    const rest = { domain, require2fa: false, allowed2fa_providers: [], auth_session_id: '', id: null };
    return json(200, { token, company, login, refresh_token: refreshToken, ...rest });
  }

  #strike(name: string, answer: Answer): Answer {
    this.#faults.strike(name);
    return answer;
  }
}
