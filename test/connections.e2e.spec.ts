import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Switches } from '../sandbox/faults.ts';
import type { Company } from '../sandbox/companies.ts';
import type { CheckReport, Connection, Lead, LogEvent, Page, Problem } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+Z$/;

const wish = ({ account }: Company, more: object = {}) => ({
  provider: 'simplybook',
  company: account.company,
  login: account.login,
  secret: account.apiUserKey,
  ...more,
});

/** A connection, or why there is none. */
type Either = Connection & Omit<Problem, 'status'>;

const connect = (body: object, headers: Record<string, string> = {}) =>
  world.api<Either>('POST', '/api/connections', body, headers);

/** Everything that connecting could have left behind. */
const traces = (): Promise<object[]> =>
  world.rows(`select position as head, (select count(*) from connections) as connections,
                     (select count(*) from connection_secrets) as secrets from event_log`);

describe('connecting a company', () => {
  it('answers everything about the connection but its secret', async () => {
    const company = await world.companies.open();
    const answer = await connect(
      wish(company, { name: 'Acme Yoga', timezone: 'Europe/Berlin', clientsWithoutEmail: 'import' }),
    );
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      provider: 'simplybook',
      name: 'Acme Yoga',
      company: company.account.company,
      login: company.account.login,
      domain: 'simplybook.me',
      timezone: 'Europe/Berlin',
      country: null,
      clientFields: false,
      clientsWithoutEmail: 'import',
      status: 'connected',
      attention: null,
      schedule: null,
      nextSyncAt: null,
      nextSyncs: [],
      scheduleState: null,
      lastSyncedAt: null,
      createdAt: expect.stringMatching(INSTANT),
      version: 1,
    });
    const { body: one } = await world.api<Connection>('GET', `/api/connections/${answer.body.id}`);
    expect(one).toEqual(answer.body);
  });

  it('needs no more than company, login and secret; blanks and capitals in the company do not matter', async () => {
    const company = await world.companies.open();
    const { status, body } = await connect(
      wish(company, { company: ` ${company.account.company.toUpperCase()} ` }),
    );
    expect([status, body.company, body.name]).toEqual([
      201,
      company.account.company,
      company.account.company,
    ]);
    expect([body.timezone, body.clientsWithoutEmail]).toEqual([null, 'quarantine']);
  });

  it('takes the password as well, logs in exactly once, and asks for nothing else', async () => {
    const company = await world.companies.open({ clients: 5 });
    await connect(wish(company, { secret: company.account.password }));
    expect(company.requests.summary()).toMatchObject({ total: 1, logins: { ok: 1, failed: 0 } });
  });

  it('is one event, by whom and for which company, with the login as a personal value', async () => {
    const company = await world.companies.open();
    const events = await world.appended(() => connect(wish(company), { 'x-correlation-id': 'setup-day' }));
    expect(events).toMatchObject([
      {
        type: 'CrmConnected',
        version: 1,
        data: { provider: 'simplybook', company: company.account.company },
        personal: { login: company.account.login },
        meta: { actor: 'key:admin', correlationId: 'setup-day', causationId: null },
      },
    ]);
    expect(events[0]?.stream).toBe(`connection-${String(events[0]?.data['connectionId'])}`);
    expect(JSON.stringify(events[0]?.data)).not.toContain(company.account.login);
  });

  it('follows the company to the domain it lives on', async () => {
    const company = await world.companies.open({ domain: 'simplybook.it' });
    expect((await connect(wish(company))).body.domain).toBe('simplybook.it');
  });

  it('is answered alike for the same Idempotency-Key, and refused for another wish with it', async () => {
    const company = await world.companies.open();
    const headers = { 'idempotency-key': '"connect-once"' };
    const first = await connect(wish(company), headers);
    const again = await connect(wish(company), headers);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(company.requests.summary().total).toBe(1);
    const other = await connect(wish(company, { name: 'Other' }), headers);
    expect([other.status, other.code]).toEqual([422, 'idempotency-key-reused']);
  });
});

describe('what cannot be connected', () => {
  it.each<[string, number, string, RegExp, Partial<Switches>, object]>([
    [
      'wrong secret',
      422,
      'crm-credentials-refused',
      /login or secret are wrong.*Manage → Users/,
      {},
      { secret: 'wrong' },
    ],
    [
      'a login nobody has',
      422,
      'crm-credentials-refused',
      /login or secret are wrong/,
      {},
      { login: 'nobody' },
    ],
    [
      'a company nobody has',
      422,
      'crm-company-unknown',
      /knows no company.*Check the company login/,
      {},
      { company: 'nosuchstudio' },
    ],
    [
      'a company nobody has, told by a web page',
      422,
      'crm-company-unknown',
      /knows no company/,
      { unknownCompany: 'html' },
      { company: 'nosuchstudio' },
    ],
    [
      'a second factor',
      422,
      'crm-two-factor-required',
      /second factor.*API User Key/,
      { twoFactor: 'empty-token' },
      {},
    ],
    [
      'a second factor, told without a token',
      422,
      'crm-two-factor-required',
      /second factor/,
      { twoFactor: 'no-token' },
      {},
    ],
    ['HIPAA mode', 422, 'crm-api-not-allowed', /HIPAA.*API access/, { login: 'hipaa' }, {}],
    [
      'a role without the API',
      422,
      'crm-api-not-allowed',
      /does not let this user log in through its API/,
      { login: 'not-allowed' },
      {},
    ],
    ['a blocked user', 422, 'crm-user-blocked', /Unblock the user/, { login: 'blocked' }, {}],
    [
      'an unconfirmed address',
      422,
      'crm-address-unconfirmed',
      /confirmed.*API User Key/,
      { login: 'confirm-ip' },
      {},
    ],
    [
      'a CRM that is down',
      502,
      'crm-unreachable',
      /could not be reached.*Try again/,
      { troubles: [{ kind: 'status', value: 503 }] },
      {},
    ],
    [
      'a CRM that hangs up',
      502,
      'crm-unreachable',
      /connection broke off/,
      { troubles: [{ kind: 'lost' }] },
      {},
    ],
    [
      'an answer without a token',
      502,
      'crm-answer-unusable',
      /holds no token/,
      { troubles: [{ kind: 'body', value: '{}' }] },
      {},
    ],
  ])('%s is %d %s, and nothing is stored', async (_, status, code, says, switches, more) => {
    const company = await world.companies.open({ switches });
    const before = await traces();
    const answer = await connect(wish(company, { secret: company.account.password, ...more }));
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.body.detail).toMatch(says);
    expect(await traces()).toEqual(before);
  });

  it('a locked login is 422 crm-locked-out with the time to wait, even with the right password', async () => {
    const company = await world.companies.open({ switches: { lockoutAfter: 1 } });
    const before = await traces();
    for (let times = 0; times < 2; times += 1) await connect(wish(company, { secret: 'wrong' }));
    company.requests.clear();
    const answer = await connect(wish(company));
    expect([answer.status, answer.code]).toEqual([422, 'crm-locked-out']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(company.requests.summary().total).toBe(1);
    expect(await traces()).toEqual(before);
  });

  it('a wrong password is tried once: more would lock the login', async () => {
    const company = await world.companies.open();
    await connect(wish(company, { secret: 'wrong' }));
    expect(company.requests.summary().logins).toEqual({ ok: 0, failed: 1 });
  });

  it('a company that is gone from the net is 502 crm-unreachable', async () => {
    const company = await world.companies.open();
    company.close();
    const answer = await connect(wish(company));
    expect([answer.status, answer.code]).toEqual([502, 'crm-unreachable']);
  });

  it('an address that is no domain of SimplyBook.me is never asked', async () => {
    const company = await world.companies.open();
    for (const domain of [
      '127.0.0.1',
      'localhost',
      'evil.example',
      'simplybook.me.evil.example',
      'simplybook.me@evil',
    ]) {
      const answer = await connect(wish(company, { domain }));
      expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, '/domain']);
    }
    expect(company.requests.summary().total).toBe(0);
  });

  it('the same company twice is 409 and names the connection that is there', async () => {
    const { company, connection } = await world.connected();
    company.requests.clear();
    const before = await traces();
    const answer = await connect(wish(company, { company: company.account.company.toUpperCase() }));
    expect([answer.status, answer.code]).toEqual([409, 'crm-already-connected']);
    expect(answer.body).toMatchObject({ connectionId: connection.id });
    expect(company.requests.summary().total).toBe(0);
    expect(await traces()).toEqual(before);
  });

  it('the same company five times at once is connected once', async () => {
    const company = await world.companies.open();
    const answers = await Promise.all(Array.from({ length: 5 }, () => connect(wish(company))));
    expect(
      answers
        .map(({ status }) => String(status))
        .toSorted()
        .join(' '),
    ).toBe('201 409 409 409 409');
    const rows = await world.rows('select id from connections where company = $1', [company.account.company]);
    expect(rows).toHaveLength(1);
  });
});

describe('the connections', () => {
  it('are listed newest first, page by page', async () => {
    const { connection: older } = await world.connected();
    const { connection: newer } = await world.connected();
    const { body: first } = await world.api<Page<Connection>>('GET', '/api/connections?limit=1');
    expect(first.data).toEqual([newer]);
    const { body: second } = await world.api<Page<Connection>>(
      'GET',
      `/api/connections?limit=1&cursor=${first.page.nextCursor}`,
    );
    expect(second.data).toEqual([older]);
    const all = await world.all<Connection>('/api/connections');
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('say when they were last synced', async () => {
    const { connection } = await world.connected({ clients: 1 });
    const { lastSynced } = await world.sync(connection);
    const { body } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect(body.lastSyncedAt).toBe(lastSynced);
  });

  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/test'],
    ['POST', '/sync'],
  ])('are 404 when there is none with this id: %s %s', async (method, rest) => {
    const answer = await world.api(method, `/api/connections/${randomUUID()}${rest}`);
    expect([answer.status, answer.code]).toEqual([404, 'connection-not-found']);
  });
});

describe('disconnecting', () => {
  it('forgets the credentials and keeps leads and log', async () => {
    const { connection } = await world.connected({ clients: 4 });
    await world.sync(connection);
    const events = await world.appended(async () => {
      const answer = await world.api('DELETE', `/api/connections/${connection.id}`);
      expect([answer.status, answer.text]).toEqual([204, '']);
    });
    expect(events.map(({ type }) => type)).toEqual(['CrmDisconnected']);
    const { body } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect(body.status).toBe('disconnected');
    expect(
      await world.rows('select from connection_secrets where connection_id = $1', [connection.id]),
    ).toEqual([]);
    expect(await world.all<Lead>(`/api/leads?source=${connection.id}`)).toHaveLength(4);
    expect(await world.all<LogEvent>(`/api/events?stream=crm-client-${connection.id}-*`)).toHaveLength(4);
  });

  it('again changes nothing', async () => {
    const { connection } = await world.connected();
    await world.api('DELETE', `/api/connections/${connection.id}`);
    const events = await world.appended(async () => {
      expect((await world.api('DELETE', `/api/connections/${connection.id}`)).status).toBe(204);
    });
    expect(events).toEqual([]);
  });

  it('while a run goes on ends well for both: the run ends, the connection stays disconnected', async () => {
    const { company, connection } = await world.connected({ clients: 25, switches: { onPageCap: 10 } });
    const { reached, release } = company.holdPage(2);
    const { id } = await world.start(connection);
    await reached;
    expect((await world.api('DELETE', `/api/connections/${connection.id}`)).status).toBe(204);
    release();
    await world.end(id);
    const { body } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect(body.status).toBe('disconnected');
  });

  it('while new credentials are tried keeps none of them', async () => {
    const { company, connection } = await world.connected();
    const { reached, release } = company.hold(({ path }) => path === '/admin/auth');
    const replacing = world.api('PUT', `/api/connections/${connection.id}/credentials`, {
      secret: company.account.apiUserKey,
    });
    await reached;
    expect((await world.api('DELETE', `/api/connections/${connection.id}`)).status).toBe(204);
    release();
    const { status, code } = await replacing;
    expect([status, code]).toEqual([409, 'connection-disconnected']);
    expect(
      await world.rows('select from connection_secrets where connection_id = $1', [connection.id]),
    ).toEqual([]);
  });

  it('makes syncing, testing and new credentials a conflict, and the company free to be connected anew', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    await world.sync(connection);
    await world.api('DELETE', `/api/connections/${connection.id}`);
    for (const [method, path, body] of [
      ['POST', 'sync', undefined],
      ['POST', 'test', undefined],
      ['PUT', 'credentials', { secret: company.account.apiUserKey }],
    ] as const) {
      const answer = await world.api(method, `/api/connections/${connection.id}/${path}`, body);
      expect([path, answer.status, answer.code]).toEqual([path, 409, 'connection-disconnected']);
    }
    const again = await world.connect(company);
    expect(again.id).not.toBe(connection.id);
    expect((await world.sync(again)).stats).toMatchObject({ leads_linked: 2, leads_created: 0 });
  });
});

describe('new credentials', () => {
  const replace = (id: string, body: object) =>
    world.api<Either>('PUT', `/api/connections/${id}/credentials`, body);

  it('are tried first and then used instead of the old ones', async () => {
    const { company, connection } = await world.connected({ clients: 1 });
    const events = await world.appended(async () => {
      const answer = await replace(connection.id, { secret: company.account.apiUserKey });
      expect([answer.status, answer.body.version]).toEqual([200, 2]);
      expect(answer.body).toMatchObject({ login: company.account.login, status: 'connected' });
    });
    expect(events.map(({ type }) => type)).toEqual(['CrmCredentialsReplaced']);
    company.faults.set({ twoFactor: 'no-token', refreshRefused: true });
    company.auth.expireTokens();
    expect((await world.sync(connection)).status).toBe('succeeded');
  });

  it('that are wrong change nothing: the old ones go on working', async () => {
    const { company, connection } = await world.connected({ clients: 1 });
    const events = await world.appended(async () => {
      const answer = await replace(connection.id, { secret: 'wrong', login: 'somebody else' });
      expect([answer.status, answer.code]).toEqual([422, 'crm-credentials-refused']);
    });
    expect(events).toEqual([]);
    company.auth.expireTokens();
    company.faults.set({ refreshRefused: true });
    expect((await world.sync(connection)).status).toBe('succeeded');
  });

  it('mend a connection that needed attention', async () => {
    const { company, connection } = await world.connected({ clients: 1 });
    company.faults.set({ twoFactor: 'empty-token', refreshRefused: true });
    company.auth.expireTokens();
    const failed = await world.api('POST', `/api/connections/${connection.id}/sync`);
    expect([failed.status, failed.code]).toEqual([502, 'crm-two-factor-required']);
    const { body: ill } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect(ill).toMatchObject({ status: 'needs-attention', attention: { code: 'crm-two-factor-required' } });
    const { body: well } = await replace(connection.id, { secret: company.account.apiUserKey });
    expect([well.status, well.attention]).toEqual(['connected', null]);
    expect((await world.sync(connection)).status).toBe('succeeded');
  });

  it('are not doubted because of a run that still works with the old ones', async () => {
    const { company, connection } = await world.connected({ clients: 25, switches: { onPageCap: 10 } });
    const { reached, release } = company.holdPage(2);
    const { id } = await world.start(connection);
    await reached;
    expect((await replace(connection.id, { secret: company.account.apiUserKey })).status).toBe(200);
    company.faults.set({ accessDenied: true });
    release();
    expect(await world.end(id)).toMatchObject({
      status: 'failed',
      error: { code: 'crm-permission-denied' },
    });
    const { body } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect([body.status, body.attention]).toEqual(['connected', null]);
  });

  it('mend a connection whose stored secret cannot be opened any more', async () => {
    const { company, connection } = await world.connected();
    await world.rows(`update connection_secrets set secret = set_byte(secret, 20, get_byte(secret, 20) # 1)
      where connection_id = '${connection.id}'`);
    const failed = await world.api<Problem>('POST', `/api/connections/${connection.id}/sync`);
    expect([failed.status, failed.body.type]).toEqual([502, expect.stringMatching(/crm-secret-unreadable$/)]);
    const { body } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect([body.status, body.attention?.code]).toEqual(['needs-attention', 'crm-secret-unreadable']);
    const { password: secret } = company.account;
    const mended = await world.api<Connection>('PUT', `/api/connections/${connection.id}/credentials`, {
      secret,
    });
    expect([mended.status, mended.body.status]).toEqual([200, 'connected']);
    expect((await world.sync(connection)).success).toBe(true);
  });
});

describe('the connection test', () => {
  const report = async ({ id }: Connection): Promise<CheckReport> =>
    (await world.api<CheckReport>('POST', `/api/connections/${id}/test`)).body;

  it('tells what was tried and what came back', async () => {
    const { connection } = await world.connected({ clients: 12 });
    expect(await report(connection)).toEqual({
      ok: true,
      way: 'REST v2',
      checks: [
        { tried: expect.stringContaining('log in'), ok: true, answered: expect.any(String), advice: null },
        {
          tried: expect.stringContaining('list clients'),
          ok: true,
          answered: expect.stringContaining('12 clients'),
          advice: null,
        },
      ],
    });
  });

  it.each<[Partial<Switches>, RegExp, RegExp]>([
    [{ login: 'refused' }, /refused the login/, /Manage → Users/],
    [{ accessDenied: true }, /does not let this user read that/, /administrator/],
    [{ troubles: [{ kind: 'html', on: 'clients' }] }, /no JSON/, /Try again later/],
  ])('tells what is wrong and what to do (%j)', async (switches, answered, advice) => {
    const { company, connection } = await world.connected();
    company.faults.set(switches);
    const { ok, way, checks } = await report(connection);
    expect([ok, way, checks.at(-1)?.ok]).toEqual([false, null, false]);
    expect(checks).toContainEqual(
      expect.objectContaining({
        answered: expect.stringMatching(answered),
        advice: expect.stringMatching(advice),
      }),
    );
  });

  it('changes nothing', async () => {
    const { connection } = await world.connected();
    expect(await world.appended(() => report(connection))).toEqual([]);
  });
});
