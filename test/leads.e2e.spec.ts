import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, Page, Problem } from './contract.ts';
import { startWorld, type World } from './world.ts';

/** In the order in which they came into the books. */
const PEOPLE = [
  { name: 'Zoë Ångström', email: 'zoe@one.example.com', phone: '+49 151 100' },
  { name: 'anna berg', email: 'Anna.Berg@one.example.com', phone: '+49 151 200' },
  { name: 'Élodie Brun', email: 'elodie@one.example.com', phone: '+33 6 300' },
  { name: '100% Pilates', email: 'hundred_percent@one.example.com', phone: '' },
  { name: 'Łukasz Nowak', email: 'lukasz@one.example.com', phone: '(030) 5\\00' },
  { name: 'Bob Zimmer', email: 'bob@two.example.com', phone: '+49 151 600' },
] as const;

/** What everybody here has booked. */
const bookings = { total: 0, upcoming: [] };

let world: World;
let company: Company;
let connection: Connection;

beforeAll(async () => {
  world = await startWorld();
  ({ company, connection } = await world.connected());
  for (const person of PEOPLE) {
    company.crm.add(person);
    await world.sync(connection);
  }
});
afterAll(() => world.stop());

const list = (query = '') => world.api<Page<Lead> & Problem>('GET', `/api/leads${query}`);
const names = async (query = ''): Promise<(string | null)[]> =>
  (await list(query)).body.data.map(({ name }) => name);

const ALL = PEOPLE.map(({ name }) => name);

describe('a lead', () => {
  it('shows the person, where it comes from and when it was last synced', async () => {
    const { body } = await list('?search=anna');
    const [lead] = body.data;
    expect(body.page).toEqual({ nextCursor: null, limit: 50 });
    expect(lead).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'anna berg',
      email: 'Anna.Berg@one.example.com',
      phone: '+49 151 200',
      phoneE164: null,
      phoneExtension: null,
      address: null,
      source: 'SimplyBook.me',
      status: 'active',
      notes: `Synced from SimplyBook.me on ${lead?.lastSyncedAt}`,
      sources: [
        {
          connectionId: connection.id,
          externalId: '2',
          primary: true,
          status: 'active',
          goneAt: null,
          name: 'anna berg',
          email: 'Anna.Berg@one.example.com',
          phone: '+49 151 200',
          phoneE164: null,
          phoneExtension: null,
          address: null,
          fields: [],
        },
      ],
      mergedLeads: [],
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: lead?.createdAt,
      lastSyncedAt: expect.stringMatching(/Z$/),
      version: 1,
    });
    expect((await world.api<Lead>('GET', `/api/leads/${lead?.id}`)).body).toEqual({ ...lead, bookings });
  });

  it('is as fresh as the last sync, also when nothing about it has changed', async () => {
    const { lastSynced } = await world.sync(connection);
    for (const lead of (await list()).body.data) expect(lead.lastSyncedAt).toBe(lastSynced);
  });

  it('is found by its id in capitals too', async () => {
    const [lead] = (await list('?limit=1')).body.data;
    const { body } = await world.api<Lead>('GET', `/api/leads/${lead?.id.toUpperCase()}`);
    expect(body).toEqual({ ...lead, bookings });
  });

  it('is 404 when there is none', async () => {
    const answer = await world.api('GET', `/api/leads/${randomUUID()}`);
    expect([answer.status, answer.code]).toEqual([404, 'lead-not-found']);
    expect((await world.api('GET', '/api/leads/1')).status).toBe(404);
  });
});

describe('the list of leads', () => {
  it.each([
    ['', ALL.toReversed()],
    ['?sort=-createdAt', ALL.toReversed()],
    ['?sort=createdAt', ALL],
    [
      '?sort=name',
      ['100% Pilates', 'anna berg', 'Bob Zimmer', 'Élodie Brun', 'Łukasz Nowak', 'Zoë Ångström'],
    ],
  ])('is sorted as asked: %s', async (query, expected) => {
    const found = await names(query);
    // Where Ł belongs is a matter of language: between K and M, or behind Z.
    const withoutL = (list: readonly (string | null)[]) => list.filter((name) => name !== 'Łukasz Nowak');
    if (query === '?sort=name') expect(withoutL(found)).toEqual(withoutL(expected));
    else expect(found).toEqual(expected);
    expect(found).toHaveLength(ALL.length);
  });

  it('by -updatedAt begins with who changed last', async () => {
    company.crm.change(3, { phone: '+33 6 301' });
    await world.sync(connection);
    expect((await names('?sort=-updatedAt'))[0]).toBe('Élodie Brun');
  });

  it.each([
    ['zoë', ['Zoë Ångström']],
    ['ZOË ÅNG', ['Zoë Ångström']],
    ['BERG', ['anna berg']],
    ['berg@ONE', ['anna berg']],
    ['151 6', ['Bob Zimmer']],
    ['two.example', ['Bob Zimmer']],
    ['%', ['100% Pilates']],
    ['0% p', ['100% Pilates']],
    ['d_p', ['100% Pilates']],
    ['5\\0', ['Łukasz Nowak']],
    ['łukasz', ['Łukasz Nowak']],
    ['nobody at all', []],
    ['  bob ', ['Bob Zimmer']],
    ["'; drop table leads; --", []],
  ])('searched for %j finds %j', async (search, expected) => {
    expect(await names(`?search=${encodeURIComponent(search)}`)).toEqual(expected);
  });

  it.each(['%00', '\\', '_'.repeat(200), '('.repeat(200), '%25'.repeat(66)])(
    'takes any text to search for: %s',
    async (search) => {
      const { status, body } = await list(`?search=${search}`);
      expect(search === '%00' ? [400, '?search'] : [200, undefined]).toEqual([
        status,
        body.errors?.[0]?.pointer,
      ]);
    },
  );

  it.each([
    ['?source=SimplyBook.me', ALL.length],
    ['?status=active', ALL.length],
    ['?status=gone', 0],
    ['?status=erased', 0],
    [`?source=${randomUUID()}`, 0],
  ])('is filtered as asked: %s', async (query, length) => {
    expect(await names(query)).toHaveLength(length);
  });

  it('is filtered by the connection that brought them', async () => {
    const other = await world.connected();
    other.company.crm.add({ name: 'Other Studio', email: 'other@studio.example.com', phone: '' });
    await world.sync(other.connection);
    expect(await names(`?source=${other.connection.id}`)).toEqual(['Other Studio']);
    expect(await names(`?source=${connection.id}`)).toEqual(ALL.toReversed());
    await world.api('DELETE', `/api/connections/${other.connection.id}`);
    expect(await names(`?source=${other.connection.id}`)).toEqual(['Other Studio']);
  });
});

describe('the pages of a list', () => {
  it.each(['-createdAt', 'createdAt', '-updatedAt', 'name'])('by %s hold everybody once', async (sort) => {
    const whole = (await list(`?sort=${sort}`)).body.data.map(({ id }) => id);
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer: { body: Page<Lead> } = await list(
        `?sort=${sort}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(answer.body.data.length).toBeLessThanOrEqual(2);
      paged.push(...answer.body.data.map(({ id }) => id));
      cursor = answer.body.page.nextCursor;
    }
    expect(paged).toEqual(whole);
  });

  it('of many who came in the same moment hold everybody once too', async () => {
    const crowd = await world.connected({ clients: 45 });
    await world.sync(crowd.connection);
    const seen: string[] = [];
    let next = '';
    for (;;) {
      const { body } = await list(`?source=${crowd.connection.id}&limit=10${next}`);
      seen.push(...body.data.map(({ id }) => id));
      if (body.page.nextCursor === null) break;
      next = `&cursor=${body.page.nextCursor}`;
    }
    expect([seen.length, new Set(seen).size]).toEqual([45, 45]);
  });

  it('stay as they were for a reader while others are added', async () => {
    const reader = await world.connected({ clients: 6 });
    await world.sync(reader.connection);
    const query = `?source=${reader.connection.id}&sort=createdAt&limit=4`;
    const { body: first } = await list(query);
    reader.company.crm.add({ name: 'Aaa Newcomer', email: 'aaa.newcomer@example.com', phone: '' });
    await world.sync(reader.connection);
    const { body: rest } = await list(`${query}&cursor=${first.page.nextCursor}`);
    const ids = [...first.data, ...rest.data].map(({ id }) => id);
    expect([ids.length, new Set(ids).size, rest.data.at(-1)?.name]).toEqual([7, 7, 'Aaa Newcomer']);
  });

  it('are never continued by the cursor of another list or order', async () => {
    const { body } = await list('?sort=-createdAt&limit=1');
    for (const path of [
      '/api/leads?sort=createdAt',
      '/api/leads?sort=-updatedAt',
      '/api/leads?sort=name',
      '/api/events',
      '/api/runs',
      '/api/connections',
      '/api/quarantine',
    ]) {
      const separator = path.includes('?') ? '&' : '?';
      const answer = await world.api<Problem>('GET', `${path}${separator}cursor=${body.page.nextCursor}`);
      expect([answer.status, answer.code]).toEqual([400, 'cursor-invalid']);
    }
  });
});
