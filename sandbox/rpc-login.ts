import type { IncomingHttpHeaders } from 'node:http';
import type { Verdict } from './credentials.ts';
import { ACCESS_DENIED, error, result, type Params, type RpcOutcome } from './rpc-answer.ts';
import type { World } from './world.ts';

const noSuchUser = (): RpcOutcome => error(-33003, 'User with this login and password not found');
const noSuchCompany = (): RpcOutcome => error(-33001, 'Company with this login does not exist');

const REFUSALS: Partial<Record<Verdict, () => RpcOutcome>> = {
  locked: () => error(-32600, 'Too many attempts'),
  'unknown-company': noSuchCompany,
  'not-allowed': ACCESS_DENIED,
  hipaa: () => error(-33005, 'This action is not allowed when HIPAA is on'),
  blocked: () => error(-33004, 'User is blocked'),
  'api-off': () => error(-32001, 'Custom feature is disabled'),
  // A second factor and an address to confirm have no code of their own.
  'second-factor': noSuchUser,
  'confirm-ip': noSuchUser,
  wrong: noSuchUser,
};

export const getUserToken = ({ credentials, tokens }: World, params: Params): RpcOutcome => {
  const [company, login, password] = params('company', 'login', 'password');
  const verdict = credentials.judge({ company, login, password }, 'rpc');
  if (verdict === 'ok') return result(tokens.issue('user'));
  return (REFUSALS[verdict] ?? noSuchUser)();
};

/** By the company's API key: opens the public service and nothing else. */
export const getToken = ({ account, tokens }: World, params: Params): RpcOutcome => {
  const [company, key] = params('company', 'key');
  if (company !== account.company) return noSuchCompany();
  return key === account.apiKey ? result(tokens.issue('public')) : error(-33002, 'Wrong API key');
};

/** Its parameters were never recorded: ours is refused to everybody. */
export const getApplicationToken = (): RpcOutcome => ACCESS_DENIED();

/** Where a company lives, asked without credentials. */
export const getServiceUrl = ({ account, faults }: World, params: Params): RpcOutcome => {
  const { domain } = account;
  faults.strikeIfSet(['serviceUrl']);
  if (params('company')[0] !== account.company) return noSuchCompany();
  return result(
    { domain, url: `https://${account.company}.${domain}/`, 'api-url': `https://user-api.${domain}` }[
      faults.switches.serviceUrl
    ],
  );
};

/** Which header a token comes in is told in two ways; the safe choice is to send both. */
const tokenIn = ({ faults }: World, headers: IncomingHttpHeaders): string => {
  const { rpcHeader } = faults.switches;
  const asUser = rpcHeader === 'x-token' ? undefined : headers['x-user-token'];
  const asToken = rpcHeader === 'x-user-token' ? undefined : headers['x-token'];
  return String(asUser ?? asToken ?? '');
};

/** Why these headers do not open the company's administration; null when they do. No reason is ever told. */
export const refusedAdmin = (world: World, headers: IncomingHttpHeaders, path: string): RpcOutcome | null => {
  const { accessDenied, restTokenOnRpc, rpcSlash } = world.faults.switches;
  const token = world.tokens.use(tokenIn(world, headers));
  const isKnown = token !== null && !token.expired && headers['x-company-login'] === world.account.company;
  const isRightKind = token?.origin === 'user' || (token?.origin === 'rest' && restTokenOnRpc);
  const isRightPath = rpcSlash === 'any' || path.endsWith('/');
  if (accessDenied && isKnown) world.faults.strike('accessDenied');
  return isKnown && isRightKind && isRightPath && !accessDenied ? null : ACCESS_DENIED();
};

/** The public service takes the API key's token in X-Token. */
export const refusedPublic = (world: World, headers: IncomingHttpHeaders): RpcOutcome | null => {
  const token = world.tokens.use(String(headers['x-token'] ?? ''));
  const isGood = token?.origin === 'public' && !token.expired;
  return isGood && headers['x-company-login'] === world.account.company ? null : ACCESS_DENIED();
};
