import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, Page } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** The same client in each company, known there by another address. */
const person = ({ account }: Company) => ({
  name: 'Mia Lopez',
  email: `mia@${account.company}.example.com`,
  phone: '0151 12345678',
});
const HOME = {
  address1: 'Am Markt 5',
  address2: '',
  city: 'Jena',
  zip: '07743',
  country_id: 'DE',
  state_id: '0',
};
const SHOWN = { line1: 'Am Markt 5', line2: null, city: 'Jena', zip: '07743', country: 'DE', state: null };

const leadOf = async ({ id }: Connection): Promise<Lead> => {
  const [lead] = await world.all<Lead>(`/api/leads?source=${id}`);
  return lead!;
};

const opened = async (more: object = {}): Promise<{ company: Company; connection: Connection }> => {
  const company = await world.companies.open();
  company.crm.add({ ...person(company), ...HOME, birthday: '1990-02-03' });
  const connection = await world.connect(company, more);
  await world.sync(connection);
  return { company, connection };
};

describe('the address of a client', () => {
  it('is kept with its source and shown on the lead, and a change of it is a fact', async () => {
    const { company, connection } = await opened();
    expect(await leadOf(connection)).toMatchObject({ address: SHOWN, sources: [{ address: SHOWN }] });
    company.crm.change(1, { city: 'Weimar' });
    const events = await world.appended(() => world.sync(connection));
    expect(events.map(({ type, data }) => [type, data['changed']])).toEqual([
      ['SyncStarted', undefined],
      ['ClientImported', ['address']],
      ['LeadUpserted', ['address']],
      ['SyncCompleted', undefined],
    ]);
    expect(await leadOf(connection)).toMatchObject({ address: { ...SHOWN, city: 'Weimar' } });
  });

  it('goes when the CRM says that there is none', async () => {
    const { company, connection } = await opened();
    company.crm.change(1, { address1: '', city: '', zip: '', country_id: '' });
    await world.sync(connection);
    expect(await leadOf(connection)).toMatchObject({ address: null, sources: [{ address: null }] });
  });

  it('stays when the CRM does not show addresses any more, and nothing is recorded', async () => {
    const { company, connection } = await opened();
    company.faults.set({ hide: ['address1', 'address2', 'city', 'zip', 'country_id', 'state_id'] });
    const events = await world.appended(() => world.sync(connection));
    expect(events.map(({ type }) => type)).toEqual(['SyncStarted', 'SyncCompleted']);
    expect(await leadOf(connection)).toMatchObject({ address: SHOWN });
  });
});

describe('the phone of a client', () => {
  it('is kept as written, with the number that it is in the country of the company', async () => {
    const { connection } = await opened({ country: 'de' });
    expect(connection.country).toBe('DE');
    const number = { phone: '0151 12345678', phoneE164: '+4915112345678', phoneExtension: null };
    expect(await leadOf(connection)).toMatchObject({ ...number, sources: [number] });
  });

  it('is read as in the country of the own address when nobody has said where the company is', async () => {
    const { company, connection } = await opened();
    expect(connection.country).toBeNull();
    expect(await leadOf(connection)).toMatchObject({ phoneE164: '+4915112345678' });
    const number = company.crm.add({
      ...person(company),
      email: `noah@${company.account.company}.example.com`,
    });
    await world.sync(connection);
    const leads = await world.all<Lead>(`/api/leads?source=${connection.id}`);
    const other = leads.find(({ sources }) => sources[0]!.externalId === String(number.id));
    expect(other).toMatchObject({ phone: '0151 12345678', phoneE164: null });
  });

  it('is found by the number as well', async () => {
    const { connection } = await opened({ country: 'DE' });
    const { body } = await world.api<Page<Lead>>(
      'GET',
      `/api/leads?source=${connection.id}&search=${encodeURIComponent('+49151')}`,
    );
    expect(body.data).toHaveLength(1);
  });

  it('has its extension beside it', async () => {
    const { company, connection } = await opened({ country: 'DE' });
    company.crm.change(1, { phone: '030 123456 ext. 12' });
    await world.sync(connection);
    expect(await leadOf(connection)).toMatchObject({ phoneE164: '+4930123456', phoneExtension: '12' });
  });
});

describe('the custom fields of a client', () => {
  const birthday = (value: string) => [{ id: '9f00aa11bb22cc33dd44ee55ff667788', title: 'Birthday', value }];
  const asked = (company: Company): number => company.requests.summary().byRoute['field-values'] ?? 0;

  it('are not fetched unless somebody wants them', async () => {
    const { company, connection } = await opened();
    expect(connection.clientFields).toBe(false);
    expect(asked(company)).toBe(0);
    expect((await leadOf(connection)).sources[0]!.fields).toEqual([]);
  });

  it('are fetched once for each new or changed client, and kept with its source', async () => {
    const { company, connection } = await opened({ clientFields: true });
    expect(await leadOf(connection)).toMatchObject({ sources: [{ fields: birthday('1990-02-03') }] });
    await world.sync(connection);
    expect(asked(company)).toBe(1);
    company.crm.change(1, { phone: '030 1', birthday: '1991-03-04' });
    const events = await world.appended(() => world.sync(connection));
    expect(events.map(({ data }) => data['changed']).filter(Boolean)).toEqual([
      ['phone', 'fields'],
      ['phone'],
    ]);
    expect(await leadOf(connection)).toMatchObject({ sources: [{ fields: birthday('1991-03-04') }] });
    expect(asked(company)).toBe(2);
  });

  it.each(['empty', 'map'] as const)('are read however they come: %s', async (fieldValues) => {
    const company = await world.companies.open();
    company.faults.set({ fieldValues });
    company.crm.add({ ...person(company), birthday: '1990-02-03' });
    const connection = await world.connect(company, { clientFields: true });
    expect((await world.sync(connection)).status).toBe('succeeded');
    const fields = fieldValues === 'map' ? birthday('1990-02-03') : [];
    expect((await leadOf(connection)).sources[0]!.fields).toEqual(fields);
  });

  it('do not keep a client from becoming a lead where the role may not see them: the run says so', async () => {
    const company = await world.companies.open();
    company.faults.set({ fieldValues: 'forbidden' });
    for (let count = 0; count < 3; count += 1)
      company.crm.add({ ...person(company), email: `c${count}@fields.example.com` });
    const connection = await world.connect(company, { clientFields: true });
    const { runId, status, stats, warnings } = await world.sync(connection);
    expect([status, stats.leads_created]).toEqual(['succeeded', 3]);
    expect(warnings).toEqual([{ code: 'client-fields-forbidden', detail: expect.stringContaining('role') }]);
    const { body: run } = await world.api<{ warnings: unknown }>('GET', `/api/runs/${runId}`);
    expect(run.warnings).toEqual(warnings);
    expect(asked(company)).toBe(1);
  });

  it('stay as they were when the role may not see them any more', async () => {
    const { company, connection } = await opened({ clientFields: true });
    company.faults.set({ fieldValues: 'forbidden' });
    company.crm.change(1, { phone: '030 2' });
    await world.sync(connection);
    expect(await leadOf(connection)).toMatchObject({ sources: [{ fields: birthday('1990-02-03') }] });
  });
});

describe('connecting', () => {
  it.each([
    ['country', 'Germany', '/country'],
    ['country', 'XX', '/country'],
    ['clientFields', 'yes', '/clientFields'],
  ])('refuses %s %j and says where', async (field, value, pointer) => {
    const company = await world.companies.open();
    const { company: name, login, password: secret } = company.account;
    const body = { provider: 'simplybook', company: name, login, secret, [field]: value };
    const { status, body: problem } = await world.api<{ errors: { pointer: string }[] }>(
      'POST',
      '/api/connections',
      body,
    );
    expect([status, problem.errors[0]!.pointer]).toEqual([400, pointer]);
  });
});
