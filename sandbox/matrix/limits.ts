import type { Company } from '../companies.ts';
import type { RouteName } from '../answers.ts';
import type { Asked } from '../requests.ts';
import { weirdRows } from '../weird.ts';
import type { Profile } from './profile.ts';

/** What the CRM was asked, as it counted. */
export type Cost = { requests: number; logins: number; refreshes: number };

const SIGN_IN = new Set<RouteName>(['login', 'rpc-login', 'two-factor', 'rpc-service-url', 'refresh']);
const LOGINS: readonly string[] = ['login', 'rpc-login'];

export const costOf = (list: readonly Asked[]): Cost => ({
  requests: list.length,
  logins: list.filter(({ route }) => LOGINS.includes(route)).length,
  refreshes: list.filter(({ route }) => route === 'refresh').length,
});

/** Struck by a trouble, told to ask less often, or with a token that had expired: the question is asked again. */
const isInVain = ({ trouble, status, rpcError }: Asked): boolean =>
  trouble !== null || rpcError !== null || [400, 401, 403, 419, 429].includes(status ?? 0);

const isRefusedLogin = (asked: Asked): boolean =>
  LOGINS.includes(asked.route) && asked.trouble === null && (asked.status !== 200 || asked.rpcError !== null);

const PASSES = 3;
/** Where the list comes in another order for each request. */
const PASSES_OF_A_SHUFFLED_LIST = 10;
const MORE = 3;
/** How often a question is asked until an answer can be used. */
const TRIES = 5;

/** The pages of the list as it is now. */
const pagesOf = ({ crm, faults }: Company): number => {
  const { onPageCap, onPageFixed, weird } = faults.switches;
  const size = onPageFixed > 0 ? onPageFixed : Math.min(100, Math.max(1, onPageCap));
  return Math.ceil((crm.all().length + crm.rows.length + weirdRows(weird).length) / size);
};

/**
 * What a sync asked for more often than it may: three passes of the list with three requests more in each, and each
 * question five times at most in a pass.
 */
const overasked = (company: Company, list: readonly Asked[]): string[] => {
  const asked = list.filter(({ route }) => !SIGN_IN.has(route));
  const inVain = asked.filter(isInVain);
  const passes = company.faults.switches.order === 'shuffle' ? PASSES_OF_A_SHUFFLED_LIST : PASSES;
  const most = passes * (pagesOf(company) + MORE);
  const questions = new Set(inVain.map(({ route, page }) => `${route} ${page}`)).size;
  const wrong = [];
  if (asked.length - inVain.length > most)
    wrong.push(`${asked.length - inVain.length} requests, ${most} at most`);
  if (inVain.length > TRIES * questions * PASSES)
    wrong.push(`${inVain.length} requests in vain for ${questions} questions`);
  return wrong;
};

/** What one sync did to the CRM that it may not do. */
export const overstepped = (company: Company): string[] => {
  const { list } = company.requests;
  const { maxConcurrent } = company.requests.summary();
  return [
    ...overasked(company, list),
    ...(maxConcurrent > 1 ? [`${maxConcurrent} requests at the same time`] : []),
  ];
};

const MOST_LOGINS = 2;

/** What the whole visit, connecting and both syncs, did to the login. JSON-RPC may be asked once where REST refused. */
export const overloggedIn = (list: readonly Asked[], profile: Profile): string[] => {
  const { logins } = costOf(list);
  const most = profile.logins ?? MOST_LOGINS;
  const refused = list.filter(isRefusedLogin);
  const twice = LOGINS.filter((route) => refused.filter((asked) => asked.route === route).length > 1);
  return [
    ...(logins > most ? [`${logins} logins, ${most} at most`] : []),
    ...twice.map((route) => `logged in again (${route}) after a refusal`),
  ];
};
