import type { ClientPage } from '../contract.ts';
import { readPage, type ListedPage } from './client-page.ts';
import { readRecord, recordKey } from './client-record.ts';
import type { Listing, Taken } from './listing.ts';
import type { Question } from './rest-visit.ts';

/** A page as answered. `cut`: parts of it were nested too deeply and were left out. */
export type Listed = { page: ListedPage; cut: boolean };

/** The page that the listing wants next. `onPage` is what we ask for; how many come is the answer's affair. */
export const clientsQuestion = (listing: Listing, onPage: number): Question<Listed> => ({
  path: '/admin/clients',
  query: { page: listing.page, on_page: onPage },
  read: (json) => {
    const page = readPage(json);
    if (typeof page === 'string') return { unusable: page };
    const doubt = listing.doubt(page);
    return doubt === null ? { answer: { page, cut: json.cut } } : { unusable: doubt };
  },
});

/** The records that are met for the first time, read. */
export const clientPage = (
  { page, cut }: Listed,
  { fresh, end }: Taken,
  cursor: string | null = null,
): ClientPage => {
  const { announced } = page;
  const result: ClientPage = { clients: [], unreadable: [], others: [], cursor, announced, end };
  for (const [index, record] of page.records.entries()) {
    if (fresh[index] !== true) continue;
    const reading = readRecord(record, cut);
    if (reading.kind === 'client') result.clients.push(reading.client);
    if (reading.kind === 'unreadable') result.unreadable.push(reading.unreadable);
    if (reading.kind === 'deleted') result.others.push(recordKey(record));
  }
  return result;
};
