import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ListedPage } from '../../src/modules/crm-connection/simplybook/client-page.ts';
import { Listing, type End } from '../../src/modules/crm-connection/simplybook/listing.ts';

/** What others do to the list between two requests. Positions are taken modulo the length of the list. */
type Change =
  | { kind: 'insert'; at: number }
  | { kind: 'delete'; at: number }
  | { kind: 'move'; from: number; to: number };

type Told = 'counts' | 'nothing';

const apply = (list: string[], change: Change, newId: () => string): void => {
  const place = (at: number): number => (list.length === 0 ? 0 : at % list.length);
  if (change.kind === 'insert') list.splice(place(change.at), 0, newId());
  if (change.kind === 'delete') list.splice(place(change.at), 1);
  if (change.kind === 'move') list.splice(place(change.to), 0, ...list.splice(place(change.from), 1));
};

const pageOf = (list: string[], page: number, size: number, told: Told): ListedPage => {
  const records = list.slice((page - 1) * size, page * size);
  if (told === 'nothing') return { records, announced: null, pagesCount: null, onPage: null };
  return { records, announced: list.length, pagesCount: Math.ceil(list.length / size), onPage: size };
};

type Read = { brought: string[]; end: End; requests: number; alwaysThere: string[] };

/**
 * Reads a list of `count` clients while each of `gaps` happens before one request. Before those of `breaks` another reader
 * takes over, who knows the cursor and whom the list has brought.
 */
const read = (
  count: number,
  size: number,
  gaps: Change[][],
  told: Told,
  breaks: readonly number[] = [],
): Read => {
  const list = Array.from({ length: count }, (_, index) => `${index + 1}`);
  const alwaysThere = new Set(list);
  let newest = count;
  const newId = (): string => `${(newest += 1)}`;
  let listing = new Listing();
  // Once it was begun anew, what it has brought is not what this reading has met.
  let isOneReading = true;
  const brought: string[] = [];
  for (let requests = 1; requests < 10_000; requests += 1) {
    if (breaks.includes(requests)) {
      const cursor: string | null = isOneReading ? listing.cursor : null;
      isOneReading = cursor !== null;
      listing = new Listing('clients', cursor === null ? undefined : { cursor, met: [...brought] });
    }
    for (const change of gaps[requests - 2] ?? []) apply(list, change, newId);
    for (const id of alwaysThere) if (!list.includes(id)) alwaysThere.delete(id);
    const page = pageOf(list, listing.page, size, told);
    const doubt = listing.doubt(page);
    if (doubt !== null)
      return { brought, end: { complete: false, reason: doubt }, requests, alwaysThere: [] };
    const { fresh, end } = listing.take(page, page.records.map(String));
    const news = page.records.map(String).filter((_, index) => fresh[index] === true);
    brought.push(...news.filter((id) => !brought.includes(id)));
    if (end !== null) return { brought, end, requests, alwaysThere: [...alwaysThere] };
  }
  throw new Error('The listing had no end.');
};

const position = fc.nat({ max: 60 });
const insert = fc.record({ kind: fc.constant('insert' as const), at: position });
const remove = fc.record({ kind: fc.constant('delete' as const), at: position });
const move = fc.record({ kind: fc.constant('move' as const), from: position, to: position });

const several = (one: fc.Arbitrary<Change>): fc.Arbitrary<Change[]> => fc.array(one, { maxLength: 4 });

/** Any renaming, and additions or deletions, but not both between the same two requests (see Listing). */
const visibleGap = fc.oneof(several(fc.oneof(insert, move)), several(fc.oneof(remove, move)));
const anyGap = several(fc.oneof(insert, remove, move));
const count = fc.nat({ max: 40 });
const size = fc.integer({ min: 3, max: 12 });

const expectHonest = ({ brought, end, alwaysThere }: Read): void => {
  expect(new Set(brought).size).toBe(brought.length);
  if (end.complete) expect(brought).toEqual(expect.arrayContaining(alwaysThere));
  else expect(end.reason).not.toBe('');
};

describe('A listing', () => {
  it('of a list that stands still takes one request per page and is complete', () => {
    fc.assert(
      fc.property(count, size, (clients, perPage) => {
        const { brought, end, requests } = read(clients, perPage, [], 'counts');
        expect(end).toEqual({ complete: true });
        expect(brought).toHaveLength(clients);
        expect(requests).toBe(Math.max(1, Math.ceil(clients / perPage)));
      }),
    );
  });

  it('brings each client once, and all that were there the whole time, or says that it is not complete', () => {
    fc.assert(
      fc.property(count, size, fc.array(visibleGap, { maxLength: 12 }), (clients, perPage, gaps) => {
        expectHonest(read(clients, perPage, gaps, 'counts'));
      }),
      { numRuns: 2_000 },
    );
  });

  it('can be read on by others, again and again, and keeps that promise', () => {
    const often = fc.array(fc.integer({ min: 2, max: 12 }), { maxLength: 4 });
    fc.assert(
      fc.property(
        count,
        size,
        fc.array(visibleGap, { maxLength: 12 }),
        fc.constantFrom<Told>('counts', 'nothing'),
        often,
        (clients, perPage, gaps, told, breaks) => {
          fc.pre(clients > 0 || told === 'counts');
          expectHonest(read(clients, perPage, gaps, told, breaks));
        },
      ),
      { numRuns: 4_000 },
    );
  });

  it('that stands still is read on from the very page, and no page is asked for twice', () => {
    fc.assert(
      fc.property(count, size, fc.array(fc.integer({ min: 2, max: 12 })), (clients, perPage, breaks) => {
        const { brought, end, requests } = read(clients, perPage, [], 'counts', breaks);
        expect(end).toEqual({ complete: true });
        expect(brought).toHaveLength(clients);
        expect(requests).toBe(Math.max(1, Math.ceil(clients / perPage)));
      }),
    );
  });

  it('needs no count for that promise: two equal readings do', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        size,
        fc.array(anyGap, { maxLength: 12 }),
        (clients, perPage, gaps) => {
          expectHonest(read(clients, perPage, gaps, 'nothing'));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is complete when the list comes to rest while it is read for the first time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 40 }),
        fc.array(visibleGap, { maxLength: 1 }),
        (clients, gaps) => {
          expect(read(clients, 5, gaps, 'counts').end).toEqual({ complete: true });
        },
      ),
    );
  });

  it('is given up after three passes when the list never stops moving', () => {
    const newcomer: Change = { kind: 'insert', at: 0 };
    const { end, requests } = read(
      40,
      10,
      Array.from({ length: 1_000 }, () => [newcomer]),
      'counts',
    );
    expect(end).toEqual({ complete: false, reason: expect.stringContaining('changed while it was read') });
    expect(requests).toBeLessThan(30);
  });

  it('without a count believes no two readings of equally many, but different clients', () => {
    const oneGone: Change = { kind: 'delete', at: 0 };
    const oneNew: Change = { kind: 'insert', at: 0 };
    const { end, requests, brought } = read(6, 3, [[], [], [oneGone, oneNew]], 'nothing');
    expect(end).toEqual({ complete: true });
    expect(requests).toBe(9);
    expect(brought).toHaveLength(7);
  });

  it('without a count believes no two equal readings that met a client twice', () => {
    // Client 1 moves to the end behind the reader's back, both times, and each time hides client 3.
    const away: Change = { kind: 'move', from: 0, to: 3 };
    const back: Change = { kind: 'move', from: 3, to: 0 };
    const { end, brought, requests } = read(4, 2, [[away], [], [back], [away]], 'nothing');
    expect(brought).toEqual(['1', '2', '4', '3']);
    // Two passes that hid client 3, one that met everybody, and another one that met the same.
    expect([end, requests]).toEqual([{ complete: true }, 12]);
  });

  it('that comes in another order for each request shows everybody in the end, and is believed only then', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 40 }), size, fc.nat(), (clients, perPage, seed) => {
        const gaps = Array.from({ length: 200 }, (_, turn) =>
          Array.from({ length: clients }, (_, at): Change => ({
            kind: 'move',
            from: at,
            to: (seed * 31 + turn * 17 + at * at * 7) % clients,
          })),
        );
        const { end, brought, requests } = read(clients, perPage, gaps, 'counts');
        if (end.complete) expect(brought).toHaveLength(clients);
        expect(requests).toBeLessThanOrEqual(10 * Math.ceil(clients / perPage) + 1);
      }),
    );
    const turned = Array.from({ length: 200 }, (): Change[] => [{ kind: 'move', from: 0, to: 11 }]);
    expect(read(12, 4, turned, 'counts').end).toEqual({ complete: true });
  });

  it('counts anew from the moment when the number of clients changes, going round the list', () => {
    const gone: Change = { kind: 'delete', at: 0 };
    const { brought, end, requests } = read(40, 10, [[], [gone]], 'counts');
    expect(end).toEqual({ complete: true });
    // Four pages, then the two that were read before the deletion; client 21 had slipped to page two.
    expect(requests).toBe(6);
    expect(brought).toContain('21');
  });
});

describe('An empty page', () => {
  const empty = (counts: Partial<ListedPage> = {}): ListedPage => ({
    records: [],
    announced: null,
    pagesCount: null,
    onPage: null,
    ...counts,
  });

  const after = (pages: number, counts: Partial<ListedPage> = {}): Listing => {
    const listing = new Listing();
    for (let page = 1; page <= pages; page += 1) {
      const keys = Array.from({ length: 100 }, (_, index) => `${page}-${index}`);
      listing.take({ ...empty(counts), records: keys }, keys);
    }
    return listing;
  };

  const COUNTS = { announced: 450, pagesCount: 5, onPage: 100 };

  it('is the end past the last page', () => {
    expect(after(4, COUNTS).doubt(empty({ ...COUNTS, announced: 390, pagesCount: 4 }))).toBeNull();
    expect(after(2).doubt(empty())).toBeNull();
  });

  it('is no end before the last page, whatever it says of the number of pages', () => {
    expect(after(2, COUNTS).doubt(empty(COUNTS))).toBe('page 3 of 5 was empty');
    expect(after(2, COUNTS).doubt(empty({ ...COUNTS, pagesCount: 0 }))).toBe('page 3 of 5 was empty');
  });

  it('is the end where the number of pages was never more than "there may be another one"', () => {
    const listing = new Listing();
    for (const page of [1, 2]) {
      const keys = [`${page}-1`, `${page}-2`];
      listing.take({ ...empty({ pagesCount: page + 1 }), records: keys }, keys);
    }
    expect(listing.doubt(empty({ pagesCount: 4 }))).toBeNull();
    expect(listing.doubt(empty({ pagesCount: 5 }))).toBe('page 3 of 5 was empty');
    expect(after(2, { pagesCount: 4 }).doubt(empty({ pagesCount: 4 }))).toBe('page 3 of 4 was empty');
  });

  it('is no end when it suddenly says nothing, or that there are no clients at all', () => {
    expect(after(2, COUNTS).doubt(empty())).toMatch(/without saying how many/);
    expect(after(2, COUNTS).doubt(empty({ announced: 0, pagesCount: 0, onPage: 100 }))).toMatch(/not empty/);
  });

  it('is the whole list only when it says so', () => {
    expect(new Listing().doubt(empty({ announced: 0, pagesCount: 0, onPage: 100 }))).toBeNull();
    expect(new Listing().doubt(empty({ announced: 50, pagesCount: 1, onPage: 100 }))).toMatch(/not empty/);
    expect(new Listing().doubt(empty())).toMatch(/without saying how many/);
  });
});
