import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, LogEvent, Page, Problem, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const RUN_ALONE = ['SyncStarted', 'SyncCompleted'];
const kinds = (events: readonly LogEvent[]): string[] => events.map(({ type }) => type);

const listed = ({ id }: Connection, query = ''): Promise<Waiting[]> =>
  world.all<Waiting>(`/api/quarantine?connectionId=${id}${query}`);
const leadsOf = ({ id }: Connection): Promise<Lead[]> =>
  world.all<Lead>(`/api/leads?source=${id}&sort=createdAt`);
const replay = (id: string, fix?: object) =>
  world.api<Problem & { leadId: string; code: string; leads: string[] }>(
    'POST',
    `/api/quarantine/${id}/replay`,
    fix === undefined ? {} : { fix },
  );
const dismiss = (id: string) => world.api<Waiting>('POST', `/api/quarantine/${id}/dismiss`);

let turn = 0;
const address = (name: string): string => {
  turn += 1;
  return `${name}.${turn}@example.com`;
};

/** A company with one client that waits. */
const waitsIn = async (person: {
  name?: string;
  email?: string | null;
  phone?: string;
}): Promise<{ company: Company; connection: Connection; client: { id: number }; waiting: Waiting }> => {
  const { company, connection } = await world.connected();
  const client = company.crm.add({ name: 'Noah Lost', email: '', phone: '+49301', ...person });
  await world.sync(connection);
  const [waiting] = await listed(connection);
  return { company, connection, client, waiting: waiting! };
};

describe('a record in quarantine', () => {
  it('can be looked at by its id, with what to do about it', async () => {
    const { connection, client, waiting } = await waitsIn({});
    const { status, body } = await world.api<Waiting>('GET', `/api/quarantine/${waiting.id}`);
    expect([status, body]).toEqual([200, waiting]);
    expect(waiting).toMatchObject({
      connectionId: connection.id,
      externalId: String(client.id),
      kind: 'client',
      status: 'waiting',
      code: 'email.missing',
      record: expect.objectContaining({ name: 'Noah Lost' }),
    });
    expect(waiting.advice).toContain('replay the record with the fix { "email"');
  });

  it('is 404 under an id that nobody has', async () => {
    const { status, code } = await world.api('GET', `/api/quarantine/${randomUUID()}`);
    expect([status, code]).toEqual([404, 'quarantine-not-found']);
  });

  it.each([
    [{ email: '' }, 'email.missing'],
    [{ email: 'noah(at)example.com' }, 'email.invalid'],
    [{ name: ' ', email: 'noah.nameless@example.com' }, 'name.missing'],
    [{ name: 'Noah\u0007Bell', email: 'noah.bell@example.com' }, 'record.unreadable'],
  ])('says why and what to do: %j waits as %s', async (person, code) => {
    const { waiting } = await waitsIn(person);
    expect(waiting).toMatchObject({ code, leads: [] });
    expect(waiting.detail).toMatch(/^Client \d+ .*\.$/);
    expect(waiting.advice).toMatch(/CRM.*dismiss|fix/s);
  });

  it('is listed by its kind', async () => {
    const { connection, waiting } = await waitsIn({});
    expect(await listed(connection, '&kind=client')).toEqual([waiting]);
    expect(await listed(connection, '&kind=booking')).toEqual([]);
  });
});

describe('replaying a record', () => {
  it('with a fix makes it a lead; the fix is a fact with its actor, apart from what the CRM says', async () => {
    const { connection, client, waiting } = await waitsIn({});
    const email = address('noah');
    const events = await world.appended(async () => {
      const { status, body } = await replay(waiting.id, { email: ` ${email} ` });
      expect([status, body]).toEqual([200, { released: true, leadId: expect.any(String) }]);
    });
    expect(kinds(events)).toEqual(['ClientFixed', 'ClientImported', 'LeadUpserted']);
    const [fixed, imported, upserted] = events;
    expect(fixed).toMatchObject({
      data: { connectionId: connection.id, externalId: String(client.id), fields: ['email'] },
      personal: { fix: { email }, over: { email: null } },
      meta: { actor: expect.stringMatching(/^key:/), causationId: null },
    });
    expect(fixed?.meta.runId).toBeUndefined();
    expect(imported).toMatchObject({
      data: { runId: null, change: 'new' },
      personal: { name: 'Noah Lost', email: null, phone: '+49301' },
    });
    expect(upserted).toMatchObject({
      data: { change: 'created' },
      personal: { name: 'Noah Lost', email, phone: '+49301' },
      meta: { actor: fixed?.meta.actor, causationId: `event:${imported?.position}` },
    });
    expect(await leadsOf(connection)).toMatchObject([{ name: 'Noah Lost', email, phone: '+49301' }]);
    expect(await listed(connection)).toEqual([]);
    expect((await world.api('GET', `/api/quarantine/${waiting.id}`)).status).toBe(404);
  });

  it('keeps the fix over later syncs, which append nothing, until the CRM itself says something else', async () => {
    const { company, connection, client, waiting } = await waitsIn({});
    const email = address('noah');
    await replay(waiting.id, { email });
    for (let times = 0; times < 2; times += 1) {
      const events = await world.appended(async () => {
        const { status, stats } = await world.sync(connection);
        expect([status, stats.leads_unchanged]).toEqual(['succeeded', 1]);
      });
      expect(kinds(events)).toEqual(RUN_ALONE);
    }

    company.crm.change(client.id, { phone: '+49302' });
    await world.sync(connection);
    expect(await leadsOf(connection)).toMatchObject([{ email, phone: '+49302' }]);

    const own = address('noah.crm');
    company.crm.change(client.id, { email: own });
    const events = await world.appended(() => world.sync(connection));
    expect(kinds(events)).toEqual([
      'SyncStarted',
      'ClientImported',
      'ClientFixEnded',
      'LeadUpserted',
      'SyncCompleted',
    ]);
    expect(events[2]?.data).toMatchObject({ fields: ['email'] });
    expect(await leadsOf(connection)).toMatchObject([{ email: own }]);

    company.crm.change(client.id, { email: '' });
    expect((await world.sync(connection)).errors).toMatchObject([{ code: 'email.missing' }]);
    expect(await leadsOf(connection)).toMatchObject([{ email: own }]);
  });

  it('with one fix after the other lets each count', async () => {
    const { company, connection, client, waiting } = await waitsIn({});
    const email = address('noah');
    await replay(waiting.id, { email });
    company.crm.change(client.id, { name: '' });
    await world.sync(connection);
    const [again] = await listed(connection);
    expect(again).toMatchObject({ id: waiting.id, code: 'name.missing' });
    expect((await replay(waiting.id, { name: 'Noah Found' })).status).toBe(200);
    expect(await leadsOf(connection)).toMatchObject([{ name: 'Noah Found', email }]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('that still cannot be taken is 422 with the reason; the attempt counts and the fix is not kept', async () => {
    const { connection, waiting } = await waitsIn({ name: '', email: '' });
    const events = await world.appended(async () => {
      for (const fix of [undefined, {}, { phone: '+49303' }, { email: address('noah') }]) {
        const { status, code, body } = await replay(waiting.id, fix);
        expect([status, code, body.code, body.leads]).toEqual([
          422,
          'still-in-quarantine',
          'name.missing',
          [],
        ]);
        expect(body.detail).toContain('{ "name": "…" }');
      }
    });
    expect(events).toEqual([]);
    expect(await listed(connection)).toEqual([{ ...waiting, attempts: waiting.attempts + 4 }]);
    expect((await replay(waiting.id, { name: 'Noah', email: address('noah') })).status).toBe(200);
  });

  it.each([
    [{ email: 'nonsense' }, '/fix/email'],
    [{ email: 'one@example.com, two@example.com' }, '/fix/email'],
    [{ email: 'zero\u200bwidth@example.com' }, '/fix/email'],
    [{ email: 'tur\u202ened@example.com' }, '/fix/email'],
    [{ email: 'line\nfeed@example.com' }, '/fix/email'],
    [{ email: `${'x'.repeat(250)}@example.com` }, '/fix/email'],
    [{ email: '  ' }, '/fix/email'],
    [{ email: 5 }, '/fix/email'],
    [{ email: { $ne: null } }, '/fix/email'],
    [{ name: '' }, '/fix/name'],
    [{ name: 'Bell\u0007' }, '/fix/name'],
    [{ name: 'x'.repeat(1001) }, '/fix/name'],
    [{ phone: ['1'] }, '/fix/phone'],
    [{ phone: '1'.repeat(301) }, '/fix/phone'],
    [{ id: '5' }, '/fix/id'],
  ])('with the bad fix %j is 400 and names the field', async (fix, pointer) => {
    const { connection, waiting } = await waitsIn({});
    const { status, code, body } = await replay(waiting.id, fix);
    expect([status, code, body.errors?.map((error) => error.pointer)]).toEqual([
      400,
      'invalid-request',
      [pointer],
    ]);
    expect(await listed(connection)).toEqual([waiting]);
  });

  it.each(['x', 5, [], true])('with %j for a fix is 400', async (fix) => {
    const { waiting } = await waitsIn({});
    const { status, body } = await world.api<Problem>('POST', `/api/quarantine/${waiting.id}/replay`, {
      fix,
    });
    expect([status, body.errors?.map(({ pointer }) => pointer)]).toEqual([400, ['/fix']]);
  });

  it('with an address in other letters finds the lead that has it', async () => {
    const { company, connection, waiting } = await waitsIn({});
    const email = address('ſara').replace('example.com', 'bücher.example');
    company.crm.add({ name: 'Sara First', email, phone: '' });
    await world.sync(connection);
    const [sara] = await leadsOf(connection);
    const spelled = email.toUpperCase().replace('BÜCHER', 'xn--bcher-kva').replace('SARA', 'ſARA');
    const { body } = await replay(waiting.id, { email: spelled });
    expect(body.leadId).toBe(sara?.id);
    expect(await leadsOf(connection)).toMatchObject([{ name: 'Sara First', email, sources: [{}, {}] }]);
  });

  it('that nobody can read is 422, and says that only the CRM can mend it', async () => {
    const { company, connection, waiting } = await waitsIn({
      name: 'Noah\u0007Bell',
      email: 'n@example.com',
    });
    const known = await replay(waiting.id, { name: 'Noah', email: address('noah') });
    expect([known.status, known.body.code]).toEqual([422, 'record.unreadable']);
    expect(known.body.detail).toContain('A fix has nothing to be laid over here.');
    company.crm.addRow('{"id":null,"name":"Nobody","email":"nobody@example.com","phone":""}');
    await world.sync(connection);
    const nameless = (await listed(connection)).find(({ externalId }) =>
      externalId.startsWith('unreadable-'),
    )!;
    const { status, body } = await replay(nameless.id, { name: 'Nobody' });
    expect([status, body.code]).toEqual([422, 'record.unreadable']);
    expect(body.detail).toContain('no id');
    expect(nameless.advice).toContain('no id');
  });

  it('that has been released meanwhile is 404, and nothing is doubled', async () => {
    const { company, connection, client, waiting } = await waitsIn({});
    company.crm.change(client.id, { email: address('noah') });
    await world.sync(connection);
    const events = await world.appended(async () => {
      const { status, code, body } = await replay(waiting.id, { email: address('noah') });
      expect([status, code]).toEqual([404, 'quarantine-not-found']);
      expect(body.detail).toContain('released meanwhile');
    });
    expect(events).toEqual([]);
  });

  it('twice with one Idempotency-Key happens once', async () => {
    const { waiting } = await waitsIn({});
    const send = () =>
      world.api(
        'POST',
        `/api/quarantine/${waiting.id}/replay`,
        { fix: { email: 'noah.once@example.com' } },
        { 'idempotency-key': `replay-${waiting.id}` },
      );
    const first = await send();
    const events = await world.appended(async () => {
      const second = await send();
      expect([second.status, second.text]).toEqual([200, first.text]);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
    });
    expect(events).toEqual([]);
  });

  it('ten times at once makes one lead', async () => {
    const { connection, waiting } = await waitsIn({});
    const email = address('noah');
    const answers = await Promise.all(Array.from({ length: 10 }, () => replay(waiting.id, { email })));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array<number>(9).fill(404)]);
    expect(await leadsOf(connection)).toMatchObject([{ email, version: 1 }]);
  });

  it('of thirty with one address, all at once, makes one lead of them', async () => {
    const { company, connection } = await world.connected();
    for (let index = 0; index < 30; index += 1) company.crm.add({ name: `Child ${index}`, email: '' });
    await world.sync(connection);
    const email = address('family');
    const all = await listed(connection);
    const answers = await Promise.all(all.map(({ id }) => replay(id, { email })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await leadsOf(connection)).map(({ sources }) => sources.length)).toEqual([30]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it.each([
    ['as it was', {}],
    ['with another phone', { phone: '+49309' }],
    ['with an address of its own', { email: 'noah.himself@example.com' }],
  ])('while a sync is about to write the same client %s doubles and loses nothing', async (_, changes) => {
    const { company, connection, client, waiting } = await waitsIn({});
    for (let round = 0; round < 3; round += 1) {
      company.crm.change(client.id, changes);
      const [sync, replayed] = await Promise.all([
        world.sync(connection),
        replay(waiting.id, { email: address('noah') }),
      ]);
      expect(sync.stats.clients_fetched).toBe(1);
      expect([200, 404]).toContain(replayed.status);
      await world.sync(connection);
      expect(await listed(connection)).toEqual([]);
      const [lead, ...others] = await leadsOf(connection);
      expect(others).toEqual([]);
      expect(lead).toMatchObject({ phone: '+49301', ...changes });
      expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
    }
  });

  it.each([
    ['the sync', 'the replay'],
    ['the replay', 'the sync'],
  ])('and a sync, decided on the same state: %s comes first, %s decides again', async (first) => {
    const { company, connection, client, waiting } = await waitsIn({});
    company.crm.change(client.id, { phone: '+49302' });
    const page = company.holdPage(1);
    const syncing = world.sync(connection);
    await page.reached;
    const log = await world.holdTheLog();
    const email = address('noah');
    const replays = () => replay(waiting.id, { email });
    const early = first === 'the replay' ? replays() : null;
    if (early !== null) await log.waiting(1);
    page.release();
    await log.waiting(early === null ? 1 : 2);
    const late = early ?? replays();
    await log.waiting(2);
    await log.release();
    expect((await late).status).toBe(200);
    await syncing;
    expect(await leadsOf(connection)).toMatchObject([{ email, phone: '+49302' }]);
    expect(await listed(connection)).toEqual([]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });
});

describe('dismissing a record', () => {
  it('is a fact with its actor; the record is no error of later syncs while it stays the same', async () => {
    const { connection, waiting } = await waitsIn({});
    const events = await world.appended(async () => {
      const { status, body } = await dismiss(waiting.id);
      expect([status, body]).toEqual([200, { ...waiting, status: 'dismissed' }]);
      expect((await dismiss(waiting.id)).status).toBe(200);
    });
    expect(kinds(events)).toEqual(['ClientDismissed']);
    expect(events[0]).toMatchObject({
      data: { code: 'email.missing' },
      personal: null,
      meta: { actor: expect.stringMatching(/^key:/) },
    });
    expect(await listed(connection)).toEqual([]);
    expect(await listed(connection, '&status=dismissed')).toMatchObject([{ id: waiting.id }]);
    const again = await world.appended(async () => {
      const { status, stats, errors } = await world.sync(connection);
      expect([status, stats.clients_fetched, stats.leads_unchanged]).toEqual(['succeeded', 1, 1]);
      expect([stats.clients_quarantined, errors]).toEqual([0, []]);
    });
    expect(kinds(again)).toEqual(RUN_ALONE);
  });

  it('is over when the CRM changes the record, whether it can be taken then or not', async () => {
    const { company, connection, client, waiting } = await waitsIn({});
    await dismiss(waiting.id);
    company.crm.change(client.id, { name: 'Noah Renamed' });
    expect((await world.sync(connection)).stats.clients_quarantined).toBe(1);
    expect(await listed(connection)).toMatchObject([{ id: waiting.id, status: 'waiting' }]);
    await dismiss(waiting.id);
    company.crm.change(client.id, { email: address('noah') });
    expect((await world.sync(connection)).stats.leads_created).toBe(1);
    expect(await listed(connection, '&status=dismissed')).toEqual([]);
  });

  it('can be thought better of: it can still be replayed', async () => {
    const { connection, waiting } = await waitsIn({});
    await dismiss(waiting.id);
    expect((await replay(waiting.id)).status).toBe(422);
    expect(await listed(connection)).toEqual([]);
    expect((await replay(waiting.id, { email: address('noah') })).status).toBe(200);
    expect(await leadsOf(connection)).toHaveLength(1);
    expect(await listed(connection, '&status=dismissed')).toEqual([]);
  });

  it('works for what nobody can read, with and without an id', async () => {
    const { company, connection } = await waitsIn({ name: 'Noah\u0007Bell', email: 'n@example.com' });
    company.crm.addRow('{"id":null,"name":"Nobody","email":"nobody@example.com","phone":""}');
    await world.sync(connection);
    for (const { id } of await listed(connection)) await dismiss(id);
    const events = await world.appended(async () => {
      const { stats, status } = await world.sync(connection);
      expect([status, stats.leads_unchanged, stats.errors_count]).toEqual(['succeeded', 2, 0]);
    });
    expect(kinds(events)).toEqual(RUN_ALONE);
  });
});

describe('all that match', () => {
  const crowd = async (count: number) => {
    const { company, connection } = await world.connected();
    for (let index = 0; index < count; index += 1) company.crm.add({ name: `Lost ${index}`, email: '' });
    company.crm.add({ name: '', email: address('nameless') });
    await world.sync(connection);
    return { company, connection };
  };
  const sweep = (action: string, body: object) =>
    world.api<Record<string, number>>('POST', `/api/quarantine/${action}`, body);

  it('are replayed in batches; what can be taken by now is, once', async () => {
    const { connection } = await crowd(450);
    await world.rows(`update connections set clients_without_email = 'import' where id = $1`, [
      connection.id,
    ]);
    const nothing = await sweep('replay', { connectionId: connection.id, code: 'email.invalid' });
    expect([nothing.status, nothing.body]).toEqual([200, { released: 0, stillWaiting: 0, remaining: 0 }]);
    const events = await world.appended(async () => {
      const { body } = await sweep('replay', { connectionId: connection.id });
      expect(body).toEqual({ released: 450, stillWaiting: 1, remaining: 0 });
    });
    expect(events).toHaveLength(900);
    expect(await listed(connection)).toMatchObject([{ code: 'name.missing', attempts: 2 }]);
    expect(await leadsOf(connection)).toHaveLength(450);
    const { status, stats } = await world.sync(connection);
    expect([status, stats.leads_unchanged]).toEqual(['succeeded-with-errors', 450]);
  });

  it('are dismissed by their reason', async () => {
    const { connection } = await crowd(3);
    const { body } = await sweep('dismiss', { connectionId: connection.id, code: 'email.missing' });
    expect(body).toEqual({ dismissed: 3, remaining: 0 });
    expect(await listed(connection)).toMatchObject([{ code: 'name.missing' }]);
    expect((await sweep('dismiss', { connectionId: connection.id })).body).toEqual({
      dismissed: 1,
      remaining: 0,
    });
    expect((await sweep('replay', { connectionId: connection.id })).body).toMatchObject({
      released: 0,
      stillWaiting: 0,
    });
    const page = await world.api<Page<Waiting>>(
      'GET',
      `/api/quarantine?status=dismissed&connectionId=${connection.id}&limit=3`,
    );
    const cursor = page.body.page.nextCursor;
    const rest = `/api/quarantine?status=dismissed&connectionId=${connection.id}&limit=3&cursor=${cursor}`;
    expect((await world.api<Page<Waiting>>('GET', rest)).body.data).toHaveLength(1);
    const other = `/api/quarantine?connectionId=${connection.id}&cursor=${cursor}`;
    expect((await world.api('GET', other)).code).toBe('cursor-invalid');
  });

  it.each(['replay', 'dismiss'] as const)(
    'have to be named: %s of everything there is is refused',
    async (action) => {
      for (const body of [{}, undefined, { code: null, connectionId: null }]) {
        expect((await sweep(action, body as object)).code).toBe('invalid-request');
      }
    },
  );

  it('may be swept while a sync is going on', async () => {
    const { company, connection } = await crowd(120);
    for (const { id } of company.crm.all().slice(0, 60)) company.crm.change(id, { email: address('found') });
    await Promise.all([
      world.sync(connection),
      sweep('replay', { connectionId: connection.id }),
      sweep('dismiss', { connectionId: connection.id, code: 'name.missing' }),
    ]);
    await world.sync(connection);
    expect(await leadsOf(connection)).toHaveLength(60);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });
});
