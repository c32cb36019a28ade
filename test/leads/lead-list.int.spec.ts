import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  LeadCursor,
  LeadQuestion,
  LeadRow,
  LeadSort,
} from '../../src/modules/leads/lead-list.read-model.ts';
import { complete, NO_COUNTS, run, runStream, start } from '../../src/modules/sync/runs/sync-run.decider.ts';
import { decision } from '../../src/shared/event-store/decider.ts';
import { META } from '../shared/event-store-harness.ts';
import { openBooks } from './books.ts';
import type { Books, Guest } from './books.ts';

const ACME = '0198f0c4-0000-7000-8000-00000000ac3e';
const OTHER = '0198f0c4-0000-7000-8000-0000000000ff';

const PEOPLE: Guest[] = [
  { id: '1', name: 'Ada Lovelace', email: 'ada@example.com', phone: '+49 (30) 1234-56' },
  { id: '2', name: 'Élodie Dupré', email: 'Elodie.Dupre@Example.com', phone: null },
  { id: '3', name: 'Emil 100%', email: 'emil_a@example.com' },
  { id: '4', name: 'Emil 1000', email: 'emilxa@example.com' },
  { id: '5', name: 'Back\\slash', email: 'back@example.com' },
  { id: '6', name: 'Ella', email: 'ella@example.com', phone: '004930777' },
  { id: '7', name: 'ada lovelace', email: 'other.ada@example.com' },
  { id: '8', name: 'Zoë 👩‍👩‍👧', email: 'zoe@example.com' },
  { id: '9', name: 'İpek Işık', email: 'ipek@example.com' },
  { id: '10', name: "O'Neil; drop table leads", email: 'oneil@example.com' },
  { id: '11', name: 'ΣΊΣΥΦΟΣ', email: 'sisyphos@example.com' },
];

let books: Books;
beforeAll(async () => {
  books = await openBooks();
  await books.page(ACME, PEOPLE.slice(0, 5));
  await books.page(ACME, PEOPLE.slice(5));
});
afterAll(() => books.close());

const ask = (question: Partial<LeadQuestion>): Promise<(LeadRow & { cursor: LeadCursor })[]> =>
  books.leads.page({ sort: 'createdAt', after: null, limit: 1000, ...question });
const idsFor = async (search: string): Promise<string[]> =>
  (await ask({ search, connectionId: ACME })).map(({ sources }) => sources[0]!.externalId).toSorted(byNumber);
const byNumber = (a: string, b: string): number => Number(a) - Number(b);

describe('searching leads', () => {
  it.each<[what: string, search: string, found: string[]]>([
    ['a part of the name', 'love', ['1', '7']],
    ['any case', 'ADA LOVELACE', ['1', '7']],
    ['a part of the e-mail address', 'dupre@ex', ['2']],
    ['a part of the phone number', '(30) 12', ['1']],
    ['the phone number as it is dialled from anywhere', '+493012', ['1']],
    ['another way to write a phone number, which is another text', '+49-30', []],
    ['letters with marks in any case', 'élodie DUPRÉ', ['2']],
    ['a letter with a mark, which is another letter', 'Elodie D', []],
    ['a percent sign as itself', '100%', ['3']],
    ['a percent sign as itself, not as anything', 'a%lace', []],
    ['an underscore as itself', 'emil_a', ['3']],
    ['a backslash as itself', 'k\\s', ['5']],
    ['a backslash at the end', '\\', ['5']],
    ['an emoji', '👩‍👩‍👧', ['8']],
    ['a quote', "o'neil; DROP", ['10']],
    ['Turkish letters', 'işik', []],
    ['Turkish letters as they are', 'IŞIK'.toLowerCase(), []],
    ['Turkish letters as written', 'Işık', ['9']],
    ['Greek capitals', 'ΣΊΣΥΦΟΣ', ['11']],
    ['blanks around', '  ella  ', ['6']],
    ['one letter', 'z', ['8']],
    ['nobody', 'nobody at all', []],
  ])('finds %s: %s', async (_, search, found) => {
    expect(await idsFor(search)).toEqual(found);
  });

  it('with nothing but blanks finds everybody', async () => {
    expect(await idsFor('  ')).toHaveLength(PEOPLE.length);
  });

  it('does not reach from one value into the next', async () => {
    expect(await idsFor('lovelaceada@')).toEqual([]);
    expect(await idsFor('ella ella@')).toEqual([]);
  });

  it('finds every lead by any part of its name, e-mail or phone, in any case', async () => {
    const part = fc.constantFrom(...PEOPLE.slice(0, 10)).chain((one) =>
      fc
        .constantFrom(...[one.name, one.email, one.phone].filter((value) => typeof value === 'string'))
        .chain((value) => {
          const letters = Array.from(value);
          return fc
            .tuple(fc.nat(letters.length - 1), fc.integer({ min: 1, max: letters.length }))
            .map(([from, length]) => ({ id: one.id, part: letters.slice(from, from + length).join('') }))
            .filter(({ part: text }) => text.trim() !== '');
        }),
    );
    await fc.assert(
      fc.asyncProperty(part, fc.boolean(), async ({ id, part: text }, lower) => {
        expect(await idsFor(lower ? text.toLowerCase() : text)).toContain(id);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a lead in the list', () => {
  it('is found by its company', async () => {
    await books.page(OTHER, [{ id: '1', name: 'Ada L.', email: 'ada@example.com', phone: '1' }]);
    const [only, ...more] = await ask({ connectionId: OTHER });
    expect(more).toEqual([]);
    expect(only).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.com', phone: '+49 (30) 1234-56' });
    expect(only!.sources.map(({ connectionId, primary, name }) => [connectionId, primary, name])).toEqual([
      [ACME, true, 'Ada Lovelace'],
      [OTHER, false, 'Ada L.'],
    ]);
    expect(await books.leads.one(only!.id)).toEqual({ ...only, cursor: undefined });
  });

  it('is active, and found by that', async () => {
    expect(await ask({ status: 'active' })).toHaveLength(PEOPLE.length);
    expect(await ask({ status: 'gone' })).toEqual([]);
  });

  it('that does not exist is not there', async () => {
    expect(await books.leads.one('0198f0c4-0000-7000-8000-000000000404')).toBeUndefined();
  });

  it('says when it was made, changed, and last seen in a whole listing', async () => {
    const [ella] = await ask({ search: 'ella' });
    expect(ella!.createdAt).toBe(ella!.updatedAt);
    expect(ella!.lastSyncedAt).toBe(ella!.updatedAt);
    await books.page(ACME, [{ id: '6', name: 'Ella', email: 'ella@example.com', phone: '004930778' }]);
    const [changed] = await ask({ search: 'ella' });
    expect(changed).toMatchObject({ createdAt: ella!.createdAt, version: 2, phone: '004930778' });
    expect(changed!.updatedAt > ella!.updatedAt).toBe(true);

    const facts = { runId: '0198f0c4-0000-7000-8000-0000000000aa', connectionId: ACME };
    const decided = [start(facts, 'api'), complete(facts, NO_COUNTS, null)];
    const ended = await books.store.events.transact(
      decided.map((decide) => decision(runStream(facts.runId), run, decide)),
      META,
    );
    const [seen] = await ask({ search: 'ella' });
    expect(seen!.lastSyncedAt).toBe(ended.flat().at(-1)!.recordedAt);
    expect(seen!.updatedAt).toBe(changed!.updatedAt);
  });

  it('is not called synced by a run that is suspicious', async () => {
    const before = await ask({ search: 'ella' });
    const facts = { runId: '0198f0c4-0000-7000-8000-0000000000ab', connectionId: ACME };
    await books.store.events.transact(
      [
        decision(runStream(facts.runId), run, start(facts, 'api')),
        decision(runStream(facts.runId), run, complete(facts, NO_COUNTS, 'It stopped half-way.')),
      ],
      META,
    );
    expect(await ask({ search: 'ella' })).toEqual(before);
  });

  it('may have a name of a thousand characters, wherever one of them is cut', async () => {
    const names = [198, 199, 200].map((length) => `${'n'.repeat(length)}😀${'n'.repeat(500)}`);
    const guests = names.map((name, index) => ({ id: `long-${index}`, name }));
    expect(await books.page(ACME, guests)).toEqual(['created', 'created', 'created']);
    const found = await ask({ search: 'n😀n' });
    expect(found.map(({ name }) => name).toSorted((a, b) => b!.indexOf('😀') - a!.indexOf('😀'))).toEqual(
      names.toReversed(),
    );
  });
});

describe('sorting leads', () => {
  const SORTS: LeadSort[] = ['-createdAt', 'createdAt', '-updatedAt', 'name'];
  const pagesOf = async (question: Partial<LeadQuestion>, sizes: number[]): Promise<string[]> => {
    const ids: string[] = [];
    let after: LeadCursor | null = null;
    for (let n = 0; ; n += 1) {
      const page: (LeadRow & { cursor: LeadCursor })[] = await ask({
        ...question,
        after,
        limit: sizes[n % sizes.length]!,
      });
      if (page.length === 0) return ids;
      ids.push(...page.map(({ id }) => id));
      after = page.at(-1)!.cursor;
    }
  };

  it('by name puts letters with marks where the bare letters stand', async () => {
    const names = (await ask({ sort: 'name', connectionId: ACME })).map(({ name }) => name!.toLowerCase());
    expect(names.slice(0, 8)).toEqual([
      'ada lovelace',
      'ada lovelace',
      'back\\slash',
      'ella',
      'élodie dupré',
      'emil 100%',
      'emil 1000',
      'i\u0307pek işık',
    ]);
  });

  it('by time brings the newest first, or last', async () => {
    const newest = await ask({ sort: '-createdAt' });
    const times = newest.map(({ createdAt }) => createdAt);
    expect(times).toEqual(times.toSorted().toReversed());
    expect((await ask({ sort: 'createdAt' })).map(({ id }) => id)).toEqual(
      newest.map(({ id }) => id).toReversed(),
    );
    const changed = (await ask({ sort: '-updatedAt' })).map(({ updatedAt }) => updatedAt);
    expect(changed).toEqual(changed.toSorted().toReversed());
  });

  it('shows each lead once, page after page, whatever the sizes of the pages, in every order', async () => {
    const many = Array.from({ length: 60 }, (_, n) => ({ id: `many-${n}`, name: `Name ${n % 7}` }));
    for (let n = 0; n < many.length; n += 20) await books.page(OTHER, many.slice(n, n + 20));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SORTS),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom({}, { search: 'name' }, { connectionId: ACME }, { search: 'e', connectionId: OTHER }),
        async (sort, sizes, filter) => {
          const whole = (await ask({ ...filter, sort })).map(({ id }) => id);
          expect(await pagesOf({ ...filter, sort }, sizes)).toEqual(whole);
          expect(new Set(whole).size).toBe(whole.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('neither loses nor repeats who stays while others come and go between two pages', async () => {
    const first = await ask({ sort: 'name', limit: 10 });
    await books.page(OTHER, [
      { id: 'new-first', name: 'AAA' },
      { id: 'new-last', name: 'zzz' },
    ]);
    const rest = await ask({ sort: 'name', after: first.at(-1)!.cursor });
    const ids = [...first, ...rest].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const all = await ask({ sort: 'name' });
    expect(ids).toEqual(all.filter(({ name }) => name !== 'AAA').map(({ id }) => id));
  });
});
