import { failure, json, notFoundPage, type Answer, type Ask } from './answers.ts';
import { listClients } from './client-list.ts';
import {
  createClient,
  deleteClient,
  editClient,
  editClientByPost,
  listClientFields,
  readClient,
} from './client-routes.ts';
import type { Route } from './route.ts';
import { isRpc, rpcRouteOf } from './rpc.ts';
import type { World } from './world.ts';

const CLIENT = /^\/admin\/clients\/(\d+)$/;

/** GET /admin: 401 without a token, which makes it a cheap sign of life. */
const health = (): Answer => json(200, []);

const companyInfo = ({ account }: World): Answer =>
  json(200, {
    login: account.company,
    name: 'Acme Studio',
    description: 'An invented company.',
    email: account.login,
    phone: '+4930123456',
    timezone: 'Europe/Berlin',
    country_id: 'DE',
    city: 'Berlin',
    zip: '10115',
    address1: 'Lindenweg 1',
    address2: '',
  });

export const ROUTES: readonly Route[] = [
  {
    name: 'login',
    method: 'POST',
    path: /^\/admin\/auth$/,
    open: true,
    answer: ({ auth }, ask) => auth.login(ask),
  },
  {
    name: 'refresh',
    method: 'POST',
    path: /^\/admin\/auth\/refresh-token$/,
    open: true,
    answer: ({ auth }, ask) => auth.refresh(ask),
  },
  {
    name: 'two-factor',
    method: 'POST',
    path: /^\/admin\/auth\/2fa$/,
    open: true,
    answer: ({ auth }, ask) => auth.secondFactor(ask),
  },
  {
    name: 'sms',
    method: 'GET',
    path: /^\/admin\/auth\/sms$/,
    open: true,
    answer: ({ auth }, ask) => auth.sendSms(ask),
  },
  {
    name: 'logout',
    method: 'POST',
    path: /^\/admin\/auth\/logout$/,
    answer: ({ auth }, ask) => auth.logout(ask),
  },
  { name: 'health', method: 'GET', path: /^\/admin\/?$/, answer: health },
  { name: 'company-info', method: 'GET', path: /^\/admin\/company\/info$/, answer: companyInfo },
  { name: 'clients', method: 'GET', path: /^\/admin\/clients$/, answer: listClients },
  { name: 'create-client', method: 'POST', path: /^\/admin\/clients$/, answer: createClient },
  { name: 'client-fields', method: 'GET', path: /^\/admin\/clients\/fields$/, answer: listClientFields },
  { name: 'client', method: 'GET', path: CLIENT, answer: readClient },
  { name: 'edit-client', method: 'PUT', path: CLIENT, answer: editClient },
  { name: 'edit-client', method: 'POST', path: CLIENT, answer: editClientByPost },
  { name: 'delete-client', method: 'DELETE', path: CLIENT, answer: deleteClient },
];

/** What a request is for. A path nobody knows is answered by a page, as any PHP site would. */
export const routeOf = (ask: Ask): Route => {
  const { method, path } = ask;
  if (isRpc(path)) return rpcRouteOf(ask);
  const there = ROUTES.filter((route) => route.path.test(path));
  const route = there.find((one) => one.method === method);
  if (route !== undefined) return route;
  const answer = there.length === 0 ? notFoundPage : () => failure(405, 'Method Not Allowed');
  return { name: 'unknown', method, path: /^/, open: true, answer };
};

export const answerTo = (world: World, ask: Ask, route: Route): Answer => {
  const missing = isRpc(ask.path) ? 'rpcMissing' : 'restMissing';
  if (world.faults.switches[missing]) {
    world.faults.strike(missing);
    return notFoundPage();
  }
  const refused = route.open === true ? null : world.auth.refusal(ask.headers);
  return refused ?? route.answer(world, ask, route.path.exec(ask.path)?.[1] ?? '');
};
