import { json, jsonText, members, type Answer, type Ask } from './answers.ts';

/** What a method comes to. `text` is JSON already. */
export type RpcOutcome = { text: string } | { code: number; message: string; data?: unknown };

export const result = (value: unknown): RpcOutcome => ({ text: JSON.stringify(value) });

/** PHP writes an empty map as `[]`, in errors too. */
export const error = (code: number, message: string, data: unknown = []): RpcOutcome => ({
  code,
  message,
  data,
});

export const ACCESS_DENIED = (): RpcOutcome => error(-32600, 'Access denied');

/** Parameters by name or in this order, whichever way they came. */
export type Params = (...names: string[]) => unknown[];

export type Call = { method: string; params: Params; id: unknown };

const paramsOf = (given: unknown): Params => {
  if (Array.isArray(given)) return (...names) => names.map((_, index): unknown => given[index]);
  const named: Record<string, unknown> = typeof given === 'object' && given !== null ? { ...given } : {};
  return (...names) => names.map((name) => named[name]);
};

/** The call in the body; its method is empty when it is none. */
export const callIn = (ask: Ask): Call => {
  const { method, params, id } = members(ask.body);
  return { method: typeof method === 'string' ? method : '', params: paramsOf(params), id: id ?? null };
};

/** HTTP 200, whatever happened. */
export const rpcAnswer = (outcome: RpcOutcome, id: unknown): Answer => {
  if ('text' in outcome) {
    return jsonText(200, `{"result":${outcome.text},"id":${JSON.stringify(id)},"jsonrpc":"2.0"}`);
  }
  return { ...json(200, { error: outcome, id, jsonrpc: '2.0' }), rpcError: outcome.code };
};
