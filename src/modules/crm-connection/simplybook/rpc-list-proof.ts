import { recordKey } from './client-record.ts';
import { CrmRefusal } from './refusals.ts';
import { keysOf, LEAST_LIMIT, readRows, type Rows, type Verdict } from './rpc-rows.ts';
import type { RpcQuestion, RpcVisit } from './rpc-visit.ts';

/** So many rows a page are told of; what comes is the answer's affair. */
export const ROWS_A_PAGE = 100;

/** More than any list that fits an answer. */
const ROWS_WITHOUT_END = 100_000;

/** Longer lists are not searched: each answer would be thousands of rows, and limits are not so odd there. */
const MOST_TO_SEARCH = 2_000;

/** Whoever has a phone number has a digit, whoever has an address a letter. */
const DIGITS = Array.from('0123456789');
const SPOTS = DIGITS.slice(0, 3);
const SEARCHES = [...DIGITS, ...Array.from('abcdefghijklmnopqrstuvwxyz')];

const clientsQuestion = (...params: unknown[]): RpcQuestion<Rows> => ({
  method: 'getClientList',
  params,
  read: (json) => readRows(json),
});

/** `''` finds everybody. Without a limit, as SimplyBook.me's own app asks. */
export const wholeQuestion = (): RpcQuestion<Rows> => clientsQuestion('');

/** A page. The parameter is in no documentation. */
export const pageQuestion = (page: number, size = ROWS_A_PAGE): RpcQuestion<Rows> =>
  clientsQuestion('', size, page);

/** Null when it cannot be had, which is an answer too. */
export const unlessUnusable = async (answer: Promise<Rows>): Promise<Rows | null> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CrmRefusal && error.code === 'crm-answer-unusable') return null;
    throw error;
  }
};

/**
 * Whether pages prove that the list is whole: page 2 in pages of half its length is its second half, so that pages are
 * what we take them for, and the page after its end is empty.
 */
export const pagesProve = async (visit: RpcVisit, { records }: Rows): Promise<boolean> => {
  const size = Math.max(1, Math.min(ROWS_A_PAGE, Math.ceil(records.length / 2)));
  const second = await unlessUnusable(visit.ask(pageQuestion(2, size)));
  if (second === null || keysOf(second) !== keysOf({ records: records.slice(size, 2 * size) })) return false;
  const past = Math.ceil(records.length / size) + 1;
  const after = past === 2 ? second : await unlessUnusable(visit.ask(pageQuestion(past, size)));
  return after?.records.length === 0;
};

/** A list, what searches have found beside it, and what that comes to. */
export type Searched = { list: Rows; others: unknown[]; verdict: Verdict };

/** Whom a search finds: those whose name, e-mail or phone contains the text. */
const found = (visit: RpcVisit, text: string, limit: number[]): Promise<Rows | null> =>
  unlessUnusable(visit.ask(clientsQuestion(text, ...limit)));

const othersIn = ({ records }: Rows, listed: ReadonlySet<string>): unknown[] =>
  records.filter((record) => !listed.has(recordKey(record)));

/**
 * Looks for clients that the list leaves out. Had the list been cut, an answer that is shorter than the list would not be:
 * so it is whole when such answers brought everybody on it once more, and nobody else.
 */
const search = async (visit: RpcVisit, list: Rows, ...limit: number[]): Promise<Searched> => {
  const listed = new Set(list.records.map(recordKey));
  const again = new Set<string>();
  for (const [index, text] of SEARCHES.entries()) {
    if (index >= DIGITS.length && again.size === listed.size) break;
    const rows = await found(visit, text, limit);
    if (rows === null) break;
    const others = othersIn(rows, listed);
    if (others.length > 0) return { list, others, verdict: 'cut' };
    if (rows.records.length < list.records.length) {
      for (const record of rows.records) again.add(recordKey(record));
    }
  }
  const isWhole = again.size === listed.size || list.records.length < LEAST_LIMIT;
  return { list, others: [], verdict: isWhole ? 'whole' : 'unknown' };
};

/** Who is found and not listed may have come meanwhile, or a limit of its own may help: the list is had once more. */
export const searched = async (visit: RpcVisit, list: Rows): Promise<Searched> => {
  if (list.records.length > MOST_TO_SEARCH) return { list, others: [], verdict: 'unknown' };
  const first = await search(visit, list);
  if (first.verdict !== 'cut') return first;
  const longer = await unlessUnusable(visit.ask(clientsQuestion('', ROWS_WITHOUT_END)));
  const keys = new Set(longer?.records.map(recordKey));
  return longer !== null && first.others.every((record) => keys.has(recordKey(record)))
    ? search(visit, longer, ROWS_WITHOUT_END)
    : first;
};

/** Pages may be those of a list that was cut before: a few searches would show somebody else. */
export const spotChecked = async (visit: RpcVisit, list: Rows): Promise<Searched> => {
  const listed = new Set(list.records.map(recordKey));
  for (const text of list.records.length > MOST_TO_SEARCH ? [] : SPOTS) {
    const rows = await found(visit, text, []);
    if (rows === null) break;
    if (othersIn(rows, listed).length > 0) return searched(visit, list);
  }
  return { list, others: [], verdict: 'whole' };
};
