import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, Lead } from './contract.ts';
import { API_KEY } from './service.ts';
import { startWorld, type World } from './world.ts';

/** What a spreadsheet would make something of. */
const NAMES = [
  '=HYPERLINK("http://evil.example","click")',
  '+1+1',
  '-2+3',
  '@SUM(A1:A9)',
  '\uFF1DSUM(A1)',
  'a "quoted" name; with, all\u2028that',
  'مريم العربية',
  "'already quoted",
  'plain',
];

let world: World;
let connection: Connection;
beforeAll(async () => {
  world = await startWorld();
  const { company, connection: made } = await world.connected();
  connection = made;
  for (const [index, name] of NAMES.entries())
    company.crm.add({ name, email: `p${index}@csv.example.com`, phone: index === 0 ? '+49 30 1' : '' });
  await world.sync(connection);
});
afterAll(() => world.stop());

const fetched = (query = '') =>
  fetch(`${world.service.url}/api/leads.csv${query}`, { headers: { authorization: `Bearer ${API_KEY}` } });

/** RFC 4180, nothing else. */
const parsed = (csv: string): string[][] => {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, cell = '', end] of csv.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/g)) {
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
};
const records = (csv: string): Record<string, string>[] => {
  const [header = [], ...rows] = parsed(csv);
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? ''])));
};

describe('the leads as a file', () => {
  it('are all leads that the list shows, in its order', async () => {
    const reply = await fetched('?sort=name');
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(reply.headers.get('content-disposition')).toMatch(
      /^attachment; filename="leads-\d{4}-\d\d-\d\d\.csv"$/,
    );
    const rows = records(await reply.text());
    const leads = await world.all<Lead>('/api/leads?sort=name');
    expect(rows.map(({ id, email }) => [id, email])).toEqual(leads.map(({ id, email }) => [id, email]));
    expect(rows[0]).toMatchObject({
      status: 'active',
      sources: `${connection.id}:${leads[0]!.sources[0]!.externalId}`,
      createdAt: leads[0]!.createdAt,
    });
  });

  it('hold no cell that a spreadsheet takes for a formula, and nothing is lost but that', async () => {
    const csv = await (await fetched()).text();
    const rows = records(csv);
    const cells = parsed(csv).flat();
    expect(cells.filter((cell) => /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell))).toEqual([]);
    const names = rows.map(({ name }) => name!);
    for (const name of NAMES) {
      const isFormula = /^[=+\-@\uFF1D]/.test(name);
      expect(names).toContain(isFormula ? `'${name}` : name);
    }
    expect(rows.find(({ email }) => email === 'p0@csv.example.com')!['phone']).toBe("'+49 30 1");
  });

  it('can be searched like the list', async () => {
    const rows = records(await (await fetched('?search=PLAIN')).text());
    expect(rows.map(({ name }) => name)).toEqual(['plain']);
    const none = await (await fetched('?search=nobody-at-all')).text();
    expect(parsed(none)).toHaveLength(1);
  });

  it.each([['?sort=phone'], ['?limit=3'], ['?source=elsewhere'], ['?status=dead']])(
    'are refused for %s',
    async (query) => {
      const reply = await fetched(query);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    },
  );

  it('are for those with a key', async () => {
    expect((await fetch(`${world.service.url}/api/leads.csv`)).status).toBe(401);
  });

  it('come whole when they are more than are read at a time', async () => {
    const many = await world.connected({ clients: 2_300 });
    await world.sync(many.connection);
    const rows = records(await (await fetched(`?source=${many.connection.id}`)).text());
    expect(rows).toHaveLength(2_300);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2_300);
  });
});
