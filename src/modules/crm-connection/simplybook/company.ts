import { z } from 'zod';
import { isZone } from '../../../shared/local-time.ts';
import type { CrmWarning } from '../contract.ts';
import { readPage } from './client-page.ts';
import { recordKey, readId } from './client-record.ts';
import { Listing } from './listing.ts';
import { CrmRefusal } from './refusals.ts';
import type { Company } from './booking-reader.ts';
import type { RestVisit } from './rest-visit.ts';
import type { RpcVisit } from './rpc-visit.ts';

/** What a company's times are read in where nobody says a zone. */
const FALLBACK_ZONE = 'UTC';
const MOST_PAGES = 50;

const zoneName = z.string().refine(isZone);
const info = z.object({ timezone: zoneName });

const timezoneUnknown = (): CrmWarning => ({
  code: 'timezone-unknown',
  detail: `SimplyBook.me does not say which time zone the company is in, so the times of its bookings were taken for ${FALLBACK_ZONE}. Connect the company with its timezone, for example Europe/Berlin.`,
});

/** An answer that nobody can use is no answer; an outage stays one. */
const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CrmRefusal && error.code === 'crm-answer-unusable') return null;
    throw error;
  }
};

type Zone = Awaited<ReturnType<Company['zone']>>;

/** What the connection says, else what the company says, else a guess that is told. */
const zoneOf = async (told: string | null, ask: () => Promise<string | null>): Promise<Zone> => {
  const zone = told ?? (await orNull(ask()));
  return zone === null ? { zone: FALLBACK_ZONE, warnings: [timezoneUnknown()] } : { zone, warnings: [] };
};

/** The company as REST tells of it. */
export const restCompany = (visit: RestVisit, timezone: string | null): Company => ({
  zone: () =>
    zoneOf(timezone, () =>
      visit.ask<string | null>({
        path: '/admin/company/info',
        query: {},
        read: ({ value }) => ({ answer: info.safeParse(value).data?.timezone ?? null }),
        instead: { 403: null, 404: null },
      }),
    ),
  names: (kind) => namesOf(visit, `/admin/${kind}s`),
});

/** The company as JSON-RPC tells of it, whose bookings come with their names. */
export const rpcCompany = (visit: RpcVisit, timezone: string | null): Company => ({
  zone: () =>
    zoneOf(timezone, () =>
      visit.ask<string | null>({
        method: 'getCompanyParam',
        params: ['timezone'],
        read: ({ value }) => ({ answer: zoneName.safeParse(value).data ?? null }),
        instead: { [-32600]: null, [-32601]: null, 404: null },
      }),
    ),
  names: () => Promise.resolve(new Map()),
});

const entry = z.object({ id: z.unknown(), name: z.string().trim().min(1).max(1_000) });

/** Names by id, as the list of services or providers has them; none where there is no such list. */
const namesOf = async (
  visit: RestVisit,
  path: '/admin/services' | '/admin/providers',
): Promise<ReadonlyMap<string, string>> => {
  const names = new Map<string, string>();
  const listing = new Listing();
  for (let requests = 0; requests < MOST_PAGES; requests += 1) {
    const page = await orNull(
      visit.ask({
        path,
        query: { page: listing.page, on_page: 100 },
        read: (json) => {
          const read = readPage(json, 'names');
          return typeof read === 'string' ? { unusable: read } : { answer: read };
        },
        instead: { 403: NO_PAGE, 404: NO_PAGE },
      }),
    );
    if (page === null) return names;
    for (const record of page.records) {
      const { data } = entry.safeParse(record);
      const id = readId(data?.id);
      if (data !== undefined && id !== null) names.set(id, data.name);
    }
    if (listing.take(page, page.records.map(recordKey)).end !== null) return names;
  }
  return names;
};

const NO_PAGE = { records: [], announced: 0, pagesCount: 0, onPage: null };
