import { z } from 'zod';
import { Refusal } from '../../shared/errors.ts';

/** Where leads come from, as the lists of the API call it. */
export const SOURCE = 'SimplyBook.me';

/** The connection that a filter by source means; undefined: any. @throws Refusal */
export const connectionIn = (source: string | undefined): string | undefined => {
  if (source === undefined || source === SOURCE) return undefined;
  if (z.uuid().safeParse(source).success) return source;
  throw new Refusal('invalid', 'invalid-request', 'The request has values that cannot be used.', {
    errors: [{ pointer: '?source', detail: `must be ${SOURCE} or the id of a connection` }],
  });
};
