import { Refusal } from '../errors.ts';

/** The service's own PostgreSQL cannot start. One line: what happened, why, what to do. */
export const refuseToStart = (message: string, cause?: unknown): Refusal => {
  const refusal = new Refusal('unavailable', 'database-not-started', message);
  refusal.cause = cause;
  return refusal;
};

/** By its shape: an error of Node's own is no instance of this realm's Error when the tests run it. */
export const reasonOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);

/** Whether the operating system said no with one of these codes, such as ENOENT. */
export const failedWith = (error: unknown, ...codes: string[]): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
