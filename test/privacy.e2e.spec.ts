import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Lead, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

/** Invented people and keys whose every trace can be found again. */
const PEOPLE = {
  name: 'Canarina Wolkenstein',
  email: 'canarina.wolkenstein@canary.example.com',
  phone: '+49 151 0777 3141',
  quarantined: 'Unreachable Kanarienvogel',
  'bad e-mail': 'kanarienvogel(at)canary.example.com',
  'new name': 'Canarina Regenstein',
  fix: 'mended.canary@canary.example.com',
  'bad fix': 'mended.kanarienvogel(at)canary.example.com',
};
const SECRETS = {
  'authenticator secret': 'C4N4RY3SECRET5OF2AN7APP',
  password: 'canary-password-q7Lw2',
  'API user key': 'canary-api-user-key-x9Kd3',
  'wrong password': 'canary-wrong-password-t4Rm8',
  'malformed body': 'canary-malformed-body-z1Pc6',
};

let world: World;
/** What the CRM has given out to log in with; other ones each time. */
let tokens: ReadonlySet<string>;

beforeAll(async () => {
  world = await startWorld({ LOG_LEVEL: 'trace' });
  const company = await world.companies.open({
    password: SECRETS.password,
    apiUserKey: SECRETS['API user key'],
  });
  const { api } = world;
  const { company: name, login } = company.account;
  const wish = { provider: 'simplybook', company: name, login };
  await api('POST', '/api/connections', { ...wish, secret: SECRETS['wrong password'] });
  await api('POST', '/api/connections', `{"secret":"${SECRETS['malformed body']}"`);
  await api('POST', '/api/connections', {
    ...wish,
    secret: SECRETS.password,
    [SECRETS['wrong password']]: PEOPLE.name,
  });
  const connection = await world.connect(company, { secret: SECRETS.password });
  await api('POST', '/api/connections', { ...wish, secret: SECRETS.password });

  const canary = company.crm.add({ name: PEOPLE.name, email: PEOPLE.email, phone: PEOPLE.phone });
  const other = company.crm.add({ name: 'Other', email: 'other@canary.example.com' });
  company.bookings.add({ clientId: canary.id, serviceId: 8 });
  company.bookings.add({ clientId: canary.id, status: 'rescheduled' });
  company.crm.add({ name: PEOPLE.quarantined, email: PEOPLE['bad e-mail'] });
  company.crm.add({ name: 'Mended', email: '' });
  await world.sync(connection);
  await mendAndMerge();
  company.crm.change(canary.id, { name: PEOPLE['new name'] });
  company.crm.change(other.id, { email: PEOPLE.email });
  company.auth.expireTokens();
  await world.sync(connection);
  await api('PUT', `/api/connections/${connection.id}/credentials`, {
    secret: SECRETS['API user key'],
    totpSecret: SECRETS['authenticator secret'],
  });
  await api('POST', `/api/connections/${connection.id}/sync`, undefined, {
    'idempotency-key': '"keep-this"',
  });
  await api('POST', `/api/connections/${connection.id}/test`);
  for (const search of [PEOPLE.email, PEOPLE.name, PEOPLE.phone]) {
    await api('GET', `/api/leads?search=${encodeURIComponent(search)}`);
    await api('GET', `/api/leads?sort=${encodeURIComponent(search)}`);
    await api('GET', `/api/${encodeURIComponent(search)}`);
    await api('GET', `/api/leads/${encodeURIComponent(search)}`);
  }
  await api('GET', '/api/events?limit=200');
  await api('GET', '/api/quarantine');
  company.faults.set({ troubles: [{ kind: 'html' }] });
  await api('POST', `/api/connections/${connection.id}/test`);
  company.faults.set({ accessDenied: true, troubles: [] });
  await api('POST', `/api/connections/${connection.id}/sync`);
  tokens = company.tokensSeen;
});
afterAll(() => world.stop());

/** What people do about a waiting client, and then to its lead. */
const mendAndMerge = async (): Promise<void> => {
  const [waiting] = await world.all<Waiting>('/api/quarantine?code=email.missing');
  const path = `/api/quarantine/${waiting?.id}/replay`;
  await world.api('POST', path, { fix: { email: PEOPLE['bad fix'] } });
  const replayed = await world.api<{ leadId: string }>('POST', path, { fix: { email: PEOPLE.fix } });
  const [canary] = await world.all<Lead>(`/api/leads?search=${PEOPLE.email}`);
  for (const verb of ['merge', 'split']) {
    const { status } = await world.api('POST', `/api/leads/${canary?.id}/${verb}`, replayed.body);
    expect(status).toBe(400);
    const body = { leadId: replayed.body.leadId };
    expect((await world.api('POST', `/api/leads/${canary?.id}/${verb}`, body)).status).toBe(200);
  }
};

/** A text as it is, and as it would look in a bytea column or inside base64. */
const spellings = (text: string): string[] => {
  const bytes = Buffer.from(text);
  const aligned = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  );
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    bytes.toString('hex'),
    encodeURIComponent(text),
    ...aligned,
  ];
};

const found = (haystack: string, needles: Record<string, string>): string[] =>
  Object.entries(needles).flatMap(([what, text]) =>
    spellings(text).some((spelling) => haystack.includes(spelling)) ? [what] : [],
  );

/** Passwords and keys, and the tokens that they have brought. */
const secrets = (): Record<string, string> => ({
  ...SECRETS,
  ...Object.fromEntries([...tokens].map((token, index) => [`token ${index + 1}`, token])),
});

const tableText = async (table: string): Promise<string> => {
  const rows = await world.rows<{ row: string }>(`select t::text as row from ${table} t`);
  return rows.map(({ row }) => row).join('\n');
};

const allTables = async (): Promise<string[]> => {
  const rows = await world.rows<{ name: string }>(
    "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
  );
  return rows.map(({ name }) => name);
};

describe('the log of the service', () => {
  it('at its most talkative holds nobody and no secret', () => {
    const output = world.service.output();
    expect(output.split('\n').length).toBeGreaterThan(40);
    expect(tokens.size).toBeGreaterThanOrEqual(3);
    expect(found(output, { ...PEOPLE, ...secrets() })).toEqual([]);
  });

  it('is lines of JSON, each request under its route and not under its address', () => {
    const lines = world.service
      .output()
      .trim()
      .split('\n')
      .filter((line) => !/^(crm-sync is ready|Sign in to the console)/.test(line));
    const records = lines.map((line): Record<string, unknown> => JSON.parse(line));
    const requests = records.filter(({ msg }) => msg === 'request');
    expect(requests.length).toBeGreaterThan(20);
    for (const { route } of requests) expect(route).toMatch(/^(none|\/[a-z/:.]+)$/);
  });
});

describe('the database', () => {
  it('holds no secret in clear, in no table', async () => {
    const tables = await allTables();
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables) {
      const text = await tableText(table);
      expect([table, found(text, secrets())]).toEqual([table, []]);
    }
  });

  it('holds the person where the books are, so this search would find a secret too', async () => {
    expect(found(await tableText('leads'), PEOPLE)).toEqual(['email', 'phone', 'new name', 'fix']);
    expect(found(await tableText('quarantine'), PEOPLE)).toContain('quarantined');
  });

  it('holds nobody in the log of events: values of people are sealed there, what they have booked too', async () => {
    const text = await tableText('events');
    const types = [
      'ClientImported',
      'ClientFixed',
      'LeadMerged',
      'LeadSplit',
      'BookingUpserted',
      'BookingQuarantined',
    ];
    for (const type of types) expect(text).toContain(type);
    expect(await tableText('bookings')).toContain('Yoga & Breath');
    expect(found(text, { ...PEOPLE, service: 'Yoga & Breath' })).toEqual([]);
    for (const table of [
      'event_log',
      'subject_keys',
      'crm_clients',
      'bookings',
      'sync_runs',
      'active_runs',
      'run_seen',
      'jobs.job',
      'idempotency_keys',
    ]) {
      expect([table, found(await tableText(table), PEOPLE)]).toEqual([table, []]);
    }
  });

  it('answers with the same values to whom may ask', async () => {
    const { text } = await world.api('GET', '/api/events?type=ClientImported');
    expect(found(text, { name: PEOPLE.name, email: PEOPLE.email, phone: PEOPLE.phone })).toHaveLength(3);
  });
});

describe('an answer', () => {
  it('never tells a secret of ours or of the CRM, nor a token', async () => {
    for (const path of [
      '/api/connections',
      '/api/events?limit=200',
      '/api/runs',
      '/api/quarantine',
      '/openapi.json',
    ]) {
      const { text } = await world.api('GET', path);
      expect([path, found(text, secrets())]).toEqual([path, []]);
    }
  });
});
