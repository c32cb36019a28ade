import { Refusal } from '../../shared/errors.ts';
import { nestsDeeperThan } from '../../shared/http/json-text.ts';

const MOST_LEVELS = 16;
const MOST_FIELDS = 100;

const unreadable = (): Refusal =>
  new Refusal('invalid', 'malformed-body', 'The body is neither a JSON object nor a form.');

const textOf = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    throw unreadable();
  }
};

const jsonIn = (text: string): Record<string, unknown> => {
  if (nestsDeeperThan(text, MOST_LEVELS)) throw unreadable();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return ownMembers(value);
  } catch {
    throw unreadable();
  }
  throw unreadable();
};

/** Without a prototype: no name in it means more than what was sent. */
const ownMembers = (value: object): Record<string, unknown> => {
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(value).slice(0, MOST_FIELDS)) members[name] = member;
  return members;
};

const FIELD = /^[\w.[\]-]{1,64}$/;

const formIn = (text: string): Record<string, unknown> => {
  const fields = [...new URLSearchParams(text)];
  if (!text.includes('=') || fields.some(([name]) => !FIELD.test(name))) throw unreadable();
  return ownMembers(Object.fromEntries(fields));
};

/**
 * The members of a delivery, by its looks: what senders call their bodies is not to be relied on.
 * @throws Refusal when it is neither a JSON object nor a form
 */
export const membersOf = (bytes: Buffer): Record<string, unknown> => {
  const text = textOf(bytes);
  return /^[{["]/.test(text) ? jsonIn(text) : formIn(text);
};
