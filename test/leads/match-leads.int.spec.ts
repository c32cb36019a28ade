import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emailKey } from '../../src/modules/leads/email-key.ts';
import { firstBadPosition } from '../shared/event-store/chain.ts';
import { openBooks } from './books.ts';
import type { Books, Guest } from './books.ts';

const ACME = '0198f0c4-0000-7000-8000-00000000ac3e';
const OTHER = '0198f0c4-0000-7000-8000-0000000000ff';
const SHARED = 'family@example.com';

let books: Books;
beforeEach(async () => {
  books = await openBooks();
});
afterEach(() => books.close());

const page = (...guests: Guest[]) => books.page(ACME, guests);

describe('who is a lead', () => {
  it('a client nobody knows is a new one', async () => {
    expect(await page({ id: '1' }, { id: '2' })).toEqual(['created', 'created']);
    expect(await books.summary()).toEqual(['1: 1@example.com', '2: 2@example.com']);
  });

  it('a client that was taken before stays with its lead, whatever its e-mail becomes', async () => {
    await page({ id: '1' });
    expect(await page({ id: '1', email: 'new@example.com' })).toEqual(['updated']);
    expect(await page({ id: '1', email: 'new@example.com' })).toEqual(['unchanged']);
    expect(await books.summary()).toEqual(['1: new@example.com']);
  });

  it('a client with the e-mail of a lead is another source of it, however it is spelled', async () => {
    await page({ id: '1', email: 'Ada@Example.com' });
    expect(await books.page(OTHER, [{ id: '2', name: '1', email: ' ada@EXAMPLE.com' }])).toEqual(['linked']);
    const [lead] = await books.all();
    expect(lead).toMatchObject({ name: '1', email: 'Ada@Example.com' });
    expect(lead!.sources).toMatchObject([
      {
        connectionId: ACME,
        externalId: '1',
        primary: true,
        name: '1',
        email: 'Ada@Example.com',
        phone: null,
      },
      {
        connectionId: OTHER,
        externalId: '2',
        primary: false,
        name: '1',
        email: ' ada@EXAMPLE.com',
        phone: null,
      },
    ]);
  });

  it('the same id in another company is another client', async () => {
    await page({ id: '1', email: 'one@example.com' });
    expect(await books.page(OTHER, [{ id: '1', email: 'two@example.com' }])).toEqual(['created']);
    expect(await books.summary()).toEqual(['1: one@example.com', '1: two@example.com']);
  });

  it('clients that share an e-mail on one page are one lead, the first of them its primary source', async () => {
    const family = ['1', '2', '3'].map((id) => ({ id, email: SHARED }));
    expect(await page(...family)).toEqual(['created', 'linked', 'linked']);
    expect(await books.summary()).toEqual([`1+2+3: ${SHARED}`]);
    expect((await books.all())[0]!.name).toBe('1');
    expect(await page(...family)).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });

  it('plus tags and dots make different people', async () => {
    const emails = ['ada@example.com', 'ada+1@example.com', 'a.da@example.com'];
    await page(...emails.map((email, index) => ({ id: String(index), email })));
    expect(await books.summary()).toHaveLength(3);
  });
});

describe('who waits in quarantine', () => {
  it('a client without an e-mail, with an unusable one, or without a name', async () => {
    expect(
      await page(
        { id: '1', email: null },
        { id: '2', email: 'nonsense' },
        { id: '3', name: null },
        { id: '4' },
      ),
    ).toEqual(['email.missing', 'email.invalid', 'name.missing', 'created']);
    expect(await books.summary()).toEqual(['4: 4@example.com']);
  });

  it('a known client that loses its e-mail; its lead stays as it was', async () => {
    await page({ id: '1' });
    expect(await page({ id: '1', email: null })).toEqual(['email.missing']);
    expect(await books.summary()).toEqual(['1: 1@example.com']);
  });

  it('a client whose new e-mail belongs to another lead', async () => {
    await page({ id: '1' }, { id: '2' });
    expect(await page({ id: '1', email: '2@example.com' })).toEqual(['email.taken']);
    expect(await books.summary()).toEqual(['1: 1@example.com', '2: 2@example.com']);
  });

  it('a second source whose new e-mail belongs to another lead', async () => {
    await page({ id: '1', email: SHARED }, { id: '2', email: SHARED }, { id: '3' });
    expect(await page({ id: '2', email: '3@example.com' })).toEqual(['email.taken']);
    expect(await books.summary()).toEqual([`1+2: ${SHARED}`, '3: 3@example.com']);
  });

  it('two clients that have exchanged their e-mails', async () => {
    await page({ id: '1' }, { id: '2' });
    const swapped = [
      { id: '1', email: '2@example.com' },
      { id: '2', email: '1@example.com' },
    ];
    expect(await page(...swapped)).toEqual(['email.taken', 'email.taken']);
    expect(await books.summary()).toEqual(['1: 1@example.com', '2: 2@example.com']);
  });
});

describe('a connection that imports clients without an e-mail', () => {
  const imports = (...guests: Guest[]) => books.page(ACME, guests, 'import');

  it('makes a lead of each, which lives by its source', async () => {
    const nobodies = [
      { id: '1', email: null },
      { id: '2', email: null },
    ];
    expect(await imports(...nobodies)).toEqual(['created', 'created']);
    expect(await imports(...nobodies)).toEqual(['unchanged', 'unchanged']);
    expect(await books.summary()).toEqual(['1: none', '2: none']);
  });

  it('still puts an unusable e-mail aside', async () => {
    expect(await imports({ id: '1', email: 'nonsense' })).toEqual(['email.invalid']);
  });

  it('gives the lead its e-mail when the client gets one, and takes it away when it loses it', async () => {
    await imports({ id: '1', email: null });
    expect(await imports({ id: '1' })).toEqual(['updated']);
    expect(await books.summary()).toEqual(['1: 1@example.com']);
    expect(await imports({ id: '1', email: null })).toEqual(['updated']);
    expect(await imports({ id: '2', email: '1@example.com' })).toEqual(['created']);
    expect(await books.summary()).toEqual(['1: none', '2: 1@example.com']);
  });
});

describe('an e-mail that moves on', () => {
  it('from one lead to another within one page', async () => {
    await page({ id: '1' }, { id: '2' });
    const moved = [
      { id: '1', email: '3@example.com' },
      { id: '2', email: '1@example.com' },
    ];
    expect(await page(...moved)).toEqual(['updated', 'updated']);
    expect(await books.summary()).toEqual(['1: 3@example.com', '2: 1@example.com']);
  });

  it('to a client that is new on the same page', async () => {
    await page({ id: '1' });
    expect(await page({ id: '1', email: 'new@example.com' }, { id: '2', email: '1@example.com' })).toEqual([
      'updated',
      'created',
    ]);
    expect(await books.summary()).toEqual(['1: new@example.com', '2: 1@example.com']);
  });

  it('is taken while its owner comes later on the page, and free on the next one', async () => {
    await page({ id: '1' }, { id: '2' });
    const moved = [
      { id: '2', email: '1@example.com' },
      { id: '1', email: '3@example.com' },
    ];
    expect(await page(...moved)).toEqual(['email.taken', 'updated']);
    expect(await page(...moved)).toEqual(['updated', 'unchanged']);
  });

  it('from a lead of several sources: the lead keeps it while its primary source has it', async () => {
    await page({ id: '1', email: SHARED }, { id: '2', email: SHARED });
    expect(await page({ id: '2', email: '2@example.com' })).toEqual(['updated']);
    expect(await books.summary()).toEqual([`1+2: ${SHARED}`]);
  });

  it('from a secondary source, while somebody new comes with the e-mail of the lead', async () => {
    await page({ id: '1', email: SHARED }, { id: '2', email: SHARED });
    expect(await page({ id: '2', email: '2@example.com' }, { id: '3', email: SHARED })).toEqual([
      'updated',
      'linked',
    ]);
    expect(await books.summary()).toEqual([`1+2+3: ${SHARED}`]);
  });

  it('from a secondary source, while somebody new comes with its new e-mail', async () => {
    await page({ id: '1', email: SHARED }, { id: '2', email: SHARED });
    const together = [
      { id: '2', email: '2@example.com' },
      { id: '3', email: '2@example.com' },
    ];
    expect(await page(...together)).toEqual(['updated', 'created']);
    expect(await books.summary()).toEqual([`1+2: ${SHARED}`, '3: 2@example.com']);
  });

  it('from the primary source: the lead goes by the new one, and who comes with the old one is somebody else', async () => {
    await page({ id: '1', email: SHARED }, { id: '2', email: SHARED });
    expect(await page({ id: '1', email: '1@example.com' }, { id: '3', email: SHARED })).toEqual([
      'updated',
      'created',
    ]);
    expect(await books.summary()).toEqual(['1+2: 1@example.com', `3: ${SHARED}`]);
  });

  it('to a primary source that had none, while somebody new comes with it', async () => {
    const imports = (...guests: Guest[]) => books.page(ACME, guests, 'import');
    await imports({ id: '1', email: SHARED }, { id: '2', email: SHARED });
    await imports({ id: '1', email: null });
    expect(await books.summary()).toEqual([`1+2: ${SHARED}`]);
    expect(await imports({ id: '1', email: '1@example.com' }, { id: '3', email: '1@example.com' })).toEqual([
      'updated',
      'linked',
    ]);
    expect(await books.summary()).toEqual(['1+2+3: 1@example.com']);
  });

  it('is not left to a lead by its primary source when it belongs to somebody else by now', async () => {
    const imports = (...guests: Guest[]) => books.page(ACME, guests, 'import');
    await imports({ id: '1', email: SHARED }, { id: '2', email: SHARED });
    await imports({ id: '2' });
    expect(await imports({ id: '3', email: '2@example.com' })).toEqual(['created']);
    expect(await imports({ id: '1', email: null })).toEqual(['email.taken']);
    expect(await books.summary()).toEqual([`1+2: ${SHARED}`, '3: 2@example.com']);
  });
});

describe('whatever clients do', () => {
  const ids = ['1', '2', '3', '4', '5'];
  const email = fc.option(
    fc.constantFrom('a@example.com', 'b@example.com', 'C@example.com', 'c@example.com', 'bad'),
    {
      nil: null,
      freq: 4,
    },
  );
  const guest = (id: string) => fc.record({ id: fc.constant(id), email, name: fc.constantFrom('X', 'Y') });
  const anyPage = fc
    .shuffledSubarray(ids, { minLength: 1 })
    .chain((chosen) => fc.tuple(...chosen.map((id) => guest(id))));
  const history = fc.array(anyPage, { minLength: 1, maxLength: 8 });
  const mode = fc.constantFrom<'quarantine' | 'import'>('quarantine', 'import');

  it('no page is ever refused as a whole, and no e-mail ever belongs to two leads', async () => {
    await fc.assert(
      fc.asyncProperty(history, mode, async (pages, withoutEmail) => {
        const connectionId = randomUUID();
        const tag = connectionId.slice(0, 8);
        const own = (one: Guest): Guest => ({ ...one, email: one.email?.replace('@', `.${tag}@`) ?? null });
        for (const guests of pages) await books.page(connectionId, guests.map(own), withoutEmail);
        const leads = await books.leads.page({ connectionId, sort: 'createdAt', after: null, limit: 100 });
        const keys = leads.flatMap((lead) => {
          const key = emailKey(lead.email);
          return 'key' in key ? [key.key] : [];
        });
        expect(new Set(keys).size).toBe(keys.length);
        const sources = leads.flatMap((lead) => lead.sources.map(({ externalId }) => externalId));
        expect(new Set(sources).size).toBe(sources.length);
      }),
      { numRuns: 40 },
    );
    expect(await firstBadPosition(books.store.admin)).toBeNull();
  });

  it('the same page again changes nothing once it was taken', async () => {
    await fc.assert(
      fc.asyncProperty(history, mode, async (pages, withoutEmail) => {
        const connectionId = randomUUID();
        const own = (one: Guest): Guest => ({
          ...one,
          email: one.email?.replace('@', `.${connectionId.slice(0, 8)}@`) ?? null,
        });
        for (const guests of pages) await books.page(connectionId, guests.map(own), withoutEmail);
        const last = pages.at(-1)!.map(own);
        // Who came before its e-mail was free is taken now; after that there is nothing left to do.
        for (let n = 0; n < ids.length; n += 1) await books.page(connectionId, last, withoutEmail);
        const before = await books.leads.page({ connectionId, sort: 'createdAt', after: null, limit: 100 });
        await books.page(connectionId, last, withoutEmail);
        const after = await books.leads.page({ connectionId, sort: 'createdAt', after: null, limit: 100 });
        expect(after).toEqual(before);
      }),
      { numRuns: 20 },
    );
  });
});
