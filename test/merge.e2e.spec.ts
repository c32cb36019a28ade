import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, LogEvent, Problem, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const RUN_ALONE = ['SyncStarted', 'SyncCompleted'];
const kinds = (events: readonly LogEvent[]): string[] => events.map(({ type }) => type);

type Told = Problem & Lead & { mergedInto: string };
const merge = (id: string, leadId: string) => world.api<Told>('POST', `/api/leads/${id}/merge`, { leadId });
const split = (id: string, leadId: string) => world.api<Told>('POST', `/api/leads/${id}/split`, { leadId });
const leadAt = async (id: string): Promise<Lead> => (await world.api<Lead>('GET', `/api/leads/${id}`)).body;
const leadsOf = ({ id }: Connection): Promise<Lead[]> => world.all<Lead>(`/api/leads?source=${id}`);
const waitingOf = ({ id }: Connection): Promise<Waiting[]> =>
  world.all<Waiting>(`/api/quarantine?connectionId=${id}`);
const clientsOf = ({ sources }: Lead): string[] => sources.map(({ externalId }) => externalId);
/** Without what time alone changes. */
const steady = (lead: Lead) => {
  const { bookings: _, ...rest } = { bookings: null, ...lead };
  return { ...rest, notes: '', lastSyncedAt: '', updatedAt: '', version: 0 };
};

let turn = 0;
const person = (name: string) => {
  turn += 1;
  return { name, email: `${name.toLowerCase()}.${turn}@example.com`, phone: '' };
};

/** A company whose clients are a lead each, in this order. */
const leadsFor = async (
  ...people: { name: string; email: string; phone: string }[]
): Promise<{ company: Company; connection: Connection; clients: { id: number }[]; leads: Lead[] }> => {
  const { company, connection } = await world.connected();
  const clients = people.map((one) => company.crm.add(one));
  await world.sync(connection);
  const found = await leadsOf(connection);
  const leads = clients.map(({ id }) => found.find((lead) => clientsOf(lead).includes(String(id)))!);
  return { company, connection, clients, leads };
};

describe('merging two leads', () => {
  it('makes one of them, with the sources of both; each source keeps what it says', async () => {
    const ada = { ...person('Ada'), phone: '' };
    const countess = { ...person('Lovelace'), phone: '+49301' };
    const { connection, clients, leads } = await leadsFor(ada, countess);
    const [kept, merged] = [leads[0]!, leads[1]!];
    const events = await world.appended(async () => {
      const { status, body } = await merge(kept.id, merged.id);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        id: kept.id,
        name: 'Ada',
        email: ada.email,
        phone: '+49301',
        mergedLeads: [merged.id],
        createdAt: kept.createdAt,
        version: 3,
      });
      expect(body.sources).toEqual([...kept.sources, { ...merged.sources[0], primary: false }]);
    });
    expect(kinds(events)).toEqual(['LeadMerged', 'LeadMerged', 'LeadUpserted']);
    expect(events[0]).toMatchObject({
      stream: `lead-${merged.id}`,
      data: { leadId: merged.id, role: 'merged', otherId: kept.id },
      personal: null,
      meta: { actor: expect.stringMatching(/^key:/) },
    });
    expect(events[1]).toMatchObject({
      stream: `lead-${kept.id}`,
      data: {
        leadId: kept.id,
        role: 'kept',
        otherId: merged.id,
        sources: [{ connectionId: connection.id, externalId: String(clients[1]!.id) }],
      },
    });
    expect(events[2]?.data).toMatchObject({ leadId: kept.id, changed: ['phone'], via: [merged.id] });
    expect(await leadsOf(connection)).toHaveLength(1);
    expect(await world.all<Lead>(`/api/leads?search=${countess.email}`)).toEqual([]);
    expect((await world.all<Lead>('/api/leads')).map(({ id }) => id)).not.toContain(merged.id);
  });

  it('lasts: later syncs go to the one that was kept, and append nothing when nothing has changed', async () => {
    const { company, connection, clients, leads } = await leadsFor(person('Ada'), person('Lovelace'));
    const [kept, merged] = [leads[0]!, leads[1]!];
    await merge(kept.id, merged.id);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
    company.crm.change(clients[1]!.id, { name: 'Countess', phone: '+49302' });
    const events = await world.appended(() => world.sync(connection));
    expect(events[2]).toMatchObject({
      stream: `lead-${kept.id}`,
      data: { leadId: kept.id, changed: ['phone'], via: [merged.id] },
    });
    expect(await leadAt(kept.id)).toMatchObject({ name: 'Ada', phone: '+49302' });
    expect((await leadAt(kept.id)).sources[1]).toMatchObject({ name: 'Countess', phone: '+49302' });
  });

  it('leaves both e-mail addresses taken: whoever comes with either is the same lead', async () => {
    const [ada, lovelace] = [person('Ada'), person('Lovelace')];
    const { company, connection, leads } = await leadsFor(ada, lovelace);
    await merge(leads[0]!.id, leads[1]!.id);
    const third = company.crm.add({ ...lovelace, name: 'Third', email: lovelace.email.toUpperCase() });
    const fourth = company.crm.add({ ...ada, name: 'Fourth' });
    expect((await world.sync(connection)).stats).toMatchObject({ leads_linked: 2, leads_created: 0 });
    const [lead, ...others] = await leadsOf(connection);
    expect([lead?.id, others]).toEqual([leads[0]!.id, []]);
    expect(clientsOf(lead!)).toEqual(expect.arrayContaining([String(third.id), String(fourth.id)]));
    expect((await split(leads[0]!.id, leads[1]!.id)).body.sources).toMatchObject([
      { name: 'Lovelace' },
      { name: 'Third' },
    ]);
    expect(clientsOf(await leadAt(leads[0]!.id))).toContain(String(fourth.id));
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('names, for the one that went, the lead to ask for', async () => {
    const { leads } = await leadsFor(person('Ada'), person('Ben'), person('Cleo'));
    const [ada, ben, cleo] = leads.map(({ id }) => id);
    await merge(ben!, cleo!);
    await merge(ada!, ben!);
    for (const id of [ben!, cleo!]) {
      const { status, code, body } = await world.api<Told>('GET', `/api/leads/${id}`);
      expect([status, code, body.mergedInto]).toEqual([404, 'lead-merged', ada]);
    }
    expect((await leadAt(ada!)).mergedLeads).toEqual([ben, cleo]);
  });

  it('is refused with a reason where there are not two leads to merge', async () => {
    const { connection, leads } = await leadsFor(person('Ada'), person('Ben'), person('Cleo'));
    const [ada, ben, cleo] = leads.map(({ id }) => id) as [string, string, string];
    await merge(ada, ben);
    const events = await world.appended(async () => {
      const itself = await merge(ada, ada.toUpperCase());
      expect([itself.status, itself.body.errors?.[0]?.pointer]).toEqual([400, '/leadId']);
      const twice = await merge(ada, ben);
      expect([twice.status, twice.code, twice.body.mergedInto]).toEqual([409, 'lead-merged', ada]);
      const elsewhere = await merge(cleo, ben);
      expect([elsewhere.status, elsewhere.code, elsewhere.body.mergedInto]).toEqual([
        409,
        'lead-merged',
        ada,
      ]);
      const gone = await merge(ben, cleo);
      expect([gone.status, gone.code, gone.body.mergedInto]).toEqual([404, 'lead-merged', ada]);
      const back = await merge(ben, ada);
      expect([back.status, back.code]).toEqual([404, 'lead-merged']);
      const unknown = await merge(ada, randomUUID());
      expect([unknown.status, unknown.code, unknown.body.errors?.[0]?.pointer]).toEqual([
        422,
        'lead-not-found',
        '/leadId',
      ]);
      const nowhere = await merge(randomUUID(), ada);
      expect([nowhere.status, nowhere.code]).toEqual([404, 'lead-not-found']);
      const company = await merge(connection.id, ada);
      expect(company.status).toBe(404);
    });
    expect(events).toEqual([]);
  });

  it('happens once, however many ask at once and in which direction', async () => {
    const { leads } = await leadsFor(person('Ada'), person('Ben'));
    const [ada, ben] = leads.map(({ id }) => id) as [string, string];
    const events = await world.appended(async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? merge(ada, ben) : merge(ben, ada))),
      );
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.every((status) => [200, 404, 409].includes(status))).toBe(true);
    });
    expect(kinds(events)).toEqual(['LeadMerged', 'LeadMerged', 'LeadUpserted']);
  });

  it('in a circle, all at once, ends with one lead that has everybody, or with a clear no', async () => {
    const { connection, leads } = await leadsFor(person('Ada'), person('Ben'), person('Cleo'));
    const ids = leads.map(({ id }) => id);
    const answers = await Promise.all(ids.map((id, index) => merge(id, ids[(index + 1) % 3]!)));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(answers.every(({ status }) => [200, 404, 409].includes(status))).toBe(true);
    const left = await leadsOf(connection);
    expect(left.flatMap(clientsOf)).toHaveLength(3);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('of thirty into one, all at once, takes them all', async () => {
    const crowd = Array.from({ length: 31 }, (_, index) => person(`Crowd${index}`));
    const { connection, leads } = await leadsFor(...crowd);
    const [kept, ...others] = leads.map(({ id }) => id) as [string, ...string[]];
    const answers = await Promise.all(others.map((id) => merge(kept, id)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(clientsOf(await leadAt(kept))).toHaveLength(31);
    const back = await Promise.all(others.map((id) => split(kept, id)));
    expect(new Set(back.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await leadsOf(connection)).toHaveLength(31);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('never happens by itself, however much two clients are alike', async () => {
    const [ada, other] = [person('Ada'), person('Ada')];
    const { leads } = await leadsFor({ ...ada, phone: '+49308' }, { ...other, phone: '+49308' });
    expect(leads[0]!.id).not.toBe(leads[1]!.id);
  });

  it('twice with one Idempotency-Key happens once', async () => {
    const { leads } = await leadsFor(person('Ada'), person('Ben'));
    const headers = { 'idempotency-key': randomUUID() };
    const send = () =>
      world.api('POST', `/api/leads/${leads[0]!.id}/merge`, { leadId: leads[1]!.id }, headers);
    const first = await send();
    expect(await send()).toMatchObject({ status: 200, text: first.text });
  });
});

describe('splitting a lead', () => {
  it('brings back the lead that was merged, and leaves both as they were', async () => {
    const { connection, leads } = await leadsFor(person('Ada'), { ...person('Ben'), phone: '+49303' });
    const [kept, merged] = [leads[0]!, leads[1]!];
    await merge(kept.id, merged.id);
    const events = await world.appended(async () => {
      const { status, body } = await split(kept.id, merged.id);
      expect([status, steady(body)]).toEqual([200, steady(merged)]);
    });
    expect(kinds(events)).toEqual(['LeadSplit', 'LeadSplit']);
    expect(steady(await leadAt(kept.id))).toEqual(steady(kept));
    expect(await world.all<Lead>(`/api/leads?search=${merged.email}`)).toHaveLength(1);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
    expect((await merge(merged.id, kept.id)).body).toMatchObject({ name: 'Ben', mergedLeads: [kept.id] });
  });

  it('brings along what the CRM has said since', async () => {
    const { company, connection, clients, leads } = await leadsFor(person('Ada'), person('Ben'));
    const [kept, merged] = [leads[0]!, leads[1]!];
    await merge(kept.id, merged.id);
    const { email } = person('benjamin');
    company.crm.change(clients[1]!.id, { name: 'Benjamin', email });
    await world.sync(connection);
    const { body } = await split(kept.id, merged.id);
    expect(body).toMatchObject({ id: merged.id, name: 'Benjamin', email });
    const newcomer = company.crm.add({ name: 'Newcomer', email, phone: '' });
    await world.sync(connection);
    expect(clientsOf(await leadAt(merged.id))).toContain(String(newcomer.id));
    const old = company.crm.add({ name: 'Old Address', email: leads[1]!.email, phone: '' });
    expect((await world.sync(connection)).stats.leads_created).toBe(1);
    expect((await leadsOf(connection)).map(clientsOf)).toContainEqual([String(old.id)]);
  });

  it('undoes merges of merges in any order', async () => {
    const { connection, leads } = await leadsFor(person('Ada'), person('Ben'), person('Cleo'));
    const [ada, ben, cleo] = leads.map(({ id }) => id) as [string, string, string];
    for (const order of [
      [ben, cleo],
      [cleo, ben],
    ]) {
      await merge(ben, cleo);
      await merge(ada, ben);
      for (const one of order) {
        const from = one === cleo && order[0] === ben ? ben : ada;
        expect((await split(from, one)).status).toBe(200);
      }
      for (const lead of leads) expect(steady(await leadAt(lead.id))).toEqual(steady(lead));
    }
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('is refused with a reason where there is nothing to split', async () => {
    const { leads } = await leadsFor(person('Ada'), person('Ben'), person('Cleo'));
    const [ada, ben, cleo] = leads.map(({ id }) => id) as [string, string, string];
    await merge(ada, ben);
    const events = await world.appended(async () => {
      for (const other of [cleo, ada]) {
        const answer = await split(ada, other);
        expect([answer.status, answer.code]).toEqual([409, 'lead-not-merged']);
      }
      expect((await split(ben, ada)).code).toBe('lead-merged');
      expect((await split(ada, randomUUID())).status).toBe(422);
      expect((await split(randomUUID(), ada)).status).toBe(404);
    });
    expect(events).toEqual([]);
    const answers = await Promise.all(Array.from({ length: 6 }, () => split(ada, ben)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200, 409, 409, 409, 409, 409,
    ]);
  });
});

describe('a client whose new e-mail belongs to another lead', () => {
  it('is taken by the next sync once the two have been merged; they cannot be split while they share it', async () => {
    const [ada, ben] = [person('Ada'), person('Ben')];
    const { company, connection, clients, leads } = await leadsFor(ada, ben);
    company.crm.change(clients[0]!.id, { email: ben.email });
    await world.sync(connection);
    const [waiting] = await waitingOf(connection);
    expect(waiting).toMatchObject({ code: 'email.taken', leads: [leads[0]!.id, leads[1]!.id] });
    expect(waiting?.advice).toContain('merge them');

    const [one, other] = waiting!.leads as [string, string];
    await merge(one, other);
    const { status } = await world.sync(connection);
    expect([status, await waitingOf(connection)]).toEqual(['succeeded', []]);
    expect(await leadAt(one)).toMatchObject({ name: 'Ada', email: ben.email });
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);

    const refused = await split(one, other);
    expect([refused.status, refused.code]).toEqual([409, 'leads-share-email']);
    company.crm.change(clients[0]!.id, { email: ada.email });
    await world.sync(connection);
    expect((await split(one, other)).body).toMatchObject({ name: 'Ben', email: ben.email });
    expect(await leadAt(one)).toMatchObject({ name: 'Ada', email: ada.email });
  });

  it('is taken by a replay once they have been merged', async () => {
    const [ada, ben] = [person('Ada'), person('Ben')];
    const { company, connection, clients } = await leadsFor(ada, ben);
    company.crm.change(clients[0]!.id, { email: ben.email });
    await world.sync(connection);
    const [waiting] = await waitingOf(connection);
    const path = `/api/quarantine/${waiting!.id}/replay`;
    const early = await world.api<{ leads: string[]; code: string }>('POST', path, {});
    expect([early.status, early.body.code, early.body.leads]).toEqual([422, 'email.taken', waiting!.leads]);
    await merge(waiting!.leads[1]!, waiting!.leads[0]!);
    const { body } = await world.api<{ leadId: string }>('POST', path, {});
    expect(body.leadId).toBe(waiting!.leads[1]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('is kept apart by a fix with another address', async () => {
    const [ada, ben] = [person('Ada'), person('Ben')];
    const { company, connection, clients, leads } = await leadsFor(ada, ben);
    company.crm.change(clients[0]!.id, { email: ben.email, phone: '+49304' });
    await world.sync(connection);
    const [waiting] = await waitingOf(connection);
    const { email } = person('ada.own');
    await world.api('POST', `/api/quarantine/${waiting!.id}/replay`, { fix: { email } });
    expect(await leadAt(leads[0]!.id)).toMatchObject({ email, phone: '+49304' });
    expect(await leadAt(leads[1]!.id)).toMatchObject({ email: ben.email, version: 1 });
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });
});

describe('a merge beside a sync', () => {
  /** The sync is about to write what it has decided on; the merge or split has been recorded before that. */
  const overtakes = async (
    { company, connection }: { company: Company; connection: Connection },
    act: () => Promise<unknown>,
  ): Promise<void> => {
    const page = company.holdPage(1);
    const syncing = world.sync(connection);
    await page.reached;
    const log = await world.holdTheLog();
    const acting = act();
    await log.waiting(1);
    page.release();
    await log.waiting(2);
    await log.release();
    await acting;
    expect((await syncing).status).toBe('succeeded');
  };

  it('that comes first makes the sync decide again: its changes go to the lead that was kept', async () => {
    const those = await leadsFor(person('Ada'), person('Ben'));
    const { company, connection, clients, leads } = those;
    company.crm.change(clients[0]!.id, { name: 'Ada Anew' });
    company.crm.change(clients[1]!.id, { phone: '+49305' });
    await overtakes(those, () => merge(leads[0]!.id, leads[1]!.id));
    const left = await leadsOf(connection);
    expect(left).toMatchObject([
      { id: leads[0]!.id, name: 'Ada Anew', phone: '+49305', sources: [{}, { phone: '+49305' }] },
    ]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('and so does a split: they go to the lead that came back', async () => {
    const those = await leadsFor(person('Ada'), person('Ben'));
    const { company, connection, clients, leads } = those;
    await merge(leads[0]!.id, leads[1]!.id);
    company.crm.change(clients[0]!.id, { name: 'Ada Again' });
    company.crm.change(clients[1]!.id, { phone: '+49306' });
    await overtakes(those, () => split(leads[0]!.id, leads[1]!.id));
    expect(await leadAt(leads[1]!.id)).toMatchObject({ phone: '+49306', sources: [{ phone: '+49306' }] });
    expect(await leadAt(leads[0]!.id)).toMatchObject({ name: 'Ada Again', phone: null, sources: [{}] });
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('takes along the bookings that the sync was about to write', async () => {
    const { company, connection, clients, leads } = await leadsFor(person('Ada'), person('Ben'));
    company.bookings.add({ clientId: clients[1]!.id });
    const { reached, release } = company.hold(({ path }) => path === '/admin/bookings');
    const syncing = world.sync(connection);
    await reached;
    const log = await world.holdTheLog();
    const merging = merge(leads[0]!.id, leads[1]!.id);
    await log.waiting(1);
    release();
    await log.waiting(2);
    await log.release();
    expect([(await merging).status, (await syncing).status]).toEqual([200, 'succeeded']);
    const bookings = await world.all<{ leadId: string }>(`/api/bookings?leadId=${leads[0]!.id}`);
    expect(bookings).toHaveLength(1);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('is itself decided again when the sync comes first', async () => {
    const { company, connection, clients, leads } = await leadsFor(person('Ada'), person('Ben'));
    company.crm.change(clients[1]!.id, { phone: '+49307' });
    const page = company.holdPage(1);
    const syncing = world.sync(connection);
    await page.reached;
    const log = await world.holdTheLog();
    page.release();
    await log.waiting(1);
    const merging = merge(leads[0]!.id, leads[1]!.id);
    await log.waiting(2);
    await log.release();
    expect([(await merging).status, (await syncing).status]).toEqual([200, 'succeeded']);
    expect(await leadsOf(connection)).toMatchObject([{ phone: '+49307' }]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });
});
