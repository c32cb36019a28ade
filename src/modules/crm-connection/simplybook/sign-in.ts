import { z } from 'zod';
import type { CrmAccount, CrmSession, CrmToken } from '../crm-provider.ts';
import { pause, retryAfterMs, retryDelay } from './backoff.ts';
import { companyLogin, knownDomain } from './domains.ts';
import {
  answerUnusable,
  apiNotAllowed,
  companyMalformed,
  companyUnknown,
  credentialsRefused,
  domainUnknown,
  FAILURES,
  lockedOut,
  rateLimited,
  twoFactorRequired,
  unreachable,
  type CrmRefusal,
} from './refusals.ts';
import type { Exchange, HttpRequest, RestHttp } from './rest-http.ts';
import type { SimplyBookSettings } from './settings.ts';

/** What is needed to log in: the wire, its bounds, whose turn it is, and when to stop. */
export type Way = {
  http: RestHttp;
  settings: SimplyBookSettings;
  account: CrmAccount;
  pace: CrmSession['pace'];
  signal: AbortSignal;
};

/** The company as REST wants it. @throws before anything is sent when company or domain cannot be SimplyBook.me's. */
export const checkedAccount = (account: CrmAccount): CrmAccount => {
  const domain = knownDomain(account.domain);
  if (domain === null) throw domainUnknown();
  const company = companyLogin(account.company);
  if (company === null) throw companyMalformed();
  return { ...account, company, domain };
};

/** Where REST v2 is. The domain a login answered with is followed when it is one of SimplyBook.me's. */
export const restAddress = ({ account, settings }: Way, token: CrmToken | null): string =>
  settings.restUrl?.replace(/\/+$/, '') ??
  `https://user-api-v2.${knownDomain(token?.domain ?? null) ?? account.domain}`;

const headerText = z.string().regex(/^[\x21-\x7e]{1,4000}$/);

/** `TokenEntity`. Unknown members (`expires_in`, `company_id`, …) are let pass. */
const tokenEntity = z.object({
  token: headerText,
  refresh_token: headerText.nullish().catch(null),
  domain: z.string().nullish().catch(null),
});

const secondFactor = z.object({ require2fa: z.literal([true, 1, '1', 'true']) });

/** A token, or why there is none; `again` when the request may be sent once more. */
type SignedIn = { token: CrmToken } | { refusal: CrmRefusal; again: boolean };

const stop = (refusal: CrmRefusal): SignedIn => ({ refusal, again: false });
const again = (refusal: CrmRefusal): SignedIn => ({ refusal, again: true });

type Answer = Extract<Exchange, { kind: 'answer' }>;

const accepted = ({ json }: Answer, { account }: Way): SignedIn => {
  if (secondFactor.safeParse(json?.value).success) return stop(twoFactorRequired());
  const entity = tokenEntity.safeParse(json?.value);
  if (!entity.success) return again(answerUnusable('its answer to the login holds no token'));
  const { token, refresh_token: refreshToken, domain: told } = entity.data;
  const domain = knownDomain(told ?? null) ?? account.domain;
  return { token: { token, refreshToken: refreshToken ?? null, domain, obtainedAt: Date.now() } };
};

const SAYS_NO_SUCH_COMPANY =
  /(invalid|unknown|wrong|no such) company|company.{0,40}(not |n't|unknown|invalid)/i;

const refused = ({ status, says, json }: Answer, { account }: Way): SignedIn => {
  if (/hipaa/i.test(says) || status === 403) return stop(apiNotAllowed());
  // A wrong domain answers with its own web page or sends the browser elsewhere.
  if (json === null || status < 400 || status === 404 || SAYS_NO_SUCH_COMPANY.test(says)) {
    return stop(companyUnknown(account.company, account.domain));
  }
  return [400, 401, 419, 422].includes(status)
    ? stop(credentialsRefused())
    : stop(answerUnusable(`it refused the login with the unexpected status ${status}`));
};

const secondsOf = (header: string | null): number | null => {
  const ms = retryAfterMs(header, Date.now());
  return ms === null ? null : Math.ceil(ms / 1000);
};

/** What the answer to a login or a refresh means (simplybook-api notes, section 3: 400 is a wrong password, not 401). */
const judge = (exchange: Exchange, way: Way): SignedIn => {
  if (exchange.kind === 'failure') {
    const refusal = unreachable(FAILURES[exchange.why]);
    // Whoever waited for the whole deadline does not want to wait for another one.
    return exchange.why === 'too-slow' || exchange.why === 'not-trusted' ? stop(refusal) : again(refusal);
  }
  const { status, says, json, retryAfter } = exchange;
  if (/too many/i.test(says) && status >= 400 && status < 500 && status !== 429) {
    return stop(lockedOut(secondsOf(retryAfter)));
  }
  if (status === 429) return stop(rateLimited(secondsOf(retryAfter)));
  if (status >= 500) return again(unreachable(`it answered with status ${status}`));
  if (status >= 300) return refused(exchange, way);
  if (json !== null) return accepted(exchange, way);
  // Not a page: an answer that was cut on its way.
  return /^\s*</.test(says)
    ? refused(exchange, way)
    : again(answerUnusable('its answer to the login was not readable'));
};

const post = async (way: Way, url: string, body: Record<string, string>): Promise<SignedIn> => {
  await way.pace(way.signal);
  const request: HttpRequest = { method: 'POST', url, body };
  return judge(await way.http.exchange(request, way.signal), way);
};

/** Logs in. What was refused is not sent again; what got no proper answer is sent once more. */
export const login = async (way: Way): Promise<CrmToken> => {
  const { company, login: user, secret } = way.account;
  const send = (): Promise<SignedIn> =>
    post(way, `${restAddress(way, null)}/admin/auth`, { company, login: user, password: secret });
  let result = await send();
  if ('refusal' in result && result.again) {
    const { retryBaseMs: baseMs, retryMostMs: mostMs, retryAfterMostMs } = way.settings;
    await pause(retryDelay(1, null, { baseMs, mostMs, retryAfterMostMs }, Math.random()), way.signal);
    result = await send();
  }
  if ('refusal' in result) throw result.refusal;
  return result.token;
};

/** Refusals that a login by password would only meet again, or make worse. */
const FINAL = new Set(['crm-locked-out', 'crm-rate-limited', 'crm-two-factor-required']);

/**
 * A new token for a refresh token, which works once. Null when it was refused, when its answer was lost, or when the
 * same token came back: then only a login helps.
 */
export const refresh = async (way: Way, stale: CrmToken): Promise<CrmToken | null> => {
  if (stale.refreshToken === null) return null;
  const body = { company: way.account.company, refresh_token: stale.refreshToken };
  const result = await post(way, `${restAddress(way, stale)}/admin/auth/refresh-token`, body);
  if ('token' in result) return result.token.token === stale.token ? null : result.token;
  if (FINAL.has(result.refusal.code)) throw result.refusal;
  return null;
};
