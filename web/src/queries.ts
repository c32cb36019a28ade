import { QueryClient, infiniteQueryOptions, queryOptions, useQuery } from '@tanstack/react-query';
import type { Query } from '@tanstack/react-query';
import { Refused, answered, api } from './api.ts';
import type { Run } from './api.ts';

/** A refusal stays one when it is asked again; an answer that did not come may come yet. */
const isWorthAnotherTry = (failures: number, error: Error): boolean =>
  !(error instanceof Refused && error.status < 500) && failures < 2;

const FRESH = 10_000; // ms

export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: isWorthAnotherTry, staleTime: FRESH, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
});

type Page = { page: { nextCursor: string | null } };
const next = ({ page }: Page): string | null => page.nextCursor;

const SHORT = 2; // pages

/** A list that somebody has scrolled through is not asked for again page by page; it says that it is out of date (parts/list.tsx). */
const isLong = ({ state }: { state: { data: unknown } }): boolean =>
  ((state.data as { pages?: unknown[] } | undefined)?.pages?.length ?? 0) > SHORT;

const paged = {
  initialPageParam: null as string | null,
  getNextPageParam: next,
  staleTime: (query: { state: { data: unknown } }) => (isLong(query) ? Infinity : FRESH),
  refetchOnMount: (query: { state: { data: unknown } }) => !isLong(query),
  refetchOnReconnect: (query: { state: { data: unknown } }) => !isLong(query),
  refetchOnWindowFocus: false,
};
const withCursor = (cursor: string | null): { cursor?: string } => (cursor === null ? {} : { cursor });

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: () => answered(api.GET('/api/session')),
  // So that the page notices when nothing answers any more, or the session has ended.
  refetchInterval: 15_000,
});

/** The newest position of the log: when it has moved, something has happened that this page did not do. */
export const head = queryOptions({
  queryKey: ['head'],
  queryFn: async () => {
    const query = { order: 'desc' as const, limit: 1 };
    const { data } = await answered(api.GET('/api/events', { params: { query } }));
    return data[0]?.position ?? 0;
  },
  staleTime: 0,
  refetchInterval: 10_000,
});

export const connections = queryOptions({
  queryKey: ['connections'],
  queryFn: async () => {
    const { data } = await answered(api.GET('/api/connections', { params: { query: { limit: 200 } } }));
    return data;
  },
});

/** What people call a company here. */
export const useConnectionName = (id: string | undefined): string => {
  const { data = [] } = useQuery(connections);
  return data.find((one) => one.id === id)?.name ?? 'SimplyBook.me';
};

export const connection = (id: string) =>
  queryOptions({
    queryKey: ['connections', id],
    queryFn: () => answered(api.GET('/api/connections/{id}', { params: { path: { id } } })),
  });

export const webhooks = (id: string) =>
  queryOptions({
    queryKey: ['connections', 'webhooks', id],
    queryFn: () => answered(api.GET('/api/connections/{id}/webhooks', { params: { path: { id } } })),
  });

export type LeadSort = '-createdAt' | 'createdAt' | '-updatedAt' | 'name';
export type LeadStatus = 'active' | 'gone' | 'erased';
export type LeadsQuestion = {
  search: string;
  sort: LeadSort;
  status: LeadStatus | null;
  source: string | null;
};

export const leads = ({ search, sort, status, source }: LeadsQuestion) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['leads', { search, sort, status, source }],
    queryFn: ({ pageParam, signal }) => {
      const query = {
        sort,
        limit: 100,
        ...(search !== '' && { search }),
        ...(status !== null && { status }),
        ...(source !== null && { source }),
        ...withCursor(pageParam),
      };
      return answered(api.GET('/api/leads', { params: { query }, signal }));
    },
  });

export const lead = (id: string) =>
  queryOptions({
    queryKey: ['leads', 'one', id],
    staleTime: 0,
    queryFn: () => answered(api.GET('/api/leads/{id}', { params: { path: { id } } })),
  });

/** As it was behind a position of the log: that never changes, unless the person is erased. */
export const leadThen = (id: string, position: number) =>
  queryOptions({
    queryKey: ['leads', 'then', id, position],
    queryFn: () => {
      const params = { path: { id }, query: { asOf: String(position) } };
      return answered(api.GET('/api/leads/{id}', { params }));
    },
  });

export const leadHistory = (id: string) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['leads', 'history', id],
    staleTime: 0,
    queryFn: ({ pageParam }) => {
      const params = { path: { id }, query: { limit: 50, ...withCursor(pageParam) } };
      return answered(api.GET('/api/leads/{id}/history', { params }));
    },
  });

export const bookingsOf = (leadId: string) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['bookings', 'of', leadId],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET('/api/bookings', { params: { query: { leadId, limit: 20, ...withCursor(pageParam) } } }),
      ),
  });

export type BookingStatus = 'confirmed' | 'confirmed_pending' | 'pending' | 'canceled';

export const bookings = (status: BookingStatus | null) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['bookings', 'list', status],
    queryFn: ({ pageParam }) => {
      const query = { limit: 100, ...(status !== null && { status }), ...withCursor(pageParam) };
      return answered(api.GET('/api/bookings', { params: { query } }));
    },
  });

/** Every booking that starts between the two, at most two thousand. */
export const bookingsBetween = (from: string, to: string) =>
  queryOptions({
    queryKey: ['bookings', 'between', from, to],
    queryFn: async () => {
      const rows = [];
      let cursor: string | null = null;
      for (let pages = 0; pages < 10; pages += 1) {
        const query: { from: string; to: string; limit: number; cursor?: string } = {
          from,
          to,
          limit: 200,
          ...withCursor(cursor),
        };
        const { data, page } = await answered(api.GET('/api/bookings', { params: { query } }));
        rows.push(...data);
        cursor = page.nextCursor;
        if (cursor === null) break;
      }
      return rows;
    },
  });

export type QuarantineQuestion = {
  status: 'waiting' | 'dismissed';
  code: string | null;
  connectionId: string | null;
};

export const quarantine = ({ status, code, connectionId }: QuarantineQuestion) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['quarantine', { status, code, connectionId }],
    queryFn: ({ pageParam }) => {
      const query = {
        status,
        limit: 100,
        ...(code !== null && { code }),
        ...(connectionId !== null && { connectionId }),
        ...withCursor(pageParam),
      };
      return answered(api.GET('/api/quarantine', { params: { query } }));
    },
  });

export const waiting = (id: string) =>
  queryOptions({
    queryKey: ['quarantine', 'one', id],
    queryFn: () => answered(api.GET('/api/quarantine/{id}', { params: { path: { id } } })),
  });

export type RunStatus = Run['status'];
export type RunsQuestion = { connectionId: string | null; status: RunStatus | null };

export const runs = ({ connectionId, status }: RunsQuestion) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['runs', 'list', connectionId, status],
    queryFn: ({ pageParam }) => {
      const query = {
        limit: 50,
        ...(connectionId !== null && { connectionId }),
        ...(status !== null && { status }),
        ...withCursor(pageParam),
      };
      return answered(api.GET('/api/runs', { params: { query } }));
    },
  });

export const run = (id: string) =>
  queryOptions({
    queryKey: ['runs', 'one', id],
    queryFn: () => answered(api.GET('/api/runs/{id}', { params: { path: { id } } })),
  });

export const runChanges = (id: string, kind: 'lead' | 'booking') =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['runs', 'changes', id, kind],
    queryFn: ({ pageParam }) => {
      const params = { path: { id }, query: { kind, limit: 50, ...withCursor(pageParam) } };
      return answered(api.GET('/api/runs/{id}/changes', { params }));
    },
  });

export const summary = queryOptions({
  queryKey: ['summary'],
  queryFn: () => {
    const query = { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
    return answered(api.GET('/api/summary', { params: { query } }));
  },
  refetchInterval: 30_000,
});

export type EventsQuestion = {
  types: readonly string[];
  stream: string;
  actor: string | null;
  runId: string;
  since: string | null;
  until: string | null;
};

/** It is asked for once: what comes later is told as it happens (audit/use-tail.ts). */
export const events = ({ types, stream, actor, runId, since, until }: EventsQuestion) =>
  infiniteQueryOptions({
    ...paged,
    staleTime: Infinity,
    queryKey: ['events', 'list', { types, stream, actor, runId, since, until }],
    queryFn: ({ pageParam }) => {
      const query = {
        order: 'desc' as const,
        limit: 100,
        ...(types.length > 0 && { type: [...types] }),
        ...(stream !== '' && { stream }),
        ...(actor !== null && { actor }),
        ...(runId !== '' && { runId }),
        ...(since !== null && { since }),
        ...(until !== null && { until }),
        ...withCursor(pageParam),
      };
      return answered(api.GET('/api/events', { params: { query } }));
    },
  });

export const event = (position: number) =>
  queryOptions({
    queryKey: ['events', 'one', position],
    queryFn: () => answered(api.GET('/api/events/{position}', { params: { path: { position } } })),
    staleTime: Infinity,
  });

const isOfBooks = ({ queryKey: [of, what] }: Query): boolean =>
  of !== 'session' && of !== 'head' && !(of === 'events' && what === 'list');

/** What a run, a repair or a merge may have changed: asked for again where it is shown, but for long lists. */
export const forgetBooks = async (): Promise<void> => {
  await queries.invalidateQueries({ predicate: isOfBooks, refetchType: 'none' });
  await queries.refetchQueries({
    type: 'active',
    predicate: (query) => isOfBooks(query) && !isLong(query),
  });
};
