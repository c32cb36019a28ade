import { jsonText, type Answer, type Ask } from './answers.ts';
import { rowJson } from './client-json.ts';
import { drift } from './drift.ts';
import type { Switches } from './faults.ts';
import { folded, personOf, type Client } from './people.ts';
import { weirdRows } from './weird.ts';
import type { World } from './world.ts';

/** A row is a client or a JSON text that only looks like one. */
type Row = Client | string;
type Window = { page: number; size: number; asked: number };

const wholeNumber = (value: string | null, otherwise: number): number =>
  value !== null && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : otherwise;

/** Ten rows when nothing (or nonsense) is asked for. Other programs must go by `metadata.on_page`, not by their wish. */
export const windowOf = (query: URLSearchParams, { onPageCap, onPageFixed }: Readonly<Switches>): Window => {
  const asked = wholeNumber(query.get('on_page'), 10);
  const size = onPageFixed > 0 ? onPageFixed : Math.min(asked, Math.max(1, onPageCap));
  return { page: wholeNumber(query.get('page'), 1), size, asked };
};

/** Another order for each call, the same one for the same call of the same program. */
const shuffled = (rows: readonly Row[], turn: number): Row[] =>
  rows
    .map((row, index) => ({ row, rank: Math.imul(index + 1, 0x9e3779b1 + turn * 0x85ebca6a) >>> 0 }))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ row }) => row);

const rowsOf = ({ crm, faults }: World, search: string): readonly Row[] => {
  const { order, listDeleted, weird, empty } = faults.switches;
  if (empty) return [];
  const clients = crm.list({ order: order === 'id' ? 'id' : 'name', deleted: listDeleted, search });
  const odd = search === '' ? [...crm.rows, ...weirdRows(weird)] : [];
  const rows = odd.length === 0 ? clients : [...clients, ...odd];
  return order === 'shuffle' ? shuffled(rows, faults.struck['order'] ?? 0) : rows;
};

const invented = (page: number, size: number): Client[] =>
  Array.from({ length: size }, (_, index) => {
    const id = 100_000_000 + page * size + index;
    return { ...personOf({ seed: 1, clean: true }, id), id, deleted: false };
  });

/** What is on the page, with the tricks that change which rows a page holds. */
const cut = ({ faults }: World, rows: readonly Row[], { page, size }: Window): readonly Row[] => {
  const { repeatPage, endless } = faults.switches;
  const last = Math.ceil(rows.length / size);
  const shift = repeatPage > 0 && page > repeatPage ? 1 : 0;
  if (shift > 0 && page === repeatPage + 1) faults.strike('repeatPage');
  const past = page - shift > last && endless !== 'off';
  if (past) faults.strike('endless');
  if (past && endless === 'new') return invented(page, size);
  const start = ((past ? Math.max(last, 1) : page - shift) - 1) * size;
  return rows.slice(start, start + size);
};

const itemsCount = (count: number, says: Switches['itemsCount']): number | string | null | undefined =>
  ({
    true: count,
    more: count + 7,
    fewer: Math.max(0, count - 7),
    zero: 0,
    null: null,
    text: String(count),
    absent: undefined,
  })[says];

const pagesCount = (
  count: number,
  page: number,
  says: Switches['pagesCount'],
): number | string | null | undefined =>
  ({
    true: count,
    less: Math.max(0, count - 1),
    zero: 0,
    null: null,
    text: String(count),
    huge: 1_000_000_000,
    grows: page + 1,
    absent: undefined,
  })[says];

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

const metadataOf = ({ faults }: World, rows: readonly Row[], { page, size, asked }: Window): unknown => {
  const { itemsCount: items, pagesCount: pages, onPageEcho, repeatPage, metadata } = faults.switches;
  if (metadata === 'list') return [];
  const last = Math.ceil(rows.length / size);
  const count = repeatPage > 0 && repeatPage <= last ? last + 1 : last;
  return {
    items_count: itemsCount(rows.length, items),
    pages_count: pagesCount(count, page, pages),
    page,
    on_page: onPageEcho === 'asked' ? asked : size,
    ...(rows.length === 0 ? {} : { alphabet_index: alphabetOf(rows) }),
  };
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
  'listDeleted',
  'weird',
] as const;

/** GET /admin/clients. Parameters it does not know it ignores, without a word. */
export const listClients = (world: World, ask: Ask): Answer => {
  const { crm, faults } = world;
  faults.strikeIfSet(SHAPING);
  const window = windowOf(ask.query, faults.switches);
  const rows = rowsOf(world, ask.query.get('filter[search]') ?? '');
  const shown = cut(world, rows, window);
  const data = shown.map((row) => (typeof row === 'string' ? row : rowJson(crm, row, faults.switches)));
  const list = `[${data.join(',')}]`;
  const metadata = JSON.stringify(metadataOf(world, rows, window));
  drift(world, rows, window);
  if (faults.switches.bareArray) return jsonText(200, list);
  if (faults.switches.metadata === 'absent') return jsonText(200, `{"data":${list}}`);
  return jsonText(200, `{"data":${list},"metadata":${metadata}}`);
};
