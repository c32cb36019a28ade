import { z } from 'zod';
import { pause } from '../../../shared/pause.ts';
import type { CrmToken } from '../crm-provider.ts';
import { retryAfterMs, retryDelay } from './backoff.ts';
import { knownDomain } from './domains.ts';
import type { Exchange } from './http.ts';
import { isMissing, type Answer } from './outcome.ts';
import {
  addressUnconfirmed,
  answerUnusable,
  apiFeatureOff,
  apiNotAllowed,
  companyUnknown,
  credentialsRefused,
  FAILURES,
  lockedOut,
  loginForbidden,
  noAuthenticator,
  rateLimited,
  twoFactorRefused,
  twoFactorRequired,
  unreachable,
  userBlocked,
  type CrmRefusal,
} from './refusals.ts';
import { timeStep, totpCode } from './totp.ts';
import { restAddress, type Wire } from './wire.ts';

const headerText = z.string().regex(/^[\x21-\x7e]{1,4000}$/);

/** `TokenEntity`. Unknown members (`expires_in`, `company_id`, …) are let pass. */
const tokenEntity = z.object({
  token: headerText,
  refresh_token: headerText.nullish().catch(null),
  domain: z.string().nullish().catch(null),
});

const secondFactor = z.object({
  require2fa: z.literal([true, 1, '1', 'true']),
  auth_session_id: z.string().catch(''),
  allowed2fa_providers: z.array(z.unknown()).catch([]),
});

type Pending = z.infer<typeof secondFactor>;

/** Why there is no token. `again`: the request may be sent once more. `doubt`: what another API may know better. */
type Refused = { refusal: CrmRefusal; again: boolean; doubt: Doubt | null };

/** The credentials were refused, this address knows no such company, or REST may not be there at all. */
export type Doubt = 'credentials' | 'company' | 'missing';

export type SignedIn = { token: CrmToken } | Refused;

const stop = (refusal: CrmRefusal, doubt: Doubt | null = null): Refused => ({ refusal, again: false, doubt });
const again = (refusal: CrmRefusal): Refused => ({ refusal, again: true, doubt: null });

const SAYS_NO_SUCH_COMPANY =
  /(invalid|unknown|wrong|no such) company|company.{0,40}(not |n't|unknown|invalid)/i;
const SAYS_FEATURE_OFF =
  /(custom feature|plugin|"?api"? (is|was|has been)).{0,40}(disabled|off|not (enabled|active))/i;
const SAYS_CONFIRM = /confirm.{0,80}e-?mail|new ip|ip address/i;

/** What a refusal says of itself, where it says anything. A web page speaks for some server on the way. */
const said = ({ json, says }: Answer): CrmRefusal | null => {
  if (json === null) return null;
  if (/hipaa/i.test(says)) return apiNotAllowed();
  if (SAYS_FEATURE_OFF.test(says)) return apiFeatureOff();
  if (/\bblocked\b/i.test(says)) return userBlocked();
  return SAYS_CONFIRM.test(says) ? addressUnconfirmed() : null;
};

const refused = (answer: Answer, { account }: Wire): Refused => {
  const { status, says, json } = answer;
  const noCompany = companyUnknown(account.company, account.domain);
  // A wrong domain answers with its own web page or sends the browser elsewhere; so does a domain without REST.
  if (status < 400) return stop(noCompany, 'company');
  if (json === null && status !== 403) return stop(noCompany, isMissing(answer) ? 'missing' : 'company');
  const told = said(answer);
  if (told !== null) return stop(told);
  if (status === 403) return stop(loginForbidden());
  if (status === 404 || SAYS_NO_SUCH_COMPANY.test(says)) return stop(noCompany, 'company');
  return [400, 401, 419, 422].includes(status)
    ? stop(credentialsRefused(), 'credentials')
    : stop(answerUnusable(`it refused the login with the unexpected status ${status}`));
};

const secondsOf = (header: string | null): number | null => {
  const ms = retryAfterMs(header, Date.now());
  return ms === null ? null : Math.ceil(ms / 1000);
};

const entityIn = ({ json }: Answer, { account }: Wire): SignedIn => {
  const entity = tokenEntity.safeParse(json?.value);
  if (!entity.success) return again(answerUnusable('its answer to the login holds no token'));
  const { token, refresh_token: refreshToken, domain: told } = entity.data;
  const domain = knownDomain(told ?? null) ?? account.domain;
  return {
    token: { token, refreshToken: refreshToken ?? null, domain, obtainedAt: Date.now(), way: 'rest' },
  };
};

/** Trouble that has nothing to do with what was asked; null when there is an answer to judge. */
const trouble = (exchange: Exchange): Refused | null => {
  if (exchange.kind === 'failure') {
    const refusal = unreachable(FAILURES[exchange.why]);
    // Whoever waited for the whole deadline does not want to wait for another one.
    return exchange.why === 'too-slow' || exchange.why === 'not-trusted' ? stop(refusal) : again(refusal);
  }
  const { status, says, retryAfter } = exchange;
  if (/too many/i.test(says) && status >= 400 && status < 500 && status !== 429) {
    return stop(lockedOut(secondsOf(retryAfter)));
  }
  if (status === 429) return stop(rateLimited(secondsOf(retryAfter)));
  return status >= 500 ? again(unreachable(`it answered with status ${status}`)) : null;
};

const post = async (wire: Wire, url: string, body: object): Promise<Answer | Refused> => {
  await wire.pace(wire.signal);
  const exchange = await wire.rest.exchange({ method: 'POST', url, body }, wire.signal);
  const found = trouble(exchange);
  if (found !== null) return found;
  if (exchange.kind === 'answer' && exchange.status < 300 && exchange.json === null) {
    // Not a page: an answer that was cut on its way.
    if (!/^\s*</.test(exchange.says))
      return again(answerUnusable('its answer to the login was not readable'));
  }
  return exchange as Answer;
};

const isRefused = (result: Answer | Refused): result is Refused => 'refusal' in result;

/** A code of the authenticator app that was never sent before and does not end on its way; waits for the next one. */
const freshCode = async (wire: Wire, secret: string): Promise<string> => {
  const { totpMs } = wire.settings;
  for (;;) {
    const { step, leftMs } = timeStep(Date.now(), totpMs);
    if (leftMs > totpMs / 15 && (await wire.takeStep(step))) return totpCode(secret, step);
    await pause(leftMs, wire.signal);
  }
};

const withCode = async (wire: Wire, pending: Pending): Promise<SignedIn> => {
  const { company, totpSecret } = wire.account;
  if (totpSecret === null) return stop(twoFactorRequired());
  const offered = pending.allowed2fa_providers;
  if (offered.length > 0 && !offered.includes('ga')) return stop(noAuthenticator());
  const code = await freshCode(wire, totpSecret);
  const body = { company, session_id: pending.auth_session_id, code, type: 'ga' };
  const answer = await post(wire, `${restAddress(wire, null)}/admin/auth/2fa`, body);
  if (isRefused(answer)) return answer;
  if (answer.json === null) return stop(answerUnusable('its answer to the second factor was a web page'));
  return answer.status >= 300 ? stop(twoFactorRefused()) : entityIn(answer, wire);
};

const attempt = async (wire: Wire): Promise<SignedIn> => {
  const { company, login, secret: password } = wire.account;
  const answer = await post(wire, `${restAddress(wire, null)}/admin/auth`, { company, login, password });
  if (isRefused(answer)) return answer;
  if (answer.status >= 300 || answer.json === null) return refused(answer, wire);
  const pending = secondFactor.safeParse(answer.json.value);
  return pending.success ? withCode(wire, pending.data) : entityIn(answer, wire);
};

/** Logs in by REST. What was refused is not sent again; what got no proper answer is sent once more. */
export const logInByRest = async (wire: Wire): Promise<SignedIn> => {
  const result = await attempt(wire);
  if ('token' in result || !result.again) return result;
  const { retryBaseMs: baseMs, retryMostMs: mostMs, retryAfterMostMs } = wire.settings;
  await pause(retryDelay(1, null, { baseMs, mostMs, retryAfterMostMs }, Math.random()), wire.signal);
  return attempt(wire);
};

/** Refusals that a login by password would only meet again, or make worse. */
const FINAL = new Set(['crm-locked-out', 'crm-rate-limited', 'crm-two-factor-required']);

/**
 * A new token for a refresh token, which works once. Null when there is none, when it was refused, when its answer was
 * lost, or when the same token came back: then only a login helps.
 */
export const refresh = async (wire: Wire, stale: CrmToken): Promise<CrmToken | null> => {
  if (stale.refreshToken === null) return null;
  const body = { company: wire.account.company, refresh_token: stale.refreshToken };
  const answer = await post(wire, `${restAddress(wire, stale)}/admin/auth/refresh-token`, body);
  const result = isRefused(answer) ? answer : refreshed(answer, wire);
  if ('token' in result) {
    return result.token.token === stale.token ? null : { ...result.token, way: stale.way };
  }
  if (FINAL.has(result.refusal.code)) throw result.refusal;
  return null;
};

const refreshed = (answer: Answer, wire: Wire): SignedIn => {
  if (answer.status >= 300) return refused(answer, wire);
  return secondFactor.safeParse(answer.json?.value).success
    ? stop(twoFactorRequired())
    : entityIn(answer, wire);
};
