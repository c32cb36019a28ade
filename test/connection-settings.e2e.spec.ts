import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, Problem, Run } from './contract.ts';
import { leapDays } from './leap-days.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

type Either = Connection & Omit<Problem, 'status'>;
const change = (id: string, body: object, headers: Record<string, string> = {}) =>
  world.api<Either>('PATCH', `/api/connections/${id}`, body, headers);
const read = async (id: string): Promise<Connection> =>
  (await world.api<Connection>('GET', `/api/connections/${id}`)).body;

const DAY = 86_400_000;
/** Nothing comes due while the tests run. */
const LEAP = { cron: '0 0 29 2 *', timezone: 'UTC' };
const NIGHTLY = { cron: '30 2 29 2 *', timezone: 'Europe/Berlin' };

describe('a schedule', () => {
  it('is set, shown with the next five times, and taken away again', async () => {
    const { connection } = await world.connected();
    const events = await world.appended(async () => {
      const { status, body } = await change(connection.id, { schedule: NIGHTLY });
      expect([status, body.schedule, body.version]).toEqual([200, NIGHTLY, 2]);
      expect(body.nextSyncs.map((at) => at.slice(0, 16))).toEqual(leapDays(5).map((day) => `${day}T01:30`));
      expect(body.nextSyncAt).toBe(body.nextSyncs[0]);
      expect(body.scheduleState).toMatchObject({ code: 'waiting' });
      expect(await read(connection.id)).toEqual(body);
      expect(await world.all<Connection>('/api/connections')).toContainEqual(body);
      const { body: summary } = await world.api<{ connections: Connection[] }>('GET', '/api/summary');
      expect(summary.connections.map(({ id, nextSyncAt }) => [id, nextSyncAt])).toContainEqual([
        connection.id,
        body.nextSyncAt,
      ]);
      const none = await change(connection.id, { schedule: null });
      expect(none.body).toMatchObject({
        schedule: null,
        nextSyncAt: null,
        nextSyncs: [],
        scheduleState: null,
      });
    });
    expect(events.map(({ type, data }) => [type, (data as { schedule: unknown }).schedule])).toEqual([
      ['CrmScheduleChanged', NIGHTLY],
      ['CrmScheduleChanged', null],
    ]);
    expect(events[0]?.stream).toBe(`connection-${connection.id}`);
    expect(events[0]?.meta.actor).toMatch(/^key:/);
  });

  it('may come with the connection itself', async () => {
    const company = await world.companies.open();
    const connection = await world.connect(company, { schedule: NIGHTLY });
    expect([connection.schedule, connection.version]).toEqual([NIGHTLY, 2]);
    expect(connection.nextSyncAt).toContain(`${leapDays(1)[0]!}T01:30`);
  });

  it('goes by the clocks of its company when it names none, else by UTC; and is kept in one spelling', async () => {
    const company = await world.companies.open();
    const { id } = await world.connect(company, {
      timezone: 'Asia/Tokyo',
      schedule: { cron: ' 0  9 * * mon-fri' },
    });
    expect((await read(id)).schedule).toEqual({ cron: '0 9 * * MON-FRI', timezone: 'Asia/Tokyo' });
    const { body } = await change(id, { schedule: { cron: '0 9 29 2 *', timezone: null } });
    expect(body.schedule).toEqual({ cron: '0 9 29 2 *', timezone: 'Asia/Tokyo' });
    const { connection } = await world.connected();
    const unsaid = await change(connection.id, { schedule: { cron: '0 9 29 2 *' } });
    expect(unsaid.body.schedule?.timezone).toBe('UTC');
  });

  it('may be for every minute', async () => {
    const { connection } = await world.connected();
    const { body } = await change(connection.id, { schedule: { cron: '* * * * *' } });
    const [first, ...others] = body.nextSyncs.map((at) => Date.parse(at));
    expect(others.map((at) => at - first!)).toEqual([60_000, 120_000, 180_000, 240_000]);
    expect(first).toBeLessThan(Date.now() + 2 * 60_000);
    await change(connection.id, { schedule: null });
    // A minute may have begun meanwhile.
    for (const { id } of await world.all<Run>(`/api/runs?connectionId=${connection.id}`)) await world.end(id);
  });

  it('again changes nothing, in whatever spelling, and does not move what is planned', async () => {
    const { connection } = await world.connected();
    const { body: before } = await change(connection.id, { schedule: { cron: '0 9 29 FEB *' } });
    const events = await world.appended(async () => {
      const { status, body } = await change(connection.id, {
        schedule: { cron: '0   9 29 feb *', timezone: 'UTC' },
      });
      expect([status, body]).toEqual([200, before]);
    });
    expect(events).toEqual([]);
  });

  it.each<[object | string | number, string, RegExp]>([
    [{ cron: '61 * * * *' }, '/schedule/cron', /^has a minute \(0-59\) that cannot be read/],
    [{ cron: '0 0 30 2 *' }, '/schedule/cron', /^never fires/],
    [{ cron: '@hourly    ' }, '/schedule/cron', /^must have five fields/],
    [{ cron: '0 */2 * * * *' }, '/schedule/cron', /^must have five fields/],
    [{ cron: 5 }, '/schedule/cron', /must be a text/],
    [{}, '/schedule/cron', /must be a text/],
    [{ cron: `${'1,'.repeat(120)}1 * * * *` }, '/schedule/cron', /200/],
    [{ ...LEAP, timezone: 'Mars/Olympus' }, '/schedule/timezone', /IANA time zone/],
    [{ ...LEAP, timezone: '+02:00' }, '/schedule/timezone', /IANA time zone/],
    [{ ...LEAP, timezone: 2 }, '/schedule/timezone', /./],
    [{ ...LEAP, seconds: 5 }, '/schedule/seconds', /not a known field/],
    ['* * * * *', '/schedule', /object/],
    [[LEAP], '/schedule', /object/],
    [5, '/schedule', /object/],
  ])('that cannot be is 400 and told where and why: %j', async (schedule, pointer, detail) => {
    const { connection } = await world.connected();
    const company = await world.companies.open();
    const { company: name, login, password: secret } = company.account;
    const wish = { provider: 'simplybook', company: name, login, secret, schedule };
    for (const answer of [
      await change(connection.id, { schedule }),
      await world.api<Either>('POST', '/api/connections', wish),
    ]) {
      expect([answer.status, answer.code]).toEqual([400, 'invalid-request']);
      expect(answer.body.errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
    }
    expect(company.requests.summary().total).toBe(0);
    expect((await read(connection.id)).version).toBe(1);
  });
});

describe('the settings of a connection', () => {
  it('are changed, each by itself or all at once, and the log tells which', async () => {
    const { connection } = await world.connected();
    const wanted = { name: 'Studio Süd', country: 'de', clientFields: true, clientsWithoutEmail: 'import' };
    const events = await world.appended(async () => {
      const { body } = await change(connection.id, wanted);
      expect(body).toEqual({ ...connection, ...wanted, country: 'DE', version: 2 });
      expect((await change(connection.id, { country: null })).body).toEqual({
        ...body,
        country: null,
        version: 3,
      });
    });
    expect(events).toMatchObject([
      {
        type: 'CrmSettingsChanged',
        data: { changed: ['name', 'clientsWithoutEmail', 'clientFields', 'country'], country: 'DE' },
        personal: { name: 'Studio Süd' },
      },
      { type: 'CrmSettingsChanged', data: { changed: ['country'], country: null }, personal: null },
    ]);
    expect(JSON.stringify(events.map(({ data }) => data))).not.toContain('Süd');
  });

  it('that stay as they are make no event', async () => {
    const { connection } = await world.connected();
    const { name, country, clientFields, clientsWithoutEmail } = connection;
    const events = await world.appended(async () => {
      for (const body of [
        {},
        { name },
        { name, country, clientFields, clientsWithoutEmail, schedule: null },
      ]) {
        expect((await change(connection.id, body)).body).toEqual(connection);
      }
    });
    expect(events).toEqual([]);
  });

  it('count from the next sync on: clients without an e-mail address are taken out of quarantine', async () => {
    const { company, connection } = await world.connected({ clients: 3 });
    company.crm.change(company.crm.all()[0]!.id, { email: null });
    expect((await world.sync(connection)).stats).toMatchObject({ leads_created: 2, clients_quarantined: 1 });
    await change(connection.id, { clientsWithoutEmail: 'import' });
    expect((await world.sync(connection)).stats).toMatchObject({ leads_created: 1, clients_quarantined: 0 });
  });

  it.each<[object, string]>([
    [{ name: '' }, '/name'],
    [{ name: null }, '/name'],
    [{ name: '   ' }, '/name'],
    [{ name: 'a\tb' }, '/name'],
    [{ name: 'x'.repeat(201) }, '/name'],
    [{ clientFields: 'yes' }, '/clientFields'],
    [{ clientFields: null }, '/clientFields'],
    [{ clientsWithoutEmail: 'delete' }, '/clientsWithoutEmail'],
    [{ clientsWithoutEmail: null }, '/clientsWithoutEmail'],
    [{ country: 'Germany' }, '/country'],
    [{ timezone: 'Europe/Berlin' }, '/timezone'],
    [{ secret: 'x' }, '/secret'],
    [{ version: 1 }, '/version'],
  ])('cannot be %j', async (body, pointer) => {
    const { connection } = await world.connected();
    const answer = await change(connection.id, body);
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, pointer]);
  });

  it('of no connection are 404, of one that was disconnected 409', async () => {
    const missing = await change(randomUUID(), { name: 'x' });
    expect([missing.status, missing.code]).toEqual([404, 'connection-not-found']);
    const { connection } = await world.connected();
    await change(connection.id, { schedule: LEAP });
    await world.api('DELETE', `/api/connections/${connection.id}`);
    const gone = await change(connection.id, { schedule: LEAP });
    expect([gone.status, gone.code]).toEqual([409, 'connection-disconnected']);
    expect(await read(connection.id)).toMatchObject({ schedule: null, nextSyncAt: null, nextSyncs: [] });
  });
});

describe('a change that is meant for one version', () => {
  it('is made for that version', async () => {
    const { connection } = await world.connected();
    const { status, body } = await change(
      connection.id,
      { name: 'A' },
      { 'if-match': `"${connection.version}"` },
    );
    expect([status, body.version]).toEqual([200, 2]);
  });

  it('is 412 for any other, and changes nothing, also where nothing would have changed', async () => {
    const { connection } = await world.connected();
    await change(connection.id, { name: 'A' });
    for (const body of [{ name: 'B', schedule: LEAP }, { name: 'A' }, {}]) {
      const answer = await change(connection.id, body, { 'if-match': '"1"' });
      expect([answer.status, answer.code, answer.body.version]).toEqual([412, 'version-outdated', 2]);
    }
    expect(await read(connection.id)).toMatchObject({ name: 'A', schedule: null, version: 2 });
  });

  it('of ten people at once is one person’s', async () => {
    const { connection } = await world.connected();
    const names = Array.from({ length: 10 }, (_, n) => `Studio ${n}`);
    const answers = await Promise.all(
      names.map((name) => change(connection.id, { name }, { 'if-match': '"1"' })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(9);
    const { version, name } = await read(connection.id);
    expect([version, name]).toEqual([2, answers.find(({ status }) => status === 200)?.body.name]);
  });

  it('cannot be read when it is no version', async () => {
    const { connection } = await world.connected();
    const answer = await change(connection.id, { name: 'A' }, { 'if-match': 'latest' });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, 'If-Match']);
  });
});

describe('a change while a run goes on', () => {
  it('does not disturb it', async () => {
    const { company, connection } = await world.connected({ clients: 25, switches: { onPageCap: 10 } });
    const { reached, release } = company.holdPage(2);
    const { id } = await world.start(connection);
    await reached;
    expect((await change(connection.id, { name: 'Meanwhile', schedule: LEAP })).status).toBe(200);
    release();
    expect((await world.end(id)) satisfies Run).toMatchObject({ status: 'succeeded', trigger: 'api' });
    expect((await read(connection.id)).nextSyncAt).toContain(`${leapDays(1)[0]!}T00:00`);
    expect(Date.parse((await read(connection.id)).nextSyncAt!) - Date.now()).toBeGreaterThan(DAY);
  });
});
