import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, Lead, LogEvent, Page, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const leadsOf = async ({ id }: Connection): Promise<Lead[]> =>
  world.all<Lead>(`/api/leads?source=${id}&sort=createdAt`);

/** The lead that this client of the connection hangs on. */
const leadOf = async (connection: Connection, client: { id: number }): Promise<Lead> => {
  const leads = await leadsOf(connection);
  const lead = leads.find(({ sources }) =>
    sources.some(
      ({ connectionId, externalId }) => connectionId === connection.id && externalId === String(client.id),
    ),
  );
  if (lead === undefined) throw new Error(`Client ${client.id} has no lead.`);
  return lead;
};

const waitingOf = async ({ id }: Connection): Promise<Waiting[]> =>
  world.all<Waiting>(`/api/quarantine?connectionId=${id}`);

const kinds = (events: readonly LogEvent[]): string[] => events.map(({ type }) => type);

const NO_DETAILS = {
  status: 'active',
  goneAt: null,
  address: null,
  fields: [],
  phoneE164: null,
  phoneExtension: null,
};
const RUN_ALONE = ['SyncStarted', 'SyncCompleted'];

let turn = 0;
/** Somebody whose address nobody else has. */
const person = (name: string) => {
  turn += 1;
  return {
    name,
    email: `${name.toLowerCase().replaceAll(' ', '.')}.${turn}@example.com`,
    phone: `+4930${turn}`,
  };
};

const companyOf = async (...people: { name: string; email: string | null; phone: string | null }[]) => {
  const { company, connection } = await world.connected();
  const clients = people.map((one) => company.crm.add(one));
  await world.sync(connection);
  return { company, connection, clients };
};

describe('a client that has changed in the CRM', () => {
  it.each([
    ['name', 'Mia Lopez-Ortega'],
    ['phone', '+4915199999999'],
    ['email', 'mia.moved@example.com'],
  ] as const)('by its %s changes that of its lead, and nothing else of anybody', async (field, value) => {
    const { company, connection, clients } = await companyOf(person('Mia Lopez'), person('Noah Berg'));
    const [mia, noah] = [clients[0]!, clients[1]!];
    const [before, other] = [await leadOf(connection, mia), await leadOf(connection, noah)];
    company.crm.change(mia.id, { [field]: value });

    const events = await world.appended(async () => {
      const { stats, status } = await world.sync(connection);
      expect(status).toBe('succeeded');
      expect(stats).toMatchObject({
        clients_fetched: 2,
        leads_updated: 1,
        leads_unchanged: 1,
        leads_created: 0,
      });
    });
    expect(kinds(events)).toEqual(['SyncStarted', 'ClientImported', 'LeadUpserted', 'SyncCompleted']);
    expect(events[1]?.data).toMatchObject({
      change: 'changed',
      changed: [field],
      externalId: String(mia.id),
    });
    expect(events[2]?.data).toMatchObject({ change: 'updated', changed: [field], leadId: before.id });
    expect(events[2]?.personal).toMatchObject({ [field]: value });

    const number = field === 'phone' ? { phoneE164: value } : {};
    const after = await leadOf(connection, mia);
    expect(after).toEqual({
      ...before,
      [field]: value,
      ...number,
      sources: [{ ...before.sources[0], [field]: value, ...number }],
      notes: expect.any(String),
      updatedAt: events[2]?.recordedAt,
      lastSyncedAt: expect.any(String),
      version: 2,
    });
    expect(await leadOf(connection, noah)).toMatchObject({ version: 1, updatedAt: other.updatedAt });
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('by blanks around its values has not changed', async () => {
    const { company, connection, clients } = await companyOf(person('Greta Blank'));
    const { id, name, email, phone } = clients[0]!;
    company.crm.change(id, { name: `  ${name} `, email: ` ${email}`, phone: `${phone}  ` });
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('by a custom field that nobody wants fetched has not changed either', async () => {
    const { company, connection, clients } = await companyOf(person('Otto Grows'));
    company.crm.change(clients[0]!.id, { birthday: '1990-02-03' });
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('by another spelling of its e-mail stays the same lead, which shows the new spelling', async () => {
    const { company, connection, clients } = await companyOf(person('Zoe Caps'));
    const { id, email } = clients[0]!;
    const before = await leadOf(connection, clients[0]!);
    company.crm.change(id, { email: email!.toUpperCase() });
    expect((await world.sync(connection)).stats).toMatchObject({ leads_updated: 1, leads_created: 0 });
    expect(await leadOf(connection, clients[0]!)).toMatchObject({
      id: before.id,
      email: email!.toUpperCase(),
    });
  });

  it('by an emptied phone has none any more', async () => {
    const { company, connection, clients } = await companyOf(person('Ida Silent'));
    company.crm.change(clients[0]!.id, { phone: '' });
    await world.sync(connection);
    expect(await leadOf(connection, clients[0]!)).toMatchObject({ phone: null, version: 2 });
  });
});

describe('clients with one e-mail address', () => {
  it('are sources of one lead: the first is primary, the others only fill its blanks', async () => {
    const first = { ...person('Anna Berg'), phone: '' };
    const { company, connection } = await world.connected();
    const anna = company.crm.add(first);
    const child = company.crm.add({ name: 'Benno Berg', email: first.email.toUpperCase(), phone: '+49301' });
    const { stats } = await world.sync(connection);
    expect(stats).toMatchObject({ clients_fetched: 2, leads_created: 1, errors_count: 0 });
    expect(stats.leads_linked + stats.leads_updated).toBe(1);
    const lead = await leadOf(connection, anna);
    expect(lead).toMatchObject({ name: 'Anna Berg', email: first.email, phone: '+49301' });
    expect(lead.sources).toEqual([
      {
        ...NO_DETAILS,
        connectionId: connection.id,
        externalId: String(anna.id),
        primary: true,
        name: 'Anna Berg',
        email: first.email,
        phone: null,
      },
      {
        ...NO_DETAILS,
        connectionId: connection.id,
        externalId: String(child.id),
        primary: false,
        name: 'Benno Berg',
        email: first.email.toUpperCase(),
        phone: '+49301',
      },
    ]);
  });

  it('never play ping-pong: a sync of the same data appends nothing', async () => {
    const one = person('Kim One');
    const { connection } = await companyOf(
      one,
      { ...one, name: 'Kim Two' },
      { ...one, name: 'Kim Three', phone: '' },
    );
    for (let times = 0; times < 3; times += 1) {
      expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
    }
  });

  it('keep the values of the first when the second one changes its own', async () => {
    const one = person('Lea Winter');
    const { company, connection, clients } = await companyOf(one, { ...one, name: 'Tom Winter' });
    company.crm.change(clients[1]!.id, { name: 'Tom Sommer' });
    await world.sync(connection);
    const lead = await leadOf(connection, clients[0]!);
    expect([lead.name, lead.sources.map(({ name }) => name)]).toEqual([
      'Lea Winter',
      ['Lea Winter', 'Tom Sommer'],
    ]);
  });

  it('are one lead still when the second one moves on, and its new address is free for somebody else', async () => {
    const one = person('Vera Shared');
    const { company, connection, clients } = await companyOf(one, { ...one, name: 'Walter Shared' });
    const lead = await leadOf(connection, clients[0]!);
    const moved = person('Walter Moved').email;
    company.crm.change(clients[1]!.id, { email: moved });
    const third = company.crm.add({ name: 'Xaver Third', email: one.email, phone: '' });
    const fourth = company.crm.add({ name: 'Yara Fourth', email: moved, phone: '' });
    const { status, stats } = await world.sync(connection);
    expect([status, stats.clients_fetched, stats.clients_quarantined]).toEqual(['succeeded', 4, 0]);
    expect((await leadOf(connection, third)).id).toBe(lead.id);
    expect((await leadOf(connection, clients[1]!)).id).toBe(lead.id);
    expect((await leadOf(connection, fourth)).email).toBe(moved);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });
});

describe('a client whose id the CRM gives to somebody else', () => {
  it('stays the lead of that id, with the values of now, and takes nobody else’s', async () => {
    const { company, connection, clients } = await companyOf(person('Gone Before'), person('Ida Other'));
    const [first, other] = [await leadOf(connection, clients[0]!), await leadOf(connection, clients[1]!)];
    const newcomer = person('Newt Comer');
    company.crm.change(clients[0]!.id, newcomer);
    expect((await world.sync(connection)).stats).toMatchObject({ leads_updated: 1, leads_unchanged: 1 });
    expect(await leadOf(connection, clients[0]!)).toMatchObject({ id: first.id, ...newcomer });
    const { id, version, email } = other;
    expect(await leadOf(connection, clients[1]!)).toMatchObject({ id, version, email });

    company.crm.change(clients[0]!.id, { ...person('Next Comer'), email: clients[1]!.email });
    expect((await world.sync(connection)).errors).toMatchObject([{ code: 'email.taken' }]);
    expect(await leadOf(connection, clients[0]!)).toMatchObject({ id: first.id, ...newcomer });
    expect(await leadOf(connection, clients[1]!)).toMatchObject({
      id: other.id,
      sources: [{ externalId: '2' }],
    });
  });
});

describe('a client whose new e-mail belongs to another lead', () => {
  it('waits with both leads named, which stay as they are, and is let go when the address is free', async () => {
    const { company, connection, clients } = await companyOf(person('Paul Old'), person('Rosa Owner'));
    const [paul, rosa] = [clients[0]!, clients[1]!];
    const [his, hers] = [await leadOf(connection, paul), await leadOf(connection, rosa)];
    company.crm.change(paul.id, { email: rosa.email });

    const { status, stats, errors } = await world.sync(connection);
    expect(status).toBe('succeeded-with-errors');
    expect(stats).toMatchObject({ clients_quarantined: 1, errors_count: 1, leads_unchanged: 1 });
    expect(errors).toMatchObject([{ externalId: String(paul.id), code: 'email.taken' }]);
    const [waiting] = await waitingOf(connection);
    expect(waiting).toMatchObject({ code: 'email.taken', attempts: 1, kind: 'client' });
    expect(waiting?.detail).toContain(his.id);
    expect(waiting?.detail).toContain(hers.id);
    expect(waiting?.leads).toEqual([his.id, hers.id]);
    expect(await leadOf(connection, paul)).toMatchObject({ id: his.id, version: 1, email: paul.email });

    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
    expect((await waitingOf(connection))[0]?.attempts).toBe(2);

    company.crm.change(rosa.id, { email: 'rosa.freed@example.com' });
    await world.sync(connection);
    expect((await world.sync(connection)).status).toBe('succeeded');
    expect(await leadOf(connection, paul)).toMatchObject({ id: his.id, email: rosa.email });
    expect(await leadOf(connection, rosa)).toMatchObject({ id: hers.id, email: 'rosa.freed@example.com' });
    expect(await waitingOf(connection)).toEqual([]);
  });

  it('waits also when it is not the one who gives its lead the address', async () => {
    const one = person('Tina Shared');
    const { company, connection, clients } = await companyOf(
      one,
      { ...one, name: 'Udo Shared' },
      person('Viola Owner'),
    );
    const [tina, udo, viola] = [clients[0]!, clients[1]!, clients[2]!];
    company.crm.change(udo.id, { email: viola.email });
    expect((await world.sync(connection)).errors).toMatchObject([
      { externalId: String(udo.id), code: 'email.taken' },
    ]);
    expect((await leadOf(connection, udo)).id).toBe((await leadOf(connection, tina)).id);
    expect((await leadOf(connection, viola)).sources).toHaveLength(1);
  });

  it("waits for good while two have taken each other's, and neither lead changes", async () => {
    const { company, connection, clients } = await companyOf(person('Will Swap'), person('Xenia Swap'));
    const [will, xenia] = [clients[0]!, clients[1]!];
    company.crm.change(will.id, { email: xenia.email });
    company.crm.change(xenia.id, { email: will.email });
    for (let times = 0; times < 2; times += 1) {
      const { stats, errors } = await world.sync(connection);
      expect(stats).toMatchObject({ clients_quarantined: 2, leads_updated: 0 });
      expect(errors.map(({ code }) => code)).toEqual(['email.taken', 'email.taken']);
    }
    expect((await leadOf(connection, will)).email).toBe(will.email);
    expect((await leadOf(connection, xenia)).email).toBe(xenia.email);
  });
});

describe('a client without a usable e-mail', () => {
  it.each([
    ['', 'email.missing', 'has no e-mail address'],
    [null, 'email.missing', 'has no e-mail address'],
    ['  ', 'email.missing', 'has no e-mail address'],
    ['ivo(at)example.com', 'email.invalid', 'has an e-mail address that no mail could reach'],
    ['one@example.com, two@example.com', 'email.invalid', 'has an e-mail address that no mail could reach'],
  ])('(%j) waits in quarantine with the record as the CRM gave it', async (email, code, reason) => {
    const { company, connection } = await world.connected();
    const ivo = company.crm.add({ name: 'Ivo Broken', email, phone: '+4930999' });
    const events = await world.appended(async () => {
      const { status, stats, errors } = await world.sync(connection);
      expect(status).toBe('succeeded-with-errors');
      expect(stats).toMatchObject({ clients_fetched: 1, clients_quarantined: 1, leads_created: 0 });
      expect(errors).toEqual([
        { externalId: String(ivo.id), code, message: `Client ${ivo.id} (Ivo Broken) ${reason}.` },
      ]);
    });
    expect(kinds(events)).toEqual(['SyncStarted', 'ClientQuarantined', 'SyncCompleted']);
    expect(await leadsOf(connection)).toEqual([]);
    expect(await waitingOf(connection)).toEqual([
      {
        id: expect.any(String),
        connectionId: connection.id,
        externalId: String(ivo.id),
        kind: 'client',
        status: 'waiting',
        code,
        detail: `Client ${ivo.id} (Ivo Broken) ${reason}.`,
        advice: expect.stringContaining('"email"'),
        leads: [],
        record: expect.objectContaining({ id: ivo.id, name: 'Ivo Broken', email, phone: '+4930999' }),
        firstSeenAt: events[1]?.recordedAt,
        lastSeenAt: expect.any(String),
        attempts: 1,
      },
    ]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('is released by the next sync after somebody has mended it in the CRM', async () => {
    const { company, connection } = await world.connected();
    const ivo = company.crm.add({ name: 'Ivo Mended', email: '', phone: '' });
    await world.sync(connection);
    const { email } = person('Ivo Mended');
    company.crm.change(ivo.id, { email });
    const { status, stats } = await world.sync(connection);
    expect([status, stats.leads_created, stats.clients_quarantined]).toEqual(['succeeded', 1, 0]);
    expect(await waitingOf(connection)).toEqual([]);
    expect(await leadOf(connection, ivo)).toMatchObject({ name: 'Ivo Mended', email });
  });

  it('keeps its lead when it had an address before, and waits until it has one again', async () => {
    const { company, connection, clients } = await companyOf(person('Nora Lost'));
    const nora = clients[0]!;
    const before = await leadOf(connection, nora);
    company.crm.change(nora.id, { email: '' });
    for (let times = 0; times < 2; times += 1) {
      const { stats } = await world.sync(connection);
      expect(stats).toMatchObject({ clients_fetched: 1, clients_quarantined: 1, leads_updated: 0 });
      expect(await leadOf(connection, nora)).toMatchObject({
        id: before.id,
        email: before.email,
        version: 1,
      });
    }
    company.crm.change(nora.id, { email: 'nora.found@example.com' });
    expect((await world.sync(connection)).stats).toMatchObject({ leads_updated: 1, clients_quarantined: 0 });
    expect(await leadOf(connection, nora)).toMatchObject({ id: before.id, email: 'nora.found@example.com' });
  });

  it('comes back to its lead unchanged when it gets its old address again', async () => {
    const { company, connection, clients } = await companyOf(person('Olga Back'));
    const { id, email } = clients[0]!;
    company.crm.change(id, { email: '' });
    await world.sync(connection);
    company.crm.change(id, { email });
    const { status, stats } = await world.sync(connection);
    expect([status, stats.leads_unchanged, stats.clients_quarantined]).toEqual(['succeeded', 1, 0]);
    expect(await waitingOf(connection)).toEqual([]);
    expect(await leadOf(connection, { id })).toMatchObject({ email, version: 1 });
  });

  it('becomes a lead without one where the connection wants it, and finds its address later', async () => {
    const company = await world.companies.open();
    const jun = company.crm.add({ name: 'Jun Unset', email: null, phone: '+4930777' });
    const connection = await world.connect(company, { clientsWithoutEmail: 'import' });
    const { status, stats } = await world.sync(connection);
    expect([status, stats.leads_created]).toEqual(['succeeded', 1]);
    const lead = await leadOf(connection, jun);
    expect(lead).toMatchObject({ name: 'Jun Unset', email: null, phone: '+4930777' });
    company.crm.change(jun.id, { email: 'jun.set@example.com' });
    await world.sync(connection);
    expect(await leadOf(connection, jun)).toMatchObject({ id: lead.id, email: 'jun.set@example.com' });
  });

  it('never stops a run by leaving its lead with the address of another one', async () => {
    const company = await world.companies.open();
    const { email } = person('Quinn Shared');
    const first = company.crm.add({ name: 'Quinn Shared', email, phone: '' });
    const second = company.crm.add({ name: 'Rita Shared', email, phone: '' });
    const connection = await world.connect(company, { clientsWithoutEmail: 'import' });
    await world.sync(connection);
    const { email: moved } = person('Rita Moved');
    company.crm.change(second.id, { email: moved });
    await world.sync(connection);
    const third = company.crm.add({ name: 'Sam Third', email: moved, phone: '' });
    await world.sync(connection);
    company.crm.change(first.id, { email: '' });
    expect((await world.sync(connection)).stats.clients_fetched).toBe(3);
    expect((await leadOf(connection, third)).email).toBe(moved);
    expect((await leadOf(connection, first)).id).toBe((await leadOf(connection, second)).id);
  });
});

describe('a client that is deleted in the CRM', () => {
  it.each([false, true])(
    'before the first sync is not counted and not imported (listed: %s)',
    async (listDeleted) => {
      const { company, connection } = await world.connected({ clients: 3, switches: { listDeleted } });
      company.crm.delete(2);
      const { status, stats } = await world.sync(connection);
      expect([status, stats.clients_fetched, stats.leads_created]).toEqual(['succeeded', 2, 2]);
    },
  );
});

describe('a second company with the same people', () => {
  it('adds its clients as sources to the leads that are there', async () => {
    const same = { clients: 5, seed: 77, samePeople: true };
    const first = await world.connected(same);
    const second = await world.connected(same);
    await world.sync(first.connection);
    const events = await world.appended(async () => {
      const { stats } = await world.sync(second.connection);
      expect(stats).toMatchObject({
        clients_fetched: 5,
        leads_linked: 5,
        leads_created: 0,
        leads_updated: 0,
      });
    });
    expect(events.filter(({ type }) => type === 'LeadUpserted').map(({ data }) => data['change'])).toEqual(
      Array(5).fill('linked'),
    );
    const leads = await leadsOf(second.connection);
    expect(leads).toHaveLength(5);
    expect(await leadsOf(first.connection)).toEqual(leads);
    for (const { sources } of leads) {
      expect(sources.map(({ connectionId, primary }) => [connectionId, primary])).toEqual([
        [first.connection.id, true],
        [second.connection.id, false],
      ]);
    }
    expect(kinds(await world.appended(() => world.sync(second.connection)))).toEqual(RUN_ALONE);
    expect(kinds(await world.appended(() => world.sync(first.connection)))).toEqual(RUN_ALONE);
  });

  it('may be synced at the same time, and the people stay one', async () => {
    const same = { clients: 120, seed: 78, samePeople: true };
    const all: Connection[] = [];
    for (let count = 0; count < 10; count += 1) all.push((await world.connected(same)).connection);
    const answers = await Promise.all(all.map((connection) => world.sync(connection)));
    const sum = (count: 'leads_created' | 'leads_linked'): number =>
      answers.reduce((total, { stats }) => total + stats[count], 0);
    expect([sum('leads_created'), sum('leads_linked')]).toEqual([120, 9 * 120]);
    expect(await leadsOf(all[0]!)).toHaveLength(120);
  });
});

describe('quarantine', () => {
  it('is listed newest first, by connection and by code, page by page', async () => {
    const { company, connection } = await world.connected();
    for (let count = 0; count < 3; count += 1) company.crm.add({ name: `No Address ${count}`, email: '' });
    await world.sync(connection);
    company.crm.add({ name: 'Bad Address', email: 'bad(at)example.com' });
    await world.sync(connection);
    const path = `/api/quarantine?connectionId=${connection.id}`;
    const { body: all } = await world.api<Page<Waiting>>('GET', path);
    expect(all.data.map(({ code }) => code)).toEqual([
      'email.invalid',
      'email.missing',
      'email.missing',
      'email.missing',
    ]);
    const { body: missing } = await world.api<Page<Waiting>>('GET', `${path}&code=email.missing&limit=2`);
    expect(missing.data.map(({ id }) => id)).toEqual(all.data.slice(1, 3).map(({ id }) => id));
    const { body: rest } = await world.api<Page<Waiting>>(
      'GET',
      `${path}&code=email.missing&limit=2&cursor=${missing.page.nextCursor}`,
    );
    expect(rest).toEqual({ data: all.data.slice(3), page: { nextCursor: null, limit: 2 } });
  });
});
