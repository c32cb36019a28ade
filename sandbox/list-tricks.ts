import { jsonText, type Answer } from './answers.ts';
import { SWITCHES, type Faults, type SwitchName, type Switches } from './faults.ts';

/** The part of a list that a request is about. */
export type Window = { page: number; size: number; asked: number };

/** The switches that shape a list; `faultyList` says which one. */
const SHAPING = [
  'drift',
  'onPageEcho',
  'order',
  'repeatPage',
  'itemsCount',
  'pagesCount',
  'metadata',
  'endless',
  'bareArray',
  'empty',
] as const satisfies readonly SwitchName[];

const USUAL = Object.fromEntries(SHAPING.map((name) => [name, SWITCHES[name].default]));

/** The switches as they are for this list: without the tricks when they are meant for another one. */
export const tricksOf = ({ switches }: Faults, list: 'clients' | 'bookings'): Readonly<Switches> =>
  switches.faultyList === list || switches.faultyList === 'both' ? switches : { ...switches, ...USUAL };

const wholeNumber = (value: string | null, otherwise: number): number =>
  value !== null && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : otherwise;

/** Ten rows when nothing (or nonsense) is asked for. Other programs must go by `metadata.on_page`, not by their wish. */
export const windowOf = (query: URLSearchParams, { onPageCap, onPageFixed }: Readonly<Switches>): Window => {
  const asked = wholeNumber(query.get('on_page'), 10);
  const size = onPageFixed > 0 ? onPageFixed : Math.min(asked, Math.max(1, onPageCap));
  return { page: wholeNumber(query.get('page'), 1), size, asked };
};

/** Another order for each call, the same one for the same call of the same program. */
export const shuffled = <Row>(rows: readonly Row[], turn: number): Row[] =>
  rows
    .map((row, index) => ({ row, rank: Math.imul(index + 1, 0x9e3779b1 + turn * 0x85ebca6a) >>> 0 }))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ row }) => row);

/** What is on the page, with the tricks that change which rows a page holds. */
export const cut = <Row>(
  faults: Faults,
  { repeatPage, endless }: Readonly<Switches>,
  rows: readonly Row[],
  { page, size }: Window,
  invented: () => Row[],
): readonly Row[] => {
  const last = Math.ceil(rows.length / size);
  const shift = repeatPage > 0 && page > repeatPage ? 1 : 0;
  if (shift > 0 && page === repeatPage + 1) faults.strike('repeatPage');
  const past = page - shift > last && endless !== 'off';
  if (past) faults.strike('endless');
  if (past && endless === 'new') return invented();
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

/** What the list says of itself; `more` is what only this list tells. */
export const metadataOf = (
  tricks: Readonly<Switches>,
  count: number,
  { page, size, asked }: Window,
  more: object,
): unknown => {
  const { itemsCount: items, pagesCount: pages, onPageEcho, repeatPage, metadata } = tricks;
  if (metadata === 'list') return [];
  const last = Math.ceil(count / size);
  return {
    items_count: itemsCount(count, items),
    pages_count: pagesCount(repeatPage > 0 && repeatPage <= last ? last + 1 : last, page, pages),
    page,
    on_page: onPageEcho === 'asked' ? asked : size,
    ...more,
  };
};

/** A page, in whichever envelope is set. `rows` are JSON texts. */
export const listAnswer = (
  { bareArray, metadata: envelope }: Readonly<Switches>,
  rows: readonly string[],
  metadata: unknown,
): Answer => {
  const list = `[${rows.join(',')}]`;
  if (bareArray) return jsonText(200, list);
  if (envelope === 'absent') return jsonText(200, `{"data":${list}}`);
  return jsonText(200, `{"data":${list},"metadata":${JSON.stringify(metadata)}}`);
};
