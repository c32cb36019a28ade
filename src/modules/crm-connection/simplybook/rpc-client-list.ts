import type { ClientPage, CrmWarning } from '../contract.ts';
import { clientPage } from './client-list.ts';
import { recordKey } from './client-record.ts';
import { Listing, type End } from './listing.ts';
import { answerUnusable } from './refusals.ts';
import {
  pageQuestion,
  pagesProve,
  searched,
  spotChecked,
  unlessUnusable,
  wholeQuestion,
  type Searched,
} from './rpc-list-proof.ts';
import { endOf, keysOf, type Rows } from './rpc-rows.ts';
import type { RpcVisit } from './rpc-visit.ts';
import type { SimplyBookSettings } from './settings.ts';

/** A whole list is handed on in pieces of this size. */
const PIECE = 500;

const NOBODY: Rows = { records: [], cut: false };

const countUnknown = (count: number): CrmWarning => ({
  code: 'clients-count-unknown',
  detail: `JSON-RPC listed ${count} clients and does not say how many there are. Nothing speaks for there being more, and nothing proves that there are none.`,
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
    const page = pageFrom({ records: piece, cut }, records.length, fresh, isLast ? end : null);
    yield isLast && end.complete && end.unproven ? { ...page, warnings: [countUnknown(met.size)] } : page;
  }
}

/** The list with whom else was found. */
const foundPages = ({ list, others, verdict }: Searched): Generator<ClientPage> => {
  const rows = { records: [...list.records, ...others], cut: list.cut };
  return pieces(rows, endOf(verdict, list.records.length, 'clients'));
};

/** The first page, when asking for pages makes a difference; else null. */
const firstPage = async (visit: RpcVisit): Promise<Rows | null> => {
  const first = await unlessUnusable(visit.ask(pageQuestion(1)));
  if (first === null) return null;
  const second = await unlessUnusable(visit.ask(pageQuestion(2)));
  return second === null || second.records.length === 0 || keysOf(first) === keysOf(second) ? null : first;
};

/** `met`: the keys of all that it has brought, in the end. */
async function* paged(
  visit: RpcVisit,
  first: Rows,
  most: number,
  met: Set<string>,
): AsyncGenerator<ClientPage, End, undefined> {
  const listing = new Listing();
  let rows = first;
  for (let requests = 0; requests < most; requests += 1) {
    const page = { records: rows.records, announced: null, pagesCount: null, onPage: null };
    const keys = rows.records.map(recordKey);
    const { fresh, end } = listing.take(page, keys);
    for (const key of keys) met.add(key);
    yield pageFrom(rows, null, fresh, null);
    if (end !== null) return end;
    rows = await visit.ask(pageQuestion(listing.page));
  }
  throw answerUnusable(`its list of clients had no end after ${most} pages`);
}

/** Who is on the list and on no page: none, or the pages are no proof. Asked again, because somebody may just have left. */
async function* leftOut(
  visit: RpcVisit,
  whole: Rows | null,
  met: ReadonlySet<string>,
  end: End,
): AsyncGenerator<ClientPage, void, undefined> {
  const isNew = (record: unknown): boolean => !met.has(recordKey(record));
  const again = whole?.records.some(isNew) === true ? await unlessUnusable(visit.ask(wholeQuestion())) : null;
  const { records, cut } = again ?? whole ?? NOBODY;
  const others = records.filter(isNew);
  const reason = `JSON-RPC listed ${met.size} clients in pages, and others when asked for all at once.`;
  yield* pieces({ records: others, cut }, others.length > 0 ? { complete: false, reason } : end);
}

/**
 * All clients by JSON-RPC, which never says how many there are: as one list where pages or searches prove that it is whole,
 * else page by page until two passes bring the same (docs/adr/0019-lists-without-a-count.md).
 */
export async function* rpcClientPages(
  visit: RpcVisit,
  { maxPages }: SimplyBookSettings,
): AsyncGenerator<ClientPage, void, undefined> {
  const whole = await unlessUnusable(visit.ask(wholeQuestion()));
  if (whole !== null && (await pagesProve(visit, whole))) {
    return yield* foundPages(await spotChecked(visit, whole));
  }
  const first = await firstPage(visit);
  if (first !== null) {
    const met = new Set<string>();
    const end = yield* paged(visit, first, maxPages, met);
    return yield* leftOut(visit, whole, met, end);
  }
  if (whole === null) throw answerUnusable('its list of clients cannot be had, neither whole nor in pages');
  yield* foundPages(await searched(visit, whole));
}
