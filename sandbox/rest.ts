import { failure, json, notFoundPage, type Answer, type Ask } from './answers.ts';
import {
  cancelBooking,
  listBookings,
  listProviders,
  listServices,
  readBooking,
  readProvider,
  readService,
} from './booking-list.ts';
import { listClients } from './client-list.ts';
import {
  createClient,
  deleteClient,
  editClient,
  editClientByPost,
  listClientFields,
  readFieldValues,
  readClient,
} from './client-routes.ts';
import type { Route } from './route.ts';
import { isRpc, rpcRouteOf } from './rpc.ts';
import { addWebhook, listWebhooks, removeWebhook } from './webhook-routes.ts';
import type { World } from './world.ts';

const BOOKING = /^\/admin\/bookings\/(\d+)$/;
const CLIENT = /^\/admin\/clients\/(\d+)$/;

/** GET /admin: 401 without a token, which makes it a cheap sign of life. */
const health = (): Answer => json(200, []);

const companyInfo = ({ account, faults }: World): Answer =>
  json(200, {
    login: account.company,
    name: 'Acme Studio',
    description: 'An invented company.',
    email: account.login,
    phone: '+4930123456',
    ...(faults.switches.companyTimezone === '' ? {} : { timezone: faults.switches.companyTimezone }),
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
  {
    name: 'field-values',
    method: 'GET',
    path: /^\/admin\/clients\/field-values\/(\d+)$/,
    answer: readFieldValues,
  },
  { name: 'client', method: 'GET', path: CLIENT, answer: readClient },
  { name: 'edit-client', method: 'PUT', path: CLIENT, answer: editClient },
  { name: 'edit-client', method: 'POST', path: CLIENT, answer: editClientByPost },
  { name: 'delete-client', method: 'DELETE', path: CLIENT, answer: deleteClient },
  { name: 'bookings', method: 'GET', path: /^\/admin\/bookings$/, answer: listBookings },
  { name: 'booking', method: 'GET', path: BOOKING, answer: readBooking },
  { name: 'booking', method: 'DELETE', path: BOOKING, answer: cancelBooking },
  { name: 'services', method: 'GET', path: /^\/admin\/services$/, answer: listServices },
  { name: 'service', method: 'GET', path: /^\/admin\/services\/(\d+)$/, answer: readService },
  { name: 'providers', method: 'GET', path: /^\/admin\/providers$/, answer: listProviders },
  { name: 'provider', method: 'GET', path: /^\/admin\/providers\/(\d+)$/, answer: readProvider },
  { name: 'webhooks', method: 'GET', path: /^\/admin\/webhooks$/, answer: listWebhooks },
  { name: 'add-webhook', method: 'POST', path: /^\/admin\/webhooks$/, answer: addWebhook },
  {
    name: 'remove-webhook',
    method: 'DELETE',
    path: /^\/admin\/webhooks\/(\d{1,9})$/,
    answer: removeWebhook,
  },
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
