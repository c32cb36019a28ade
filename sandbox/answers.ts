import type { IncomingHttpHeaders } from 'node:http';

/** Every route by name: what the account counts by and what a trouble can be bound to. */
export const ROUTE_NAMES = [
  'login',
  'refresh',
  'two-factor',
  'sms',
  'logout',
  'health',
  'clients',
  'client',
  'create-client',
  'edit-client',
  'delete-client',
  'client-fields',
  'field-values',
  'company-info',
  'bookings',
  'booking',
  'services',
  'service',
  'providers',
  'provider',
  'webhooks',
  'add-webhook',
  'remove-webhook',
  'rpc-login',
  'rpc-service-url',
  'rpc-clients',
  'rpc-client',
  'rpc-bookings',
  'rpc-other',
  'rpc-map',
  'legacy',
  'unknown',
] as const;

export type RouteName = (typeof ROUTE_NAMES)[number];

/** A request as the routes see it. `body` is the raw text. */
export type Ask = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
};

/** `rpcError`: the code that JSON-RPC tells in the body, where HTTP says 200. */
export type Answer = {
  status: number;
  headers?: Record<string, string>;
  body: string;
  rpcError?: number;
};

const JSON_HEADERS = { 'content-type': 'application/json' };
const HTML_HEADERS = { 'content-type': 'text/html; charset=UTF-8' };

/** `text` is JSON already: lists are put together from pieces that were serialised before. */
export const jsonText = (status: number, text: string): Answer => ({
  status,
  headers: JSON_HEADERS,
  body: text,
});

export const json = (status: number, value: unknown): Answer => jsonText(status, JSON.stringify(value));

/** Field name to what is wrong with it. */
export type FieldFailures = Record<string, string[]>;

/**
 * The error body of every REST endpoint, exactly four keys. PHP writes an empty map as `[]`, and `code` may differ
 * from the HTTP status (419 inside a 401).
 */
export const failure = (
  status: number,
  message: string,
  details: { code?: number; data?: FieldFailures } = {},
): Answer =>
  json(status, {
    code: details.code ?? status,
    message,
    data: details.data ?? [],
    message_data: [],
  });

export const page = (status: number, title: string): Answer => ({
  status,
  headers: HTML_HEADERS,
  body: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
});

export const notFoundPage = (): Answer => page(404, '404 Not Found');

/** The members of a JSON object, or none of them for anything else: the routes then say which ones they miss. */
export const members = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
};
