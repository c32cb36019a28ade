import type { CrmCheck, CrmToken } from '../crm-provider.ts';
import { knownDomain, SIMPLYBOOK_DOMAINS } from './domains.ts';
import { isMissing } from './outcome.ts';
import { CrmRefusal, loginForbidden, unreachable, wrongRegion } from './refusals.ts';
import { logInByRest, type Doubt } from './rest-login.ts';
import { callRpc, isDenied, refusalOf, type RpcExchange } from './rpc.ts';
import { restAddress, rpcAddress, type Wire } from './wire.ts';

/** By which login a token was got, and which API takes it: a token's `way`. */
export const WAYS = {
  rest: 'REST v2',
  'rpc-token': 'REST v2 with the token of JSON-RPC',
  rpc: 'JSON-RPC',
} as const;

export type WayIn = keyof typeof WAYS;

export const wayOf = (token: CrmToken | null): WayIn =>
  token?.way === 'rpc' || token?.way === 'rpc-token' ? token.way : 'rest';

/** Hears of each thing that is tried, in order. */
export type Tell = (check: CrmCheck) => void;

const nobody: Tell = () => undefined;

const LOG_IN_BY_REST = 'REST v2: log in (POST /admin/auth)';
const LOG_IN_BY_RPC = 'JSON-RPC: log in (getUserToken)';
const FIND_HOME = 'JSON-RPC: where the company lives (getServiceUrl)';
const TRY_TOKEN = 'REST v2: take the token of JSON-RPC (GET /admin/clients)';

const failed = (tried: string, { happened: answered, advice }: CrmRefusal): CrmCheck => ({
  tried,
  ok: false,
  answered,
  advice,
});

const passed = (tried: string, answered: string): CrmCheck => ({ tried, ok: true, answered, advice: null });

/** The login by JSON-RPC, told. Null when there is no JSON-RPC. Never sent twice: its answer may only have been lost. */
const logInByRpc = async (wire: Wire, way: WayIn, tell: Tell): Promise<CrmToken | CrmRefusal | null> => {
  const { company, login, secret } = wire.account;
  const call = { method: 'getUserToken', params: [company, login, secret], token: null };
  const exchange = await callRpc(wire, '/login', call);
  if (exchange.kind === 'missing') return null;
  const token = tokenIn(exchange);
  if (token === null) {
    const refusal = loginRefusal(wire, exchange);
    tell(failed(LOG_IN_BY_RPC, refusal));
    return refusal;
  }
  tell(passed(LOG_IN_BY_RPC, 'Logged in.'));
  return { token, refreshToken: null, domain: wire.account.domain, obtainedAt: Date.now(), way };
};

const tokenIn = (exchange: RpcExchange): string | null => {
  const value = exchange.kind === 'result' ? exchange.json.value : null;
  return typeof value === 'string' && /^[\x21-\x7e]{1,4000}$/.test(value) ? value : null;
};

const loginRefusal = (wire: Wire, exchange: RpcExchange): CrmRefusal => {
  if (isDenied(exchange)) return loginForbidden();
  const outcome =
    exchange.kind === 'error'
      ? refusalOf(wire, '/login', exchange)
      : exchange.kind === 'trouble'
        ? exchange.outcome
        : null;
  return outcome !== null && 'refusal' in outcome
    ? outcome.refusal
    : unreachable('its answer to getUserToken holds no token');
};

/** The domain in "simplybook.it", "https://acmestudio.simplybook.it/" or "https://user-api.simplybook.it". */
const domainIn = (told: unknown): string | null => {
  if (typeof told !== 'string' || told.length > 300) return null;
  const host = URL.canParse(told) ? new URL(told).hostname : told.trim().toLowerCase();
  return knownDomain(host) ?? SIMPLYBOOK_DOMAINS.find((domain) => host.endsWith(`.${domain}`)) ?? null;
};

/** Asks, without credentials, where the company lives: on another domain, nowhere, or here as far as anybody knows. */
const homeOf = async (wire: Wire, tell: Tell): Promise<{ domain: string } | 'nowhere' | 'here'> => {
  const { company, domain } = wire.account;
  const call = { method: 'getServiceUrl', params: [company], token: null };
  const exchange = await callRpc(wire, '/login', call);
  if (exchange.kind === 'missing') return 'here';
  if (exchange.kind === 'error' && exchange.code === -33001) {
    tell({ ...passed(FIND_HOME, 'It knows no such company.'), ok: false });
    return 'nowhere';
  }
  const home = exchange.kind === 'result' ? domainIn(exchange.json.value) : null;
  if (home === null) return 'here';
  const isHere = home === domain;
  const advice = isHere ? null : `Connect the company with "domain": "${home}".`;
  tell({ ...passed(FIND_HOME, `On ${home}.`), advice });
  return isHere ? 'here' : { domain: home };
};

/** A company that is unknown here may be known to live elsewhere. */
const located = async (wire: Wire, refusal: CrmRefusal, tell: Tell): Promise<CrmRefusal> => {
  const { company, domain } = wire.account;
  const home = refusal.code === 'crm-company-unknown' ? await homeOf(wire, tell) : 'here';
  return typeof home === 'string' ? refusal : wrongRegion(company, domain, home.domain);
};

/** Whether REST takes a token of JSON-RPC. Only a clear no is a no. */
const restTakes = async (wire: Wire, token: CrmToken, tell: Tell): Promise<boolean> => {
  await wire.pace(wire.signal);
  const headers = { 'x-company-login': wire.account.company, 'x-token': token.token };
  const url = `${restAddress(wire, token)}/admin/clients`;
  const query = { page: 1, on_page: 1 };
  const exchange = await wire.rest.exchange({ method: 'GET', url, query, headers }, wire.signal);
  const isRefused = exchange.kind === 'answer' && [401, 419].includes(exchange.status);
  if (!isRefused && !isMissing(exchange)) return true;
  tell({ ...passed(TRY_TOKEN, isRefused ? 'It refused the token.' : 'REST is not there.'), ok: false });
  return false;
};

/** Codes with which JSON-RPC says more than REST's "wrong login or password". */
const KNOWS_BETTER = new Set([
  'crm-user-blocked',
  'crm-api-not-allowed',
  'crm-api-feature-off',
  'crm-locked-out',
]);

const afterRefusal = async (wire: Wire, refusal: CrmRefusal, tell: Tell): Promise<CrmToken> => {
  const second = await logInByRpc(wire, 'rpc-token', tell);
  if (second === null) throw refusal;
  if (second instanceof CrmRefusal) throw KNOWS_BETTER.has(second.code) ? second : refusal;
  return (await restTakes(wire, second, tell)) ? second : { ...second, way: 'rpc' };
};

const withoutRest = async (wire: Wire, refusal: CrmRefusal, tell: Tell): Promise<CrmToken> => {
  const second = await logInByRpc(wire, 'rpc', tell);
  if (second === null || (second instanceof CrmRefusal && second.kind !== 'unprocessable')) throw refusal;
  if (second instanceof CrmRefusal) throw second;
  return second;
};

/** What can still be tried when REST gave no token; the address is asked about before a secret is sent again. */
const elsewhere = async (wire: Wire, doubt: Doubt, refusal: CrmRefusal, tell: Tell): Promise<CrmToken> => {
  if (doubt === 'credentials') return afterRefusal(wire, refusal, tell);
  const home = await homeOf(wire, tell);
  if (home === 'nowhere' || (home === 'here' && doubt === 'company')) throw refusal;
  if (home !== 'here') throw wrongRegion(wire.account.company, wire.account.domain, home.domain);
  return withoutRest(wire, refusal, tell);
};

const fromTheTop = async (wire: Wire, tell: Tell): Promise<CrmToken> => {
  const first = await logInByRest(wire);
  if ('token' in first) {
    tell(passed(LOG_IN_BY_REST, 'Logged in.'));
    return first.token;
  }
  tell(failed(LOG_IN_BY_REST, first.refusal));
  if (first.doubt === null || rpcAddress(wire, null) === null) throw first.refusal;
  return elsewhere(wire, first.doubt, first.refusal, tell);
};

/**
 * The ways in, in order, until one opens; begins with `last`, the one that worked before. A secret is sent twice at
 * most, because wrong ones lock the login: to REST, and where REST refuses it or is not there, once to JSON-RPC. A
 * second factor, a lock-out or a clear no is no reason to try the other API.
 */
export const signIn = async (wire: Wire, last: WayIn, tell: Tell = nobody): Promise<CrmToken> => {
  if (last === 'rest') return fromTheTop(wire, tell);
  const token = await logInByRpc(wire, last, tell);
  if (token === null) return fromTheTop(wire, tell);
  if (token instanceof CrmRefusal) throw await located(wire, token, tell);
  return token;
};

/** A token for JSON-RPC alone, where the shared one is of no use. */
export const userToken = async (wire: Wire): Promise<CrmToken> => {
  const token = await logInByRpc(wire, 'rpc', nobody);
  if (token === null) throw unreachable('JSON-RPC does not answer');
  if (token instanceof CrmRefusal) throw await located(wire, token, nobody);
  return token;
};
