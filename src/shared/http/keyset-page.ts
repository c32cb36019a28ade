import type { z } from 'zod';
import { Refusal } from '../errors.ts';
import { flawsOf, nestsDeeperThan } from './json-text.ts';

/** What every list answers. */
export type Page<Row> = { data: Row[]; page: { nextCursor: string | null; limit: number } };

const BASE64URL = /^[A-Za-z0-9_-]{1,1000}$/;

/**
 * The place after a row: the values its list is sorted by. `of` names the list and its order (`leads:-createdAt`), so
 * that a cursor fits no other.
 */
export const encodeCursor = (values: readonly unknown[], of: string): string =>
  Buffer.from(JSON.stringify([of, ...values])).toString('base64url');

/**
 * @param shape what the values must be, for example `z.tuple([z.iso.datetime(), z.uuid()])`; anybody can forge a cursor
 * @throws Refusal `cursor-invalid`
 */
export const decodeCursor = <Values>(cursor: string, of: string, shape: z.ZodType<Values>): Values => {
  const content = contentOf(cursor);
  if (Array.isArray(content) && content[0] === of && flawsOf(content).length === 0) {
    const values = shape.safeParse(content.slice(1));
    if (values.success) return values.data;
  }
  throw new Refusal(
    'invalid',
    'cursor-invalid',
    'The cursor is not one of this list. Start again without it.',
    {
      errors: [{ pointer: '?cursor', detail: 'is not a cursor of this list in this order' }],
    },
  );
};

const contentOf = (cursor: string): unknown => {
  if (!BASE64URL.test(cursor)) return null;
  const json = Buffer.from(cursor, 'base64url').toString();
  if (nestsDeeperThan(json, 2)) return null;
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
};

/** One page of a list. Ask for `limit + 1` rows: the surplus row tells that there is a next page. */
export const page = <Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): Page<Row> => {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? cursorOf(last) : null;
  return { data, page: { nextCursor, limit } };
};
