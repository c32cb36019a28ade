import { describe, expect, it } from '@jest/globals';
import type { Switches } from '../../sandbox/faults.ts';
import { idsIn, meet, refusalOf, sorted, type Meeting } from './simplybook.ts';

const COMPLETE = { complete: true };

const pagesAsked = ({ sandbox }: Meeting): number => sandbox.requests.summary().byRoute.clients ?? 0;

/** Lists 250 clients under these circumstances and expects all of them, once each. */
const listsAll = async (
  switches: Partial<Switches>,
  clients = 250,
): Promise<{ end: unknown; asked: number }> => {
  const meeting = await meet({ clients, switches });
  const { ids, unreadable, end } = await meeting.list();
  expect(sorted(ids)).toEqual(idsIn(meeting.sandbox));
  expect(unreadable).toEqual([]);
  return { end, asked: pagesAsked(meeting) };
};

describe('The client list of a quiet company', () => {
  it('is had with one request per hundred clients and no more', async () => {
    expect(await listsAll({}, 1000)).toEqual({ end: COMPLETE, asked: 10 });
    expect(await listsAll({}, 250)).toEqual({ end: COMPLETE, asked: 3 });
    expect(await listsAll({}, 1)).toEqual({ end: COMPLETE, asked: 1 });
  });

  it('is complete with no client at all, because the company says it has none', async () => {
    expect(await listsAll({}, 0)).toEqual({ end: COMPLETE, asked: 1 });
  });

  it('brings name, e-mail and phone as they were written, without blanks around them', async () => {
    const { list, sandbox } = await meet({ clients: 0 });
    const client = sandbox.crm.add({
      name: 'Zoë Ångström  ',
      email: ' Zoe@Example.com',
      phone: '07700 900123',
    });
    sandbox.crm.add({ name: 'Noah', email: '', phone: null });
    const { clients } = await list();
    expect(clients).toEqual([
      expect.objectContaining({ externalId: '2', name: 'Noah', email: null, phone: null }),
      expect.objectContaining({
        externalId: String(client.id),
        name: 'Zoë Ångström',
        email: 'Zoe@Example.com',
        phone: '07700 900123',
      }),
    ]);
  });

  it('tells on every page how many clients there are, and the end on the last one only', async () => {
    const { list } = await meet();
    const { pages } = await list();
    expect(pages.map(({ announced, end }) => ({ announced, end }))).toEqual([
      { announced: 250, end: null },
      { announced: 250, end: null },
      { announced: 250, end: COMPLETE },
    ]);
  });
});

describe('A server with ways of its own', () => {
  it.each<[string, Partial<Switches>, number]>([
    ['gives ten clients a page and says so', { onPageFixed: 10 }, 25],
    ['gives fifty at most and says so', { onPageCap: 50 }, 5],
    ['gives ten clients a page and claims to give a hundred', { onPageFixed: 10, onPageEcho: 'asked' }, 26],
    ['says there are no pages', { pagesCount: 'zero' }, 3],
    ['does not say how many pages there are', { pagesCount: 'absent' }, 3],
    ['says null pages', { pagesCount: 'null' }, 3],
    ['writes the number of pages as text', { pagesCount: 'text' }, 3],
    ['counts one page too few', { pagesCount: 'less' }, 3],
    ['says there are a thousand million pages', { pagesCount: 'huge' }, 3],
    ['always says there is one more page', { pagesCount: 'grows' }, 4],
    ['writes the number of clients as text', { itemsCount: 'text' }, 3],
    ['gives its last page for ever', { endless: 'repeat' }, 3],
    ['gives its last page for ever and says there are more', { endless: 'repeat', pagesCount: 'grows' }, 5],
    ['invents clients past the end', { endless: 'new' }, 3],
    ['writes ids as text', { ids: 'text' }, 3],
    ['writes ids as 12.0', { ids: 'float' }, 3],
    ['pads ids with zeros', { ids: 'padded' }, 3],
    ['calls its JSON text/html', { contentType: 'text/html' }, 3],
  ])('that %s is read completely', async (_case, switches, asked) => {
    expect(await listsAll(switches)).toEqual({ end: COMPLETE, asked });
  });

  it('that sorts by id is read completely', async () => {
    expect(await listsAll({ order: 'id' })).toEqual({ end: COMPLETE, asked: 3 });
  });

  it('that does not say how many clients there are is read twice, and believed when both readings agree', async () => {
    expect(await listsAll({ itemsCount: 'absent' })).toEqual({ end: COMPLETE, asked: 8 });
    expect(await listsAll({ itemsCount: 'null' })).toEqual({ end: COMPLETE, asked: 8 });
    expect(await listsAll({ bareArray: true })).toEqual({ end: COMPLETE, asked: 8 });
    expect(await listsAll({ metadata: 'absent' })).toEqual({ end: COMPLETE, asked: 8 });
    expect(await listsAll({ metadata: 'list' })).toEqual({ end: COMPLETE, asked: 8 });
    expect(await listsAll({ itemsCount: 'absent' }, 0)).toEqual({ end: COMPLETE, asked: 2 });
  });

  it.each<[string, Partial<Switches>]>([
    ['more clients than it lists', { itemsCount: 'more' }],
    ['fewer clients than it lists', { itemsCount: 'fewer' }],
  ])(
    'that announces %s gives all it has, twice, and the listing is not called complete',
    async (_case, switches) => {
      const { end } = await listsAll(switches);
      expect(end).toEqual({ complete: false, reason: expect.stringContaining('the same ones each time') });
    },
  );

  it('that announces no clients and lists some is not believed', async () => {
    expect((await listsAll({ itemsCount: 'zero' })).end).toEqual(COMPLETE);
  });

  it('that shuffles its list for each request is read again until all are there, or told', async () => {
    const meeting = await meet({ clients: 120, switches: { order: 'shuffle' } });
    const { ids, end } = await meeting.list();
    expect(new Set(ids).size).toBe(ids.length);
    expect(end?.complete === true ? sorted(ids) : ids.length).toEqual(
      end?.complete === true ? idsIn(meeting.sandbox) : expect.any(Number),
    );
  });

  it('that gives page two again as page three is read completely, each client once', async () => {
    const { end } = await listsAll({ repeatPage: 2 });
    expect(end).toEqual(COMPLETE);
  });

  it('that never comes to an end is an error after a bounded number of pages', async () => {
    const { list } = await meet({ switches: { endless: 'new', itemsCount: 'absent' } }, { maxPages: 30 });
    expect(await refusalOf(list())).toMatchObject({
      kind: 'bad-gateway',
      code: 'crm-answer-unusable',
      message: expect.stringContaining('no end after 30 pages'),
    });
  });
});

describe('Clients that change while the list is read', () => {
  it.each(['insert', 'rename', 'delete', 'mixed'] as const)(
    '(%s) are all there, each once',
    async (drift) => {
      const meeting = await meet({ clients: 950, switches: { drift, driftTimes: 3 } });
      const there = new Set(idsIn(meeting.sandbox));
      const { ids, end } = await meeting.list();
      const all = idsIn(meeting.sandbox).filter((id) => there.has(id));
      expect(end).toEqual(COMPLETE);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(all));
      expect(meeting.sandbox.faults.struck['drift']).toBe(3);
    },
  );

  it('and never stop changing are listed three times and then told about', async () => {
    const meeting = await meet({ clients: 450, switches: { drift: 'delete', driftTimes: 1000 } });
    const { end } = await meeting.list();
    expect(end).toEqual({ complete: false, reason: expect.stringContaining('changed while it was read') });
    expect(pagesAsked(meeting)).toBeLessThanOrEqual(15);
  });

  it('and are marked as deleted count as seen but are not brought', async () => {
    for (const deletedAs of ['text', 'number', 'boolean'] as const) {
      const meeting = await meet({ switches: { listDeleted: true, deletedAs } });
      meeting.sandbox.crm.delete(7);
      meeting.sandbox.crm.delete(8);
      const { ids, end } = await meeting.list();
      expect(sorted(ids)).toEqual(idsIn(meeting.sandbox));
      expect(ids).not.toContain('7');
      expect(end).toEqual(COMPLETE);
    }
  });
});

describe('Odd records', () => {
  it('keep ids beyond 2^53 apart', async () => {
    const { list } = await meet({ switches: { ids: 'big' } });
    const { ids, end } = await list();
    expect(ids).toContain('9007199254740993');
    expect(ids).toContain('9007199254740994');
    expect(new Set(ids).size).toBe(250);
    expect(end).toEqual(COMPLETE);
  });

  it('never stop the listing: each one is brought as unreadable with its reason', async () => {
    const { list } = await meet({ clients: 20, switches: { weird: ['all'] } });
    const { clients, unreadable, end } = await list();
    expect(clients).toHaveLength(20 + 3);
    expect(
      Object.fromEntries(unreadable.map(({ externalId, detail }) => [externalId ?? detail, detail])),
    ).toEqual({
      'came as something that is no record': expect.any(String),
      'has no readable id': expect.any(String),
      '900000001': "came without the field name, which the user's role may not be allowed to see",
      '900000003': 'has something else than a text in the field name',
      '900000004': 'has something else than a text in the field email',
      '900000006': 'has a control character or half a character in the field name',
      '900000007': 'has a control character or half a character in the field name',
      '900000008': 'is nested more than 32 levels deep',
      '900000010': 'has 99999 characters in the field name, more than the 1000 that are kept',
    });
    expect(end).toEqual(COMPLETE);
  });

  it.each(['email', 'phone', 'name'] as const)(
    'without the field %s are not taken for clients who have none',
    async (hidden) => {
      const { list } = await meet({ clients: 3, switches: { hide: [hidden] } });
      const { clients, unreadable, end } = await list();
      expect(clients).toEqual([]);
      expect(unreadable.map(({ detail }) => detail)).toEqual(
        Array(3).fill(`came without the field ${hidden}, which the user's role may not be allowed to see`),
      );
      expect(end).toEqual(COMPLETE);
    },
  );
});
