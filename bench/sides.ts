/** Where the clients come from, and who may read them. */
export type Crm = { url: string; company: string; login: string; password: string };

/** What a side is given: the CRM, an empty database of its own, and how many clients to take at most. */
export type Job = { crm: Crm; database: string; most: number };

/** One pass over the list. `seconds` from its first request to its last commit. */
export type Pass = { clients: number; seconds: number };

/** What a side has written; two sides that did the same work have the same `people` and `facts`. Null: it does not say. */
export type Proof = { leads: number; people: string | null; facts: string | null };

/** What a side did: the first sync, then the same list again. `peakMegabytes`: its process's most resident memory, 10^6 bytes. */
export type Outcome = { first: Pass; again: Pass; proof: Proof; peakMegabytes: number | null };

/** What the service is compared with: see docs/benchmarks.md. Each works in a process of its own, as cold as the service is. */
export const REFERENCES = ['by-orm', 'by-hand', 'by-hand-raw', 'fetch-only'] as const;
export type Reference = (typeof REFERENCES)[number];

/** How a reference takes the whole list; called twice. Answers how many clients it met. */
export type Side = { sync: () => Promise<number>; prove: () => Promise<Proof>; close: () => Promise<void> };

export const timed = async (work: () => Promise<number>): Promise<Pass> => {
  const start = performance.now();
  const clients = await work();
  return { clients, seconds: (performance.now() - start) / 1000 };
};
