import { z } from 'zod';
import type { CrmToken } from '../crm-provider.ts';
import type { Json } from './json.ts';
import { isMissing, later, never, transportTrouble, type Outcome } from './outcome.ts';
import {
  answerUnusable,
  apiFeatureOff,
  apiNotAllowed,
  companyUnknown,
  credentialsRefused,
  lockedOut,
  permissionDenied,
  rateLimited,
  userBlocked,
  type CrmRefusal,
} from './refusals.ts';
import { rpcAddress, type Wire } from './wire.ts';

export type Service = '/login' | '/admin/';

/** What one call brought: its result, its error (`says` only ever to be searched, never shown), or neither. */
export type RpcExchange =
  | { kind: 'result'; json: Json }
  | { kind: 'error'; code: number; says: string }
  | { kind: 'missing' }
  | { kind: 'trouble'; outcome: Outcome<never> };

const ACCESS_DENIED = -32600;

/** "Access denied": the token is wrong, or has expired, or may not do this. Which of them is never told. */
export const isDenied = (exchange: RpcExchange): boolean =>
  exchange.kind === 'error' && exchange.code === ACCESS_DENIED && !/too many/i.test(exchange.says);

const resultEnvelope = z.object({ result: z.unknown() });

const errorEnvelope = z.object({
  error: z.object({ code: z.coerce.number().int(), message: z.string().catch('') }),
});

const read = (json: Json): RpcExchange => {
  const failed = errorEnvelope.safeParse(json.value);
  if (failed.success) {
    const { code, message } = failed.data.error;
    return { kind: 'error', code, says: message.slice(0, 2_000) };
  }
  const done = resultEnvelope.safeParse(json.value);
  if (done.success && done.data.result !== undefined) {
    return { kind: 'result', json: { value: done.data.result, cut: json.cut } };
  }
  return { kind: 'trouble', outcome: later(answerUnusable('its JSON-RPC answer holds no result')) };
};

/** Both headers that are told to be the right one, with the same token. */
const headersOf = ({ account }: Wire, token: CrmToken | null): Record<string, string> =>
  token === null
    ? {}
    : { 'x-company-login': account.company, 'x-user-token': token.token, 'x-token': token.token };

/** One JSON-RPC call. `missing` also when the operator has left JSON-RPC out. */
export const callRpc = async (
  wire: Wire,
  service: Service,
  { method, params, token }: { method: string; params: unknown[]; token: CrmToken | null },
): Promise<RpcExchange> => {
  const address = rpcAddress(wire, token);
  if (address === null) return { kind: 'missing' };
  await wire.pace(wire.signal);
  const body = { jsonrpc: '2.0', method, params, id: 1 };
  const request = {
    method: 'POST',
    url: `${address}${service}`,
    headers: headersOf(wire, token),
    body,
  } as const;
  const exchange = await wire.rpc.exchange(request, wire.signal);
  if (isMissing(exchange)) return { kind: 'missing' };
  const trouble = transportTrouble(exchange);
  if (trouble !== null) return { kind: 'trouble', outcome: trouble };
  return exchange.kind === 'answer' && exchange.json !== null
    ? read(exchange.json)
    : { kind: 'trouble', outcome: later(answerUnusable('the answer is no JSON')) };
};

const REFUSALS: Record<number, (wire: Wire) => CrmRefusal> = {
  [-33001]: ({ account }) => companyUnknown(account.company, account.domain),
  [-33002]: credentialsRefused,
  [-33003]: credentialsRefused,
  [-33004]: userBlocked,
  [-33005]: apiNotAllowed,
  [-32001]: apiFeatureOff,
};

/** What an error means that has nothing to do with the token. At the login a lock-out, elsewhere a pace that is too fast. */
export const refusalOf = (
  wire: Wire,
  service: Service,
  { code, says }: { code: number; says: string },
): Outcome<never> => {
  if (/too many/i.test(says)) return service === '/login' ? never(lockedOut(null)) : later(rateLimited(null));
  if (code === ACCESS_DENIED) {
    return never(
      permissionDenied('SimplyBook.me does not let this user read that by JSON-RPC (access denied).'),
    );
  }
  return never(
    REFUSALS[code]?.(wire) ?? answerUnusable(`it refused the JSON-RPC call with the error code ${code}`),
  );
};
