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

/** Readings of the list of clients; and where it comes in another order for each request. */
const PASSES = { clients: 3, shuffled: 10 };
/** The list of bookings is read whole, from its end, and from a day on, each of them until it is proven. */
const PASSES_OF_BOOKINGS = { usual: 7, shuffled: 21 };
/** Requests more in each reading. */
const MORE = 3;
/** How often a question is asked until an answer can be used. */
const TRIES = 5;

/** Searches by JSON-RPC, where pages prove nothing: one for each digit and letter, for two lists at most. */
const SEARCHES = 2 * 36;

const CLIENT_LISTS = new Set<RouteName>(['clients', 'rpc-clients']);
const BOOKING_LISTS = new Set<RouteName>(['bookings', 'rpc-bookings']);

const pages = (rows: number, { faults }: Company): number => {
  const { onPageCap, onPageFixed } = faults.switches;
  return Math.ceil(rows / (onPageFixed > 0 ? onPageFixed : Math.min(100, Math.max(1, onPageCap))));
};

/** Most requests for lists, and for everything else: the company, services and providers, each changed client's fields. */
const limitsOf = (company: Company): { clients: number; bookings: number; rest: number } => {
  const { crm, bookings, faults } = company;
  const isShuffled = faults.switches.order === 'shuffle';
  const clients = crm.all().length + crm.rows.length + weirdRows(faults.switches.weird).length;
  const booked = bookings.all().length + bookings.rows.length;
  const ofBookings = isShuffled ? PASSES_OF_BOOKINGS.shuffled : PASSES_OF_BOOKINGS.usual;
  return {
    clients:
      (isShuffled ? PASSES.shuffled : PASSES.clients) * (pages(clients, company) + MORE) +
      (faults.switches.restMissing ? SEARCHES : 0),
    bookings: ofBookings * (pages(booked, company) + MORE),
    rest: MORE + clients,
  };
};

const beyond = (what: string, count: number, most: number): string[] =>
  count > most ? [`${count} requests for ${what}, ${most} at most`] : [];

/** What a sync asked for more often than it may. */
const overasked = (company: Company, list: readonly Asked[]): string[] => {
  const asked = list.filter(({ route }) => !SIGN_IN.has(route));
  const inVain = asked.filter(isInVain);
  const good = asked.filter((one) => !isInVain(one));
  const clients = good.filter(({ route }) => CLIENT_LISTS.has(route)).length;
  const bookings = good.filter(({ route }) => BOOKING_LISTS.has(route)).length;
  const questions = new Set(inVain.map(({ route, page }) => `${route} ${page}`)).size;
  const most = limitsOf(company);
  return [
    ...beyond('clients', clients, most.clients),
    ...beyond('bookings', bookings, most.bookings),
    ...beyond('the rest', good.length - clients - bookings, most.rest),
    ...beyond(`${questions} questions in vain`, inVain.length, TRIES * questions * PASSES.clients),
  ];
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
