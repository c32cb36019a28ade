import { isNativeError } from 'node:util/types';

/** What of an error may stand in a log: never its message, which can quote a row, a request or an answer. */
export type SafeError = {
  name: string;
  code?: string;
  constraint?: string;
  table?: string;
  stack: string[];
  cause?: SafeError;
};

const MOST_FRAMES = 20;
const IDENTIFIER = /^[A-Za-z0-9_.$-]{1,63}$/;
const FRAME = /^ {4}at (?:[^()\n]{1,200} \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\)[^()\n]{1,500}:\d+:\d+\)?$/;

const identifier = (error: object, key: string): Record<string, string> => {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' && IDENTIFIER.test(value) ? { [key]: value } : {};
};

/** The first run of frames. Lines that stand in the message as well are the message's, whatever they look like. */
const framesOf = ({ stack = '', message }: Error): string[] => {
  const lines = stack.split('\n');
  const isFrame = (line: string): boolean => FRAME.test(line) && !message.includes(line.trim());
  const start = lines.findIndex(isFrame);
  if (start < 0) return [];
  const rest = lines.slice(start, start + MOST_FRAMES);
  const end = rest.findIndex((line) => !isFrame(line));
  return (end < 0 ? rest : rest.slice(0, end)).map((line) => line.trim());
};

/** Name, code, constraint, table and stack frames; the same of what caused it. */
export const safeError = (error: unknown, depth = 0): SafeError => {
  if (!isNativeError(error)) return { name: `thrown ${typeof error}`, stack: [] };
  return {
    name: IDENTIFIER.test(error.name) ? error.name : 'Error',
    ...identifier(error, 'code'),
    ...identifier(error, 'constraint'),
    ...identifier(error, 'table'),
    stack: framesOf(error),
    ...(error.cause !== undefined && depth < 3 && { cause: safeError(error.cause, depth + 1) }),
  };
};
