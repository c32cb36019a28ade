import { json, notFoundPage, type Answer, type Ask, type RouteName } from './answers.ts';
import type { Route } from './route.ts';
import { callIn, error, rpcAnswer, type RpcOutcome } from './rpc-answer.ts';
import {
  getApplicationToken,
  getServiceUrl,
  getToken,
  getUserToken,
  refusedAdmin,
  refusedPublic,
} from './rpc-login.ts';
import { ADMIN_METHODS, PUBLIC_METHODS, type Method } from './rpc-methods.ts';
import type { World } from './world.ts';

/** Stands for the host `user-api.<domain>`: the JSON-RPC API lives on another one than REST. */
export const RPC_ROOT = '/rpc';

export const isRpc = (path: string): boolean => path === RPC_ROOT || path.startsWith(`${RPC_ROOT}/`);

type Service = {
  path: RegExp;
  methods: Record<string, Method>;
  refused: (world: World, ask: Ask) => RpcOutcome | null;
};

const SERVICES: readonly Service[] = [
  {
    path: /^\/rpc\/login\/?$/,
    methods: { getToken, getUserToken, getServiceUrl, getApplicationToken },
    refused: () => null,
  },
  {
    path: /^\/rpc\/admin\/?$/,
    methods: ADMIN_METHODS,
    refused: (world, { headers, path }) => refusedAdmin(world, headers, path),
  },
  {
    path: /^\/rpc\/?$/,
    methods: PUBLIC_METHODS,
    refused: (world, { headers }) => refusedPublic(world, headers),
  },
];

/** Addresses that circulate and were never there. */
const LEGACY = /^\/rpc\/(v2\/)?admin\/clients?$/;

const NAMES: Record<string, RouteName> = {
  getUserToken: 'rpc-login',
  getServiceUrl: 'rpc-service-url',
  getClientList: 'rpc-clients',
  getClient: 'rpc-client',
  getClientInfo: 'rpc-client',
  getBookings: 'rpc-bookings',
};

const methodsMap = ({ methods }: Service): Answer =>
  json(200, {
    transport: 'POST',
    envelope: 'JSON-RPC-2.0',
    methods: Object.fromEntries(Object.keys(methods).map((name) => [name, { transport: 'POST' }])),
  });

/** Nobody who is refused learns whether the method exists. */
const called = (world: World, ask: Ask, { methods, refused }: Service): Answer => {
  const { method, params, id } = callIn(ask);
  const refusal = refused(world, ask);
  if (refusal !== null) return rpcAnswer(refusal, id);
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  return rpcAnswer(known?.(world, params) ?? error(-32601, 'Method not found'), id);
};

/** What a request to the host of the JSON-RPC API is for. */
export const rpcRouteOf = (ask: Ask): Route => {
  const service = SERVICES.find(({ path }) => path.test(ask.path));
  const route = { method: ask.method, path: /^/, open: true } as const;
  if (service === undefined) {
    return { ...route, name: LEGACY.test(ask.path) ? 'legacy' : 'unknown', answer: notFoundPage };
  }
  if (ask.method === 'GET') return { ...route, name: 'rpc-map', answer: () => methodsMap(service) };
  const name = NAMES[callIn(ask).method] ?? 'rpc-other';
  return { ...route, name, answer: (world) => called(world, ask, service) };
};
