import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { SMS_CODE } from '../../sandbox/auth.ts';
import type { Switches } from '../../sandbox/faults.ts';
import { codeOf, stepAt } from '../../sandbox/totp.ts';
import { listed, parsed, visit, type List, type Reply, type Visitor } from './visitor.ts';

const headersOf = async ({ logIn, sandbox }: Visitor): Promise<Record<string, string>> => ({
  'x-company-login': sandbox.account.company,
  'x-token': String(parsed(await logIn())['token']),
});

const pageOf = async (visitor: Visitor, page: number): Promise<List> =>
  listed(await visitor.askInside('GET', `/admin/clients?page=${page}&on_page=10`));

const idsOf = (list: List): unknown[] => list.data.map((row) => row['id']);

const listingWith = async (switches: Partial<Switches>, page = 1): Promise<List> =>
  pageOf(await visit({ switches }), page);

describe('a login', () => {
  it.each([
    ['refused', 400],
    ['not-allowed', 403],
    ['hipaa', 403],
    ['blocked', 400],
    ['confirm-ip', 400],
  ] as const)('that is right ends as %s with %i and is no failure that locks', async (login, status) => {
    const { logIn, sandbox } = await visit({ switches: { login } });
    for (let tries = 0; tries < 7; tries += 1) expect((await logIn()).status).toBe(status);
    expect(sandbox.faults.struck).toEqual({ login: 7 });
  });

  it('by API User Key can be the only one that is refused', async () => {
    const { logIn, sandbox } = await visit({ switches: { login: 'key-refused' } });
    expect((await logIn({ password: sandbox.account.apiUserKey })).status).toBe(400);
    expect((await logIn()).status).toBe(200);
  });

  it('for another company can meet a page that says 404', async () => {
    const { logIn } = await visit({ switches: { unknownCompany: 'html' } });
    const reply = await logIn({ company: 'somebodyelse' });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
  });

  it('by password waits for the second factor, by API User Key it does not', async () => {
    const { logIn, ask, sandbox } = await visit({ switches: { twoFactor: 'empty-token' } });
    const pending = parsed(await logIn());
    expect(pending).toMatchObject({ token: '', require2fa: true, allowed2fa_providers: ['ga', 'sms'] });
    const body = { company: sandbox.account.company, session_id: pending['auth_session_id'], type: 'ga' };
    expect((await ask('POST', '/admin/auth/2fa', { body: { ...body, code: '000000' } })).status).toBe(400);
    const code = codeOf(sandbox.account.totpSecret, stepAt(Date.now(), 30));
    const opened = parsed(await ask('POST', '/admin/auth/2fa', { body: { ...body, code } }));
    expect(opened).toMatchObject({ token: expect.stringMatching(/^\w{64}$/), require2fa: false });
    expect(parsed(await logIn({ password: sandbox.account.apiUserKey }))['require2fa']).toBe(false);
  });

  it('takes each code of the authenticator app once, and none of them twice', async () => {
    const { logIn, ask, sandbox } = await visit({ switches: { twoFactor: 'empty-token' } });
    const code = codeOf(sandbox.account.totpSecret, stepAt(Date.now(), 30));
    const enter = async (): Promise<number> => {
      const session = parsed(await logIn())['auth_session_id'];
      const body = { company: sandbox.account.company, session_id: session, type: 'ga', code };
      return (await ask('POST', '/admin/auth/2fa', { body })).status;
    };
    expect([await enter(), await enter()]).toEqual([200, 400]);
    expect(sandbox.requests.summary().secondFactors).toEqual({ ok: 1, failed: 1 });
  });

  it('takes the code of a text message only after one was sent', async () => {
    const { logIn, ask, sandbox } = await visit({ switches: { twoFactor: 'empty-token' } });
    const session = String(parsed(await logIn())['auth_session_id']);
    const { company } = sandbox.account;
    const body = { company, session_id: session, type: 'sms', code: SMS_CODE };
    expect((await ask('POST', '/admin/auth/2fa', { body })).status).toBe(400);
    await ask('GET', `/admin/auth/sms?company=${company}&session_id=${session}`);
    expect((await ask('POST', '/admin/auth/2fa', { body })).status).toBe(200);
  });

  it('counts wrong codes as failures that lock', async () => {
    const { logIn, ask, sandbox } = await visit({ switches: { twoFactor: 'empty-token', lockoutAfter: 1 } });
    const session = parsed(await logIn())['auth_session_id'];
    const body = { company: sandbox.account.company, session_id: session, type: 'ga', code: 'no code' };
    for (let tries = 0; tries < 2; tries += 1) await ask('POST', '/admin/auth/2fa', { body });
    expect((await logIn()).status).toBe(403);
  });

  it('can be refused without a word why, but for a lock-out', async () => {
    const { logIn, sandbox } = await visit({ switches: { login: 'hipaa', loginTells: 'nothing' } });
    const reply = await logIn();
    expect([reply.status, parsed(reply)['message']]).toEqual([400, 'Wrong login or password']);
    sandbox.faults.set({ lockoutAfter: 1 });
    for (let tries = 0; tries < 2; tries += 1) await logIn({ password: 'a guess' });
    expect((await logIn()).status).toBe(403);
  });

  it.each([
    ['null', null],
    ['absent', undefined],
    ['foreign', 'evil.example'],
  ] as const)('can tell the domain as %s', async (tokenDomain, domain) => {
    const { logIn } = await visit({ switches: { tokenDomain } });
    expect(parsed(await logIn())['domain']).toBe(domain);
  });

  it('is never locked when the lock is off', async () => {
    const { logIn } = await visit({ switches: { lockoutAfter: 0 } });
    for (let failures = 0; failures < 8; failures += 1) await logIn({ password: 'a guess' });
    expect((await logIn()).status).toBe(200);
  });
});

describe('a token', () => {
  it.each([
    ['body-419', 401, 419, 'Token Expired'],
    ['http-419', 419, 419, 'Token Expired'],
    ['plain-401', 401, 401, 'Unauthorized'],
    ['http-400', 400, 400, 'Token Expired'],
    ['http-200', 200, 200, 'Token Expired'],
  ] as const)('that has expired in mid-run can be told as %s', async (expiry, status, code, message) => {
    const visitor = await visit({ switches: { expiry, expireAfter: 2 } });
    const headers = await headersOf(visitor);
    const statuses = [];
    for (let page = 1; page <= 2; page += 1) {
      statuses.push((await visitor.ask('GET', `/admin/clients?page=${page}`, { headers })).status);
    }
    expect(statuses).toEqual([200, 200]);
    const third = await visitor.ask('GET', '/admin/clients?page=3', { headers });
    expect(third.status).toBe(status);
    expect(parsed(third)).toEqual({ code, message, data: [], message_data: [] });
  });

  it('of no duration is of no use', async () => {
    const { askInside } = await visit({ switches: { tokenSeconds: 0 } });
    expect((await askInside('GET', '/admin/clients')).status).toBe(401);
  });

  it('can end all earlier ones', async () => {
    const visitor = await visit({ switches: { oneTokenOnly: true } });
    const headers = await headersOf(visitor);
    await visitor.logIn();
    expect((await visitor.ask('GET', '/admin/clients', { headers })).status).toBe(401);
  });

  it('of a role that may see nothing meets 403 Access denied', async () => {
    const { askInside } = await visit({ switches: { accessDenied: true } });
    const reply = await askInside('GET', '/admin/clients');
    expect([reply.status, parsed(reply)['message']]).toEqual([403, 'Access denied']);
  });
});

const refreshing = async ({ ask, sandbox }: Visitor, token: unknown): Promise<Reply> =>
  ask('POST', '/admin/auth/refresh-token', {
    body: { company: sandbox.account.company, refresh_token: token },
  });

describe('a refresh', () => {
  it('can be refused', async () => {
    const visitor = await visit({ switches: { refreshRefused: true } });
    const { refresh_token: token } = parsed(await visitor.logIn());
    expect((await refreshing(visitor, token)).status).toBe(401);
  });

  it('can be done while its answer is lost, and then the refresh token is spent', async () => {
    const visitor = await visit({ switches: { refreshLost: 1 } });
    const { refresh_token: token } = parsed(await visitor.logIn());
    await expect(refreshing(visitor, token)).rejects.toThrow('fetch failed');
    expect((await refreshing(visitor, token)).status).toBe(401);
    expect(visitor.sandbox.requests.summary().refreshes).toEqual({ ok: 1, failed: 1 });
  });

  it('can bring the same token again, which then is good again', async () => {
    const visitor = await visit({ switches: { refreshSameToken: true } });
    const { refresh_token: refresh, token } = parsed(await visitor.logIn());
    visitor.sandbox.auth.expireTokens();
    expect(parsed(await refreshing(visitor, refresh))['token']).toBe(token);
    const headers = { 'x-company-login': visitor.sandbox.account.company, 'x-token': String(token) };
    expect((await visitor.ask('GET', '/admin/clients', { headers })).status).toBe(200);
  });
});

describe('the list', () => {
  it.each([
    ['true', 25],
    ['more', 32],
    ['fewer', 18],
    ['zero', 0],
    ['null', null],
    ['text', '25'],
    ['absent', undefined],
  ] as const)('tells as items_count: %s', async (itemsCount, said) => {
    expect((await listingWith({ itemsCount })).metadata['items_count']).toBe(said);
  });

  it.each([
    ['true', 3],
    ['less', 2],
    ['zero', 0],
    ['null', null],
    ['text', '3'],
    ['huge', 1_000_000_000],
    ['grows', 2],
    ['absent', undefined],
  ] as const)('tells as pages_count: %s', async (pagesCount, said) => {
    expect((await listingWith({ pagesCount })).metadata['pages_count']).toBe(said);
  });

  it('can have pages of another size than asked for, and even hide that', async () => {
    const { data, metadata } = await listingWith({ onPageFixed: 7, onPageEcho: 'asked' });
    expect([data.length, metadata['on_page'], metadata['pages_count']]).toEqual([7, 10, 4]);
  });

  it('can be in the order of ids', async () => {
    expect(idsOf(await listingWith({ order: 'id' }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('can be in another order each time', async () => {
    const visitor = await visit({ switches: { order: 'shuffle' } });
    expect(idsOf(await pageOf(visitor, 1))).not.toEqual(idsOf(await pageOf(visitor, 1)));
    expect(visitor.sandbox.faults.struck).toEqual({ order: 2 });
  });

  it('can give a page twice, with everything after it one page later', async () => {
    const visitor = await visit({ switches: { repeatPage: 2 } });
    const pages = [];
    for (let page = 1; page <= 4; page += 1) pages.push(await pageOf(visitor, page));
    expect(idsOf(pages[2]!)).toEqual(idsOf(pages[1]!));
    expect(new Set(pages.flatMap(idsOf)).size).toBe(25);
    expect(pages[0]?.metadata).toMatchObject({ items_count: 25, pages_count: 4 });
  });

  it('can go on for ever with its last page or with ever new clients', async () => {
    const visitor = await visit({ switches: { endless: 'repeat' } });
    expect(idsOf(await pageOf(visitor, 50))).toEqual(idsOf(await pageOf(visitor, 3)));
    visitor.sandbox.faults.set({ endless: 'new' });
    const ids = [...idsOf(await pageOf(visitor, 4)), ...idsOf(await pageOf(visitor, 5))];
    expect(new Set(ids).size).toBe(20);
  });

  it('can be a bare array, have an empty list as metadata, or none', async () => {
    const visitor = await visit({ clients: 1, switches: { bareArray: true } });
    expect(JSON.parse((await visitor.askInside('GET', '/admin/clients')).text)).toHaveLength(1);
    visitor.sandbox.faults.set({ bareArray: false, metadata: 'list' });
    expect((await pageOf(visitor, 1)).metadata).toEqual([]);
    visitor.sandbox.faults.set({ metadata: 'absent' });
    expect(Object.keys(await pageOf(visitor, 1))).toEqual(['data']);
  });

  it('can be empty although there are clients', async () => {
    const { data, metadata } = await listingWith({ empty: true });
    expect([data, metadata['items_count']]).toEqual([[], 0]);
  });

  it.each([
    ['text', '"id":"1"'],
    ['float', '"id":1.0'],
    ['padded', '"id":"01"'],
    ['big', '"id":9007199254740993'],
  ] as const)('can write its ids as %s', async (ids, written) => {
    const { askInside } = await visit({ clients: 1, switches: { ids } });
    expect((await askInside('GET', '/admin/clients')).text).toContain(`${written},`);
  });

  it('finds a client again by an id beyond 2^53', async () => {
    const { askInside } = await visit({ clients: 2, switches: { ids: 'big' } });
    expect((await askInside('GET', '/admin/clients/9007199254740994')).text).toContain(
      '"id":9007199254740994,',
    );
  });

  it('can hide fields', async () => {
    const { data } = await listingWith({ hide: ['email', 'phone'] });
    expect(Object.keys(data[0] ?? {})).not.toContain('email');
    expect(Object.keys(data[0] ?? {})).toContain('name');
  });

  it('can show deleted clients with is_deleted told', async () => {
    const visitor = await visit({ clients: 1, switches: { listDeleted: true } });
    visitor.sandbox.crm.delete(1);
    expect((await pageOf(visitor, 1)).data[0]?.['is_deleted']).toBe('1');
    visitor.sandbox.faults.set({ deletedAs: 'boolean' });
    expect((await pageOf(visitor, 1)).data[0]?.['is_deleted']).toBe(true);
  });

  it('can end in records that are none, which it counts', async () => {
    const visitor = await visit({ clients: 1, switches: { weird: ['null', 'surrogate', 'deep'] } });
    const { data, metadata } = await pageOf(visitor, 1);
    expect(metadata['items_count']).toBe(4);
    expect(data[1]).toBeNull();
    expect(String(data[2]?.['name']).isWellFormed()).toBe(false);
  });

  it('holds records word for word as they were put there', async () => {
    const visitor = await visit({ clients: 0 });
    visitor.sandbox.crm.addRow('{"id":"012","name":"As it stands"}');
    expect((await pageOf(visitor, 1)).data).toEqual([{ id: '012', name: 'As it stands' }]);
  });

  it('shows a row twice when somebody comes in front of it between two pages', async () => {
    const visitor = await visit({ switches: { drift: 'insert', driftTimes: 1 } });
    const first = idsOf(await pageOf(visitor, 1));
    expect(idsOf(await pageOf(visitor, 2))).toContain(first.at(-1));
    expect(visitor.sandbox.crm.count).toBe(26);
  });

  it.each(['rename', 'delete'] as const)('hides a row after a %s between two pages', async (drift) => {
    const visitor = await visit({ switches: { drift, driftTimes: 1 } });
    const pages = [];
    for (let page = 1; page <= 3; page += 1) pages.push(await pageOf(visitor, page));
    const seen = new Set(pages.flatMap(idsOf));
    const living = visitor.sandbox.crm.all().filter((client) => !client.deleted);
    expect(living.filter((client) => !seen.has(client.id))).toHaveLength(1);
    expect(visitor.sandbox.faults.struck).toEqual({ drift: 1 });
  });
});

describe('writing', () => {
  const person = { name: 'Mia', email: 'MIA@example.com', phone: '1' };

  it('a client whose e-mail exists can bring that client or be refused', async () => {
    const visitor = await visit({ clients: 0, switches: { existingEmail: 'returns-it' } });
    const { id } = visitor.sandbox.crm.add({ name: 'Mia', email: 'mia@example.com' });
    expect(parsed(await visitor.askInside('POST', '/admin/clients', person))['id']).toBe(id);
    visitor.sandbox.faults.set({ existingEmail: 'refuses' });
    const refused = await visitor.askInside('POST', '/admin/clients', person);
    expect(refused.status).toBe(400);
    expect(parsed(refused)['data']).toEqual({ email: [expect.any(String)] });
    expect(visitor.sandbox.crm.count).toBe(1);
  });

  it('with PUT can keep what is left out', async () => {
    const { askInside, sandbox } = await visit({ clients: 0, switches: { put: 'merges' } });
    const { id } = sandbox.crm.add({ ...person, city: 'Berlin' });
    await askInside('PUT', `/admin/clients/${id}`, { phone: '2' });
    expect(sandbox.crm.get(id)).toMatchObject({ ...person, phone: '2', city: 'Berlin' });
  });

  it('with POST to a client can be impossible', async () => {
    const { askInside } = await visit({ clients: 1, switches: { postEdits: false } });
    expect((await askInside('POST', '/admin/clients/1', person)).status).toBe(404);
  });

  it('a client can need a phone only', async () => {
    const { askInside } = await visit({ switches: { required: 'phone' } });
    expect((await askInside('POST', '/admin/clients', { name: 'Mia', phone: '1' })).status).toBe(200);
    expect(
      (await askInside('POST', '/admin/clients', { name: 'Mia', email: 'mia@example.com' })).status,
    ).toBe(400);
  });
});

describe('a trouble', () => {
  it('strikes its route and page only, after so many, so many times', async () => {
    const visitor = await visit();
    visitor.sandbox.faults.set({
      troubles: [{ kind: 'status', value: 503, on: 'clients', page: 2, after: 1, times: 2 }],
    });
    const headers = await headersOf(visitor);
    const statuses = [];
    for (const page of [1, 2, 2, 2, 2]) {
      statuses.push((await visitor.ask('GET', `/admin/clients?page=${page}`, { headers })).status);
    }
    expect(statuses).toEqual([200, 200, 503, 503, 200]);
    expect(visitor.sandbox.faults.struck).toEqual({ troubles: 2, status: 2 });
  });

  it.each([
    [{ kind: 'html' }, 200, 'content-type', 'text/html; charset=UTF-8'],
    [{ kind: 'html', value: 502 }, 502, 'content-type', 'text/html; charset=UTF-8'],
    [{ kind: 'rate-limit' }, 429, 'retry-after', null],
    [{ kind: 'rate-limit', value: 7 }, 429, 'retry-after', '7'],
    [{ kind: 'rate-limit', value: 'soon' }, 429, 'retry-after', 'soon'],
    [{ kind: 'too-many' }, 403, 'retry-after', null],
    [{ kind: 'redirect' }, 302, 'location', 'https://elsewhere.example/'],
  ] as const)('%j answers %i', async (trouble, status, header, value) => {
    const { ask, sandbox } = await visit({ switches: { troubles: [trouble] } });
    const reply = await ask('GET', '/admin/clients');
    expect([reply.status, reply.headers.get(header)]).toEqual([status, value]);
    expect(sandbox.requests.list).toMatchObject([{ trouble: trouble.kind, status }]);
  });

  it.each(['[]', '{}', 'null', '{"data":', ''])('can put the body %j in place of a page', async (body) => {
    const { ask } = await visit({ switches: { troubles: [{ kind: 'body', value: body }] } });
    expect((await ask('GET', '/admin/clients')).text).toBe(body);
  });

  it.each([
    ['lost', 'fetch failed'],
    ['truncate', 'terminated'],
    ['reset', 'terminated'],
    ['gzip-garbage', 'terminated'],
    ['not-http', 'fetch failed'],
    ['endless-headers', 'fetch failed'],
  ] as const)('%s is no answer at all, once', async (kind, message) => {
    const { ask } = await visit({ switches: { troubles: [{ kind, times: 1 }] } });
    await expect(ask('GET', '/admin/clients')).rejects.toThrow(message);
    expect((await ask('GET', '/admin/clients')).status).toBe(401);
  });

  it('can cut the body in half as if it were whole', async () => {
    const visitor = await visit();
    const headers = await headersOf(visitor);
    const whole = (await visitor.ask('GET', '/admin/clients', { headers })).text;
    visitor.sandbox.faults.set({ troubles: [{ kind: 'cut' }] });
    const half = (await visitor.ask('GET', '/admin/clients', { headers })).text;
    expect(half.length).toBeGreaterThan(0);
    expect(whole.startsWith(half) && half.length < whole.length).toBe(true);
  });

  it('can answer byte by byte, or late, and still rightly', async () => {
    const visitor = await visit({ clients: 0 });
    const headers = await headersOf(visitor);
    const right = (await visitor.ask('GET', '/admin/clients', { headers })).text;
    for (const kind of ['drip', 'slow'] as const) {
      visitor.sandbox.faults.set({ troubles: [{ kind, value: 1 }] });
      expect((await visitor.ask('GET', '/admin/clients', { headers })).text).toBe(right);
    }
  });

  it.each(['huge', 'gzip-bomb'] as const)('%s brings as many megabytes as wanted', async (kind) => {
    const { ask } = await visit({ switches: { troubles: [{ kind, value: 3 }] } });
    expect((await ask('GET', '/admin/clients')).text.length).toBeGreaterThanOrEqual(3 * 1_048_576);
  });

  it('of the hanging kind ends when the sandbox closes', async () => {
    const visitor = await visit({ switches: { troubles: [{ kind: 'hang' }] } });
    const waiting = new Promise<string>((resolve) => {
      const asked = request(`${visitor.sandbox.url}/admin/clients`);
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      asked.on('finish', () => void visitor.sandbox.close());
      asked.end();
    });
    expect(await waiting).toBe('ECONNRESET');
  });

  it('of asking too fast strikes only those who ask too fast', async () => {
    const { ask, sandbox } = await visit({ switches: { maxPerSecond: 2, overRate: '403' } });
    const replies = await Promise.all(Array.from({ length: 10 }, () => ask('GET', '/admin')));
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([401, 403]));
    expect(sandbox.requests.summary().maxPerSecond).toBeGreaterThan(2);
  });
});

describe('the switches', () => {
  it('say which one is wrong and what it may be', async () => {
    const { sandbox } = await visit();
    const wrong = JSON.parse('{"order":"backwards"}');
    expect(() => sandbox.faults.set(wrong)).toThrow(
      'Switch order: "backwards" is not possible here. Allowed: name | id',
    );
    expect(() => sandbox.faults.set(JSON.parse('{"ordre":"id"}'))).toThrow('There is no switch ordre.');
  });

  it('count anew when they change', async () => {
    const visitor = await visit({ switches: { order: 'id', hide: ['phone'] } });
    await pageOf(visitor, 1);
    visitor.sandbox.faults.set({ order: 'shuffle' });
    await pageOf(visitor, 1);
    await pageOf(visitor, 2);
    expect(visitor.sandbox.faults.struck).toEqual({ order: 2, hide: 3 });
  });

  it('go back to how they were at the start', async () => {
    const { sandbox } = await visit({ switches: { order: 'id' } });
    sandbox.faults.set({ order: 'name', empty: true });
    sandbox.faults.reset();
    expect(sandbox.faults.switches).toMatchObject({ order: 'id', empty: false });
  });
});
