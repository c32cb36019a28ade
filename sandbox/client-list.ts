import type { Answer, Ask } from './answers.ts';
import { rowJson } from './client-json.ts';
import { drift } from './drift.ts';
import type { Switches } from './faults.ts';
import { cut, listAnswer, metadataOf, shuffled, tricksOf, windowOf } from './list-tricks.ts';
import { folded, personOf, type Client } from './people.ts';
import { weirdRows } from './weird.ts';
import type { World } from './world.ts';

/** A row is a client or a JSON text that only looks like one. */
type Row = Client | string;

const rowsOf = ({ crm, faults }: World, search: string, tricks: Readonly<Switches>): readonly Row[] => {
  const { listDeleted, weird, sees } = faults.switches;
  const { order, empty } = tricks;
  if (empty) return [];
  const all = crm.list({ order: order === 'id' ? 'id' : 'name', deleted: listDeleted, search });
  const clients = sees > 1 ? all.filter(({ id }) => id % sees === 0) : all;
  const odd = search === '' ? [...crm.rows, ...weirdRows(weird)] : [];
  const rows = odd.length === 0 ? clients : [...clients, ...odd];
  return order === 'shuffle' ? shuffled(rows, faults.struck['order'] ?? 0) : rows;
};

const invented = (page: number, size: number): Client[] =>
  Array.from({ length: size }, (_, index) => {
    const id = 100_000_000 + page * size + index;
    return { ...personOf({ seed: 1, clean: true }, id), id, deleted: false };
  });

/** First row of each initial, in the order of the list; names that start with no letter stand under "...". */
const alphabetIndex = (rows: readonly Row[]): { letter: string; index: number }[] => {
  const firsts = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const initial = typeof row === 'string' ? '' : folded(row.name.slice(0, 2)).charAt(0).toUpperCase();
    const letter = /^\p{L}$/u.test(initial) ? initial : '...';
    if (!firsts.has(letter)) firsts.set(letter, index);
  }
  return [...firsts].map(([letter, index]) => ({ letter, index }));
};

const indexes = new WeakMap<readonly Row[], ReturnType<typeof alphabetIndex>>();

const alphabetOf = (rows: readonly Row[]): ReturnType<typeof alphabetIndex> => {
  const index = indexes.get(rows) ?? alphabetIndex(rows);
  indexes.set(rows, index);
  return index;
};

/** The switches that shape every list; the others count themselves where they strike. */
const SHAPING = [
  'onPageFixed',
  'onPageEcho',
  'order',
  'itemsCount',
  'pagesCount',
  'metadata',
  'bareArray',
  'empty',
  'ids',
  'hide',
  'sees',
  'listDeleted',
  'weird',
] as const;

/** GET /admin/clients. Parameters it does not know it ignores, without a word. */
export const listClients = (world: World, ask: Ask): Answer => {
  const { crm, faults } = world;
  faults.strikeIfSet(SHAPING);
  const tricks = tricksOf(faults, 'clients');
  const window = windowOf(ask.query, tricks);
  const rows = rowsOf(world, ask.query.get('filter[search]') ?? '', tricks);
  const shown = cut(faults, tricks, rows, window, () => invented(window.page, window.size));
  const data = shown.map((row) => (typeof row === 'string' ? row : rowJson(crm, row, faults.switches)));
  const alphabet = rows.length === 0 ? {} : { alphabet_index: alphabetOf(rows) };
  const metadata = metadataOf(tricks, rows.length, window, alphabet);
  if (tricks.drift !== 'none') drift(world, rows, window);
  return listAnswer(tricks, data, metadata);
};
