import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { Refusal } from '../../src/shared/errors.ts';
import { decodeCursor, encodeCursor, page } from '../../src/shared/http/keyset-page.ts';

const SHAPE = z.tuple([z.string(), z.int()]);
const LIST = 'leads:-createdAt';
const read = (cursor: string, of = LIST): [string, number] => decodeCursor(cursor, of, SHAPE);

describe('a cursor', () => {
  it('leads back to the values it was made of', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(text, fc.integer(), (name, id) => {
        expect(read(encodeCursor([name, id], LIST))).toEqual([name, id]);
      }),
    );
  });

  it.each([
    ['of another list', encodeCursor(['a', 1], 'bookings')],
    ['of the same list in another order', encodeCursor(['a', 1], 'leads:name')],
    ['with too many values', encodeCursor(['a', 1, 2], LIST)],
    ['with too few values', encodeCursor(['a'], LIST)],
    ['with values of another type', encodeCursor([1, 'a'], LIST)],
    ['with a number no database takes', encodeCursor(['a', 1e300], LIST)],
    ['with a text no database takes', encodeCursor(['a\0', 1], LIST)],
    ['with half a surrogate pair', encodeCursor(['\ud800', 1], LIST)],
    ['with an object in it', encodeCursor([{ $ne: null }, 1], LIST)],
    ['that is an object', Buffer.from('{"0":"leads:-createdAt"}').toString('base64url')],
    ['that is empty', ''],
    ['that is no base64', '*'],
    ['that is no JSON', 'AAAA'],
    ['that is nested without end', Buffer.from('['.repeat(700)).toString('base64url')],
  ])('%s is refused and not quoted', (_, cursor) => {
    expect(() => read(cursor)).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        code: 'cursor-invalid',
        details: { errors: [{ pointer: '?cursor', detail: 'is not a cursor of this list in this order' }] },
      }),
    );
  });

  it('is read or refused, whatever it is', () => {
    const arbitrary = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    fc.assert(
      fc.property(arbitrary, (cursor) => {
        try {
          read(cursor);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
    );
  });
});

describe('a page', () => {
  const cursorOf = (row: number): string => `after ${row}`;

  it('has a next one when there is a surplus row, which it does not show', () => {
    expect(page([1, 2, 3], 2, cursorOf)).toEqual({ data: [1, 2], page: { nextCursor: 'after 2', limit: 2 } });
  });

  it.each([[[1, 2]], [[1]], [[]]])('is the last one without: %j', (rows: number[]) => {
    expect(page(rows, 2, cursorOf)).toEqual({ data: rows, page: { nextCursor: null, limit: 2 } });
  });
});
