import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClientPage } from '../../src/modules/crm-connection/contract.ts';
import { batches } from '../../src/modules/sync/batches.ts';
import { overlap } from '../../src/modules/sync/overlap.ts';

/** The n-th page of a listing, with so many clients. */
const pageOf = (n: number, clients: number): ClientPage => ({
  clients: Array.from({ length: clients }, (_, i) => ({
    externalId: `${n}-${i}`,
    name: null,
    email: null,
    phone: null,
    record: {},
  })),
  unreadable: [],
  others: [],
  cursor: null,
  announced: n,
  end: null,
});

const numbersOf = (pages: ClientPage[]): number[] => pages.map(({ announced }) => announced!);
const clientsIn = (pages: ClientPage[]): number =>
  pages.reduce((sum, { clients }) => sum + clients.length, 0);

class Broken extends Error {}

/** A source that tells what has become of it. */
const sourceOf = (
  sizes: number[],
  wait: () => Promise<unknown> = () => Promise.resolve(),
  breaks = false,
) => {
  const told = { given: 0, closed: false };
  const pages = async function* (): AsyncGenerator<ClientPage, void, undefined> {
    try {
      for (const [n, size] of sizes.entries()) {
        await wait();
        told.given = n + 1;
        yield pageOf(n, size);
      }
      await wait();
      if (breaks) throw new Broken();
    } finally {
      told.closed = true;
    }
  };
  return { told, pages: pages() };
};

const sizes = fc.array(fc.nat(30), { maxLength: 30 });
const size = fc.integer({ min: 1, max: 60 });

describe('reading ahead', () => {
  it('hands on every page once and in order, however fast either side is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sizes, size, async (scheduler, all, most) => {
        const { pages, told } = sourceOf(all, () => scheduler.schedule(Promise.resolve(), 'page'));
        const read: ClientPage[] = [];
        const consume = async (): Promise<void> => {
          for await (const batch of batches(pages, most)) {
            expect(batch.length).toBeGreaterThan(0);
            await scheduler.schedule(Promise.resolve(), 'write');
            read.push(...batch);
          }
        };
        await scheduler.waitFor(consume());
        expect(numbersOf(read)).toEqual(all.map((_, n) => n));
        expect(told.closed).toBe(true);
      }),
    );
  });

  it('never makes a batch larger than wanted, unless one page alone is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sizes, size, async (scheduler, all, most) => {
        const { pages } = sourceOf(all, () => scheduler.schedule(Promise.resolve(), 'page'));
        const consume = async (): Promise<void> => {
          for await (const batch of batches(pages, most)) {
            await scheduler.schedule(Promise.resolve(), 'write');
            expect(batch.length === 1 || clientsIn(batch) <= most).toBe(true);
          }
        };
        await scheduler.waitFor(consume());
      }),
    );
  });

  it('never holds more than twice the size of a batch and a page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sizes, size, async (scheduler, all, most) => {
        const { pages, told } = sourceOf(all, () => scheduler.schedule(Promise.resolve(), 'page'));
        let written = 0;
        const largest = Math.max(0, ...all);
        const consume = async (): Promise<void> => {
          for await (const batch of batches(pages, most)) {
            await scheduler.schedule(Promise.resolve(), 'write');
            const held = all.slice(written, told.given).reduce((sum, clients) => sum + clients, 0);
            expect(held).toBeLessThanOrEqual(2 * most + largest);
            written += batch.length;
          }
        };
        await scheduler.waitFor(consume());
      }),
    );
  });

  it('holds no more than three batches and a page, however long the list, when two are written at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sizes, size, async (scheduler, all, most) => {
        const { pages, told } = sourceOf(all, () => scheduler.schedule(Promise.resolve(), 'page'));
        const largest = Math.max(0, ...all);
        let written = 0;
        let held = 0;
        const look = (): void => {
          const given = all.slice(0, told.given).reduce((sum, clients) => sum + clients, 0);
          held = Math.max(held, given - written);
        };
        const writing = overlap(batches(pages, most), 2, async (batch) => {
          look();
          await scheduler.schedule(Promise.resolve(), 'write');
          look();
          written += clientsIn(batch);
        });
        await scheduler.waitFor(writing);
        expect(held).toBeLessThanOrEqual(2 * most + largest + Math.max(most, largest));
        expect(written).toBe(all.reduce((sum, clients) => sum + clients, 0));
      }),
    );
  });

  it('fetches on while a batch is written', async () => {
    const { pages, told } = sourceOf([10, 10, 10, 10, 10]);
    const reader = batches(pages, 11);
    await reader.next();
    // One turn of the event loop is all that a source without delays needs.
    await new Promise((resolve) => setImmediate(resolve));
    expect(told.given).toBeGreaterThan(1);
    expect(told.given).toBeLessThan(5);
    await reader.return();
  });

  it('makes larger batches when pages come faster than they are written', async () => {
    const { pages } = sourceOf(Array.from({ length: 20 }, () => 9));
    const lengths: number[] = [];
    for await (const batch of batches(pages, 40)) {
      lengths.push(batch.length);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(lengths.slice(1).every((length) => length === 4 || length === lengths.at(-1))).toBe(true);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(20);
  });

  it('does not end before a source that brings nothing but empty pages', async () => {
    const { pages } = sourceOf([0, 0, 0]);
    const read: ClientPage[] = [];
    for await (const batch of batches(pages, 2)) read.push(...batch);
    expect(numbersOf(read)).toEqual([0, 1, 2]);
  });

  it('of nothing is nothing', async () => {
    const { pages, told } = sourceOf([]);
    for await (const batch of batches(pages, 10)) expect(batch).toBe('never');
    expect(told.closed).toBe(true);
  });
});

describe('reading ahead of a source that fails', () => {
  it('hands on what it had given before its error is thrown', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sizes, size, async (scheduler, all, most) => {
        const { pages } = sourceOf(all, () => scheduler.schedule(Promise.resolve(), 'page'), true);
        const read: ClientPage[] = [];
        const consume = async (): Promise<string> => {
          try {
            for await (const batch of batches(pages, most)) {
              await scheduler.schedule(Promise.resolve(), 'write');
              read.push(...batch);
            }
            return 'ended';
          } catch (error) {
            return error instanceof Broken ? 'broken' : String(error);
          }
        };
        expect(await scheduler.waitFor(consume())).toBe('broken');
        expect(numbersOf(read)).toEqual(all.map((_, n) => n));
      }),
    );
  });
});

describe('a consumer that stops', () => {
  it('closes the source, and nothing more is fetched', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        sizes,
        size,
        fc.nat(5),
        fc.boolean(),
        async (scheduler, all, most, after, fails) => {
          const { pages, told } = sourceOf(all, () => scheduler.schedule(Promise.resolve(), 'page'));
          const consume = async (): Promise<void> => {
            let taken = 0;
            for await (const batch of batches(pages, most)) {
              await scheduler.schedule(Promise.resolve(), 'write');
              expect(batch).not.toEqual([]);
              taken += 1;
              if (taken > after && fails) throw new Broken();
              if (taken > after) return;
            }
          };
          await scheduler.waitFor(consume().catch((error: unknown) => expect(error).toBeInstanceOf(Broken)));
          expect(told.closed).toBe(true);
          const given = told.given;
          await scheduler.waitAll();
          expect(told.given).toBe(given);
        },
      ),
    );
  });

  it('hears nothing of an error of the source that comes after it has stopped', async () => {
    const later = Promise.withResolvers<void>();
    let asked = 0;
    const { pages } = sourceOf(
      [1, 1],
      () => ((asked += 1), asked <= 1 ? Promise.resolve() : later.promise),
      true,
    );
    const reader = batches(pages, 100);
    await reader.next();
    const returned = reader.return();
    later.reject(new Broken());
    expect(await returned).toEqual({ done: true, value: undefined });
  });
});
