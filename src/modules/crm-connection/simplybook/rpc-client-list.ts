import type { ClientPage } from '../contract.ts';
import { clientPage } from './client-list.ts';
import { recordKey } from './client-record.ts';
import type { Json } from './json.ts';
import { Listing, type End } from './listing.ts';
import { answerUnusable, CrmRefusal } from './refusals.ts';
import type { RpcVisit } from './rpc-visit.ts';
import type { SimplyBookSettings } from './settings.ts';

/** So many rows a page are told of; what comes is the answer's affair. */
const ROWS_A_PAGE = 100;

/** A whole list is handed on in pieces of this size. */
const PIECE = 500;

export type Rows = { records: unknown[]; cut: boolean };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list, or a map by id, as PHP writes a list whose keys are not 0, 1, 2, … */
export const readRows = ({ value, cut }: Json, of = 'clients'): { answer: Rows } | { unusable: string } => {
  if (Array.isArray(value)) return { answer: { records: value, cut } };
  if (!isRecord(value)) return { unusable: `the answer is not a list of ${of}` };
  const records = Object.entries(value).map(([id, row]) =>
    isRecord(row) && row['id'] === undefined ? { ...row, id } : row,
  );
  return records.length > 0 && !records.some(isRecord)
    ? { unusable: 'the list holds no records' }
    : { answer: { records, cut } };
};

/** `''` finds everybody. Without a page the whole list is asked for, as SimplyBook.me's own app does. */
export const rpcClientsQuestion = (page: number | null) => ({
  method: 'getClientList',
  params: page === null ? [''] : ['', ROWS_A_PAGE, page],
  read: (json: Json) => readRows(json),
});

const pageFrom = (rows: Rows, announced: number | null, fresh: boolean[], end: End | null): ClientPage =>
  clientPage({ page: { ...rows, announced, pagesCount: null, onPage: null }, cut: rows.cut }, { fresh, end });

/** The list that came in one answer: of one moment, so that nobody moved while it was read. */
function* pieces({ records, cut }: Rows, end: End): Generator<ClientPage> {
  const met = new Set<string>();
  for (let from = 0; from === 0 || from < records.length; from += PIECE) {
    const piece = records.slice(from, from + PIECE);
    const fresh = piece.map((record) => !met.has(recordKey(record)) && met.add(recordKey(record)) !== null);
    const isLast = from + PIECE >= records.length;
    yield pageFrom({ records: piece, cut }, records.length, fresh, isLast ? end : null);
  }
}

/** Limits are round. JSON-RPC never tells how many clients there are, so a round number of them may be a part only. */
export const looksCut = (count: number): boolean => count > 0 && count % 50 === 0;

const keysOf = ({ records }: Rows): string => records.map(recordKey).join('\n');

/** The first page, when asking for pages makes a difference; else null. The parameter is in no documentation. */
const firstPage = async (visit: RpcVisit): Promise<Rows | null> => {
  try {
    const first = await visit.ask(rpcClientsQuestion(1));
    const second = await visit.ask(rpcClientsQuestion(2));
    return keysOf(first) === keysOf(second) ? null : first;
  } catch (error) {
    if (error instanceof CrmRefusal && error.code === 'crm-answer-unusable') return null;
    throw error;
  }
};

async function* paged(
  visit: RpcVisit,
  first: Rows,
  most: number,
): AsyncGenerator<ClientPage, void, undefined> {
  const listing = new Listing();
  let rows = first;
  for (let requests = 0; requests < most; requests += 1) {
    const page = { records: rows.records, announced: null, pagesCount: null, onPage: null };
    const { fresh, end } = listing.take(page, rows.records.map(recordKey));
    yield pageFrom(rows, null, fresh, end);
    if (end !== null) return;
    rows = await visit.ask(rpcClientsQuestion(listing.page));
  }
  throw answerUnusable(`its list of clients had no end after ${most} pages`);
}

/** Null: more than an answer may hold. */
const wholeList = async (visit: RpcVisit): Promise<Rows | null> => {
  try {
    return await visit.ask(rpcClientsQuestion(null));
  } catch (error) {
    if (error instanceof CrmRefusal && error.code === 'crm-answer-unusable') return null;
    throw error;
  }
};

/**
 * All clients by JSON-RPC: whole, and where that may be a part only, page by page until two passes bring the same. What
 * is neither is said to be incomplete.
 */
export async function* rpcClientPages(
  visit: RpcVisit,
  { maxPages }: SimplyBookSettings,
): AsyncGenerator<ClientPage, void, undefined> {
  const whole = await wholeList(visit);
  if (whole !== null && !looksCut(whole.records.length)) {
    yield* pieces(whole, { complete: true });
    return;
  }
  const first = await firstPage(visit);
  if (first !== null) yield* paged(visit, first, maxPages);
  else if (whole === null)
    throw answerUnusable('its list of clients cannot be had, neither whole nor in pages');
  else {
    const count = whole.records.length;
    const reason = `JSON-RPC listed exactly ${count} clients, which looks like a limit, and gives no further pages.`;
    yield* pieces(whole, { complete: false, reason });
  }
}
