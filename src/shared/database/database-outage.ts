import { isNativeError } from 'node:util/types';

/** SQLSTATE classes and codes that say "not now": the same request can succeed later. */
const SQLSTATE = /^(?:08|28|53|57|58)[0-9A-Z]{3}$|^(?:3D000|25006|25P03|25P04|40001|40P01|55P03)$/;
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** What pg and pg-pool throw without any code. */
const MESSAGE =
  /^(?:Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client (?:has encountered a connection error|was closed) and is not queryable|Cannot use a pool after calling end)/;

/** Whether an error, or what caused it, is one of these. */
const isWithin = (
  error: unknown,
  matches: (code: string, message: string) => boolean,
  depth = 0,
): boolean => {
  if (!isNativeError(error) || depth > 5) return false;
  if (matches('code' in error ? String(error.code) : '', error.message)) return true;
  const within = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  return [error.cause, ...within].some((inner) => isWithin(inner, matches, depth + 1));
};

/** Whether an error means that the database cannot be reached or cannot work at the moment. */
export const isDatabaseOutage = (error: unknown): boolean =>
  isWithin(error, (code, message) => SQLSTATE.test(code) || SYSTEM.has(code) || MESSAGE.test(message));

/** Whether the database has said that it has no room: it can be reached and read, and nothing can be written. */
export const isDiskFull = (error: unknown): boolean => isWithin(error, (code) => code === '53100');
