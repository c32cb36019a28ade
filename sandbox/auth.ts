import type { IncomingHttpHeaders } from 'node:http';
import { failure, json, members, notFoundPage, type Answer, type Ask } from './answers.ts';
import type { Account, Credentials, Verdict } from './credentials.ts';
import type { Faults } from './faults.ts';
import { newSecret, type Tokens } from './tokens.ts';
import { codeOf, stepAt } from './totp.ts';

/** The code that every text message holds. */
export const SMS_CODE = '123456';

const wrongLogin = (): Answer => failure(400, 'Wrong login or password');

/** What REST says of a login that comes to nothing. The texts are ours: nobody has recorded the real ones. */
const REFUSALS: Partial<Record<Verdict, () => Answer>> = {
  locked: () => failure(403, 'Too many attempts'),
  wrong: wrongLogin,
  'not-allowed': () => failure(403, 'Access denied'),
  hipaa: () => failure(403, 'Access denied: the API is not allowed when HIPAA is on'),
  blocked: () => failure(400, 'User is blocked'),
  'api-off': () => failure(403, 'Custom feature "API" is disabled'),
  'confirm-ip': () =>
    failure(400, 'Login from a new IP address. Please confirm it by the e-mail that we have sent'),
};

/** REST: logins, second factors, refreshes, and the door of every other route. */
export class Auth {
  #account: Account;
  #faults: Faults;
  #credentials: Credentials;
  #tokens: Tokens;
  /** Logins that wait for their second factor; true once a text message was sent. */
  #sessions = new Map<string, boolean>();
  /** A code opens once: the last window that one was used of. */
  #lastStep = 0;

  constructor(account: Account, faults: Faults, credentials: Credentials, tokens: Tokens) {
    this.#account = account;
    this.#faults = faults;
    this.#credentials = credentials;
    this.#tokens = tokens;
  }

  /** POST /admin/auth. Wrong credentials are 400, not 401; too many of them 403. */
  login(ask: Ask): Answer {
    const { company, login, password } = members(ask.body);
    const verdict = this.#credentials.judge({ company, login, password }, 'rest');
    if (verdict === 'ok') return this.#entity();
    if (verdict === 'second-factor') return this.#secondFactorPending();
    const { unknownCompany, loginTells } = this.#faults.switches;
    if (verdict === 'unknown-company') {
      return unknownCompany === 'html' ? notFoundPage() : failure(400, 'Invalid company');
    }
    this.#faults.strikeIfSet(['loginTells']);
    const isTold = loginTells === 'why' || verdict === 'locked';
    return (isTold ? REFUSALS[verdict] : undefined)?.() ?? wrongLogin();
  }

  /** GET /admin/auth/sms. */
  sendSms(ask: Ask): Answer {
    const session = ask.query.get('session_id') ?? '';
    if (!this.#sessions.has(session)) return failure(400, 'Invalid session');
    this.#sessions.set(session, true);
    return json(200, []);
  }

  /** POST /admin/auth/2fa. */
  secondFactor(ask: Ask): Answer {
    const { session_id: session, code, type } = members(ask.body);
    if (this.#credentials.isLocked) return failure(403, 'Too many attempts');
    if (typeof session !== 'string' || !this.#sessions.has(session)) return failure(400, 'Invalid session');
    const isRight = type === 'sms' ? this.#isSms(session, code) : type === 'ga' && this.#isFromApp(code);
    if (!isRight) {
      this.#credentials.failed('wrong');
      return failure(400, 'Wrong code');
    }
    this.#sessions.delete(session);
    return this.#entity();
  }

  /** POST /admin/auth/refresh-token. A refresh token works once, and also when its token has expired. */
  refresh(ask: Ask): Answer {
    const { company, refresh_token: given } = members(ask.body);
    if (this.#faults.switches.refreshRefused) {
      this.#faults.strike('refreshRefused');
      return failure(401, 'Unauthorized');
    }
    const old = company === this.#account.company ? this.#tokens.spend(String(given)) : null;
    if (old === null) return failure(401, 'Unauthorized');
    if (!this.#faults.switches.refreshSameToken) return this.#entity();
    this.#faults.strike('refreshSameToken');
    return this.#entity(old);
  }

  /** POST /admin/auth/logout. */
  logout(ask: Ask): Answer {
    this.#tokens.end(String(members(ask.body)['auth_token']));
    return json(200, []);
  }

  /** Why these headers do not open the door; null when they do. Counts as a use of the token. */
  refusal(headers: IncomingHttpHeaders): Answer | null {
    const token = this.#tokens.use(String(headers['x-token'] ?? ''));
    const { rpcTokenOnRest, restRefusesTokens, accessDenied } = this.#faults.switches;
    if (token === null || headers['x-company-login'] !== this.#account.company) {
      return failure(401, 'Unauthorized');
    }
    if (restRefusesTokens || token.origin === 'public' || (token.origin === 'user' && !rpcTokenOnRest)) {
      this.#faults.strikeIfSet(['restRefusesTokens', 'rpcTokenOnRest']);
      return failure(401, 'Unauthorized');
    }
    if (token.expired) return this.#tellExpiry();
    if (!accessDenied) return null;
    this.#faults.strike('accessDenied');
    return failure(403, 'Access denied');
  }

  /** Ends every token that is good now; refresh tokens stay. @returns how many. */
  expireTokens(): number {
    return this.#tokens.expire();
  }

  forgetFailedLogins(): void {
    this.#credentials.forgetFailures();
  }

  /** As if the window of the code that was used last were over. */
  forgetUsedCodes(): void {
    this.#lastStep = 0;
  }

  #isSms(session: string, code: unknown): boolean {
    return this.#sessions.get(session) === true && code === SMS_CODE;
  }

  /** The windows beside the present one are let pass, as most servers do; a code that was used is not. */
  #isFromApp(code: unknown): boolean {
    const { totpSeconds, totpSkew } = this.#faults.switches;
    const now = stepAt(Date.now(), totpSeconds);
    const steps = Array.from({ length: 2 * totpSkew + 1 }, (_, index) => now - totpSkew + index);
    const step = steps.find((one) => codeOf(this.#account.totpSecret, one) === code);
    if (step === undefined || step <= this.#lastStep) return false;
    this.#lastStep = step;
    return true;
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
    this.#sessions.set(session, false);
    const { twoFactor, twoFactorBy } = this.#faults.switches;
    const tokens = twoFactor === 'no-token' ? {} : { token: '', refresh_token: '' };
    const { company, login, domain } = this.#account;
    const providers = { both: ['ga', 'sms'], sms: ['sms'], 'not-told': [] }[twoFactorBy];
    const pending = {
      require2fa: true,
      allowed2fa_providers: providers,
      auth_session_id: session,
      id: null,
    };
    return json(200, { ...tokens, company, login, domain, ...pending });
  }

  #entity(old?: string): Answer {
    const token = this.#tokens.issue('rest', old);
    const refreshToken = this.#tokens.issueRefresh(token);
    const { company, login, domain } = this.#account;
    const { tokenDomain } = this.#faults.switches;
    const told = { own: domain, null: null, foreign: 'evil.example', absent: undefined }[tokenDomain];
    this.#faults.strikeIfSet(['tokenDomain']);
    const rest = { domain: told, require2fa: false, allowed2fa_providers: [], auth_session_id: '', id: null };
    return json(200, { token, company, login, refresh_token: refreshToken, ...rest });
  }
}
