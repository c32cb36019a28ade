import { z } from 'zod';
import type { Json } from './json.ts';

/** One answer to "list the clients, page n". What the CRM did not say, or said absurdly, is null. */
export type ListedPage = {
  records: unknown[];
  /** `items_count`: how many clients there are in all. */
  announced: number | null;
  pagesCount: number | null;
  /** How many records a page holds: the answer's word for it, not ours. */
  onPage: number | null;
};

const isRecord = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list with holes is written as a map by PHP. A map of anything but records is an error's `data`. */
const map = z
  .record(z.string(), z.unknown())
  .transform((members) => Object.values(members))
  .refine((values) => values.every(isRecord));

const envelope = z.object({ data: z.union([z.array(z.unknown()), map]), metadata: z.unknown().optional() });

const MOST = 1_000_000_000;
/** More pages than anybody could ask for: a number, but no count of anything. */
const MOST_PAGES = 1_000_000;

/** A number that can be a count, also when it comes as text. */
const countUpTo = (most: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,10}$/)
        .transform(Number),
    ])
    .pipe(z.number().int().min(0).max(most))
    .nullable()
    .catch(null);

const metadata = z
  .object({ items_count: countUpTo(MOST), pages_count: countUpTo(MOST_PAGES), on_page: countUpTo(MOST) })
  .catch({ items_count: null, pages_count: null, on_page: null });

/** The page, or what completes "SimplyBook.me answered, but …". The records themselves are not judged here. */
export const readPage = ({ value }: Json, of: string = 'clients'): ListedPage | string => {
  if (Array.isArray(value)) {
    if (value.length > 0 && !value.some(isRecord)) return 'the list holds no records';
    return { records: value, announced: null, pagesCount: null, onPage: null };
  }
  const parsed = envelope.safeParse(value);
  if (!parsed.success) return `the answer is not a list of ${of}`;
  const told = metadata.parse(parsed.data.metadata);
  return {
    records: parsed.data.data,
    announced: told.items_count,
    pagesCount: told.pages_count,
    onPage: told.on_page,
  };
};
