/** Where the clients come from, and who may read them. */
export type Crm = { url: string; company: string; login: string; password: string };

/** What a side is given: the CRM, a database of its own (empty when null is not enough), and how many clients to take. */
export type Job = { crm: Crm; database: string; most: number };

/** One pass over the list. `seconds` from its first request to its last commit. */
export type Pass = { clients: number; seconds: number };

/** What a side did: the first sync, then the same list again, and how many leads it has written. */
export type Outcome = { first: Pass; again: Pass; leads: number; peakMegabytes: number | null };

/** The references: see docs/benchmarks.md. Each works in a process of its own, as cold as the service is. */
export const REFERENCES = ['by-orm', 'by-hand', 'by-hand-raw', 'fetch-only'] as const;
export type Reference = (typeof REFERENCES)[number];

/** How a reference takes the whole list; called twice. */
export type Side = { sync: () => Promise<number>; leads: () => Promise<number>; close: () => Promise<void> };

export const timed = async (work: () => Promise<number>): Promise<Pass> => {
  const start = performance.now();
  const clients = await work();
  return { clients, seconds: (performance.now() - start) / 1000 };
};
