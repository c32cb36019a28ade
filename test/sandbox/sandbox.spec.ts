import { describe, expect, it } from '@jest/globals';
import { listed, parsed, visit, type Visitor } from './visitor.ts';

const HEX_64 = /^[0-9a-f]{64}$/;
const failure = (code: number, message: unknown, data: unknown = []): unknown => ({
  code,
  message,
  data,
  message_data: [],
});

const headersOf = async ({ logIn, sandbox }: Visitor): Promise<Record<string, string>> => ({
  'x-company-login': sandbox.account.company,
  'x-token': String(parsed(await logIn())['token']),
});

describe('logging in', () => {
  it('brings a token, a refresh token and the domain of the company', async () => {
    const { logIn, sandbox } = await visit();
    const reply = await logIn();
    expect(reply.status).toBe(200);
    expect(parsed(reply)).toEqual({
      token: expect.stringMatching(HEX_64),
      company: sandbox.account.company,
      login: sandbox.account.login,
      refresh_token: expect.stringMatching(HEX_64),
      domain: 'simplybook.me',
      require2fa: false,
      allowed2fa_providers: [],
      auth_session_id: '',
      id: null,
    });
  });

  it('takes the API User Key in place of the password', async () => {
    const { logIn, sandbox } = await visit();
    expect((await logIn({ password: sandbox.account.apiUserKey })).status).toBe(200);
  });

  it('is 400, not 401, with a wrong password', async () => {
    const { logIn } = await visit();
    const reply = await logIn({ password: 'a guess' });
    expect(reply.status).toBe(400);
    expect(parsed(reply)).toEqual(failure(400, expect.any(String)));
  });

  it('is 400 "Invalid company" for a company that lives elsewhere', async () => {
    const { logIn } = await visit();
    expect(parsed(await logIn({ company: 'somebodyelse' }))).toEqual(failure(400, 'Invalid company'));
  });

  it('is locked with 403 after more than five failures, for the right password too', async () => {
    const { logIn } = await visit();
    for (let failures = 0; failures < 6; failures += 1) await logIn({ password: 'a guess' });
    const reply = await logIn();
    expect(reply.status).toBe(403);
    expect(parsed(reply)).toEqual(failure(403, 'Too many attempts'));
  });

  it('gives a new token each time, and the earlier ones go on working', async () => {
    const visitor = await visit();
    const earlier = await headersOf(visitor);
    const later = await headersOf(visitor);
    expect(later['x-token']).not.toBe(earlier['x-token']);
    expect((await visitor.ask('GET', '/admin/clients', { headers: earlier })).status).toBe(200);
    expect((await visitor.ask('GET', '/admin/clients', { headers: later })).status).toBe(200);
  });
});

describe('a refresh token', () => {
  it('brings a new token and a new refresh token, once', async () => {
    const { logIn, ask, sandbox } = await visit();
    const first = parsed(await logIn());
    const body = { company: sandbox.account.company, refresh_token: first['refresh_token'] };
    const again = await ask('POST', '/admin/auth/refresh-token', { body });
    expect(again.status).toBe(200);
    expect(parsed(again)['token']).not.toBe(first['token']);
    expect(parsed(again)['refresh_token']).not.toBe(first['refresh_token']);
    expect((await ask('POST', '/admin/auth/refresh-token', { body })).status).toBe(401);
  });
});

describe('the door', () => {
  it('is closed with 401 to whoever has no token', async () => {
    const { ask } = await visit();
    const reply = await ask('GET', '/admin');
    expect(reply.status).toBe(401);
    expect(parsed(reply)).toEqual(failure(401, expect.any(String)));
  });

  it('wants the company beside the token, and the right one', async () => {
    const visitor = await visit();
    const headers = await headersOf(visitor);
    const other = { ...headers, 'x-company-login': 'somebodyelse' };
    expect((await visitor.ask('GET', '/admin/clients', { headers: other })).status).toBe(401);
    const alone = { 'x-token': String(headers['x-token']) };
    expect((await visitor.ask('GET', '/admin/clients', { headers: alone })).status).toBe(401);
  });

  it('does not know a token of another company', async () => {
    const headers = await headersOf(await visit());
    const other = await visit();
    expect((await other.ask('GET', '/admin/clients', { headers })).status).toBe(401);
  });

  it('is closed to an expired token with 401 and the code 419 in the body', async () => {
    const visitor = await visit();
    const headers = await headersOf(visitor);
    expect(visitor.sandbox.auth.expireTokens()).toBe(1);
    const reply = await visitor.ask('GET', '/admin/clients', { headers });
    expect(reply.status).toBe(401);
    expect(parsed(reply)).toEqual(failure(419, 'Token Expired'));
  });

  it('is closed to a token after logout', async () => {
    const visitor = await visit();
    const headers = await headersOf(visitor);
    await visitor.ask('POST', '/admin/auth/logout', { headers, body: { auth_token: headers['x-token'] } });
    expect((await visitor.ask('GET', '/admin/clients', { headers })).status).toBe(401);
  });

  it.each(['/admin/client', '/v2/admin/clients', '/login', '/admin/nothing'])(
    'is no door at %s, where a page of a PHP site says 404',
    async (path) => {
      const { ask } = await visit();
      const reply = await ask('GET', path);
      expect(reply.status).toBe(404);
      expect(reply.headers.get('content-type')).toMatch(/^text\/html/);
    },
  );
});

describe('the list of clients', () => {
  it('has ten rows a page when nothing is asked for, and says so', async () => {
    const { askInside } = await visit();
    const { data, metadata } = listed(await askInside('GET', '/admin/clients'));
    expect(data).toHaveLength(10);
    expect(metadata).toMatchObject({ items_count: 25, pages_count: 3, page: 1, on_page: 10 });
  });

  it('has at most a hundred rows a page, whatever is asked for, and echoes what it used', async () => {
    const { askInside } = await visit({ clients: 120 });
    const { data, metadata } = listed(await askInside('GET', '/admin/clients?page=1&on_page=500'));
    expect(data).toHaveLength(100);
    expect(metadata).toMatchObject({ items_count: 120, pages_count: 2, on_page: 100 });
  });

  it('brings every client exactly once over its pages', async () => {
    const { askInside, sandbox } = await visit();
    const pages = await Promise.all([1, 2, 3].map((page) => askInside('GET', `/admin/clients?page=${page}`)));
    const ids = pages.flatMap((page) => listed(page).data.map((row) => row['id']));
    expect(ids).toHaveLength(25);
    expect(new Set(ids)).toEqual(new Set(sandbox.crm.all().map((client) => client.id)));
  });

  it('is in the order of names, without minding case and accents', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    for (const name of ['Zoë', 'éva', 'Bob', 'Eve', '9 Lives']) sandbox.crm.add({ name });
    const { data } = listed(await askInside('GET', '/admin/clients'));
    expect(data.map((row) => row['name'])).toEqual(['9 Lives', 'Bob', 'éva', 'Eve', 'Zoë']);
  });

  it('says at which row each initial begins, with "..." for names that begin with no letter', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    for (const name of ['9 Lives', 'Ada', 'Ángel', 'Bob']) sandbox.crm.add({ name });
    expect(listed(await askInside('GET', '/admin/clients')).metadata['alphabet_index']).toEqual([
      { letter: '...', index: 0 },
      { letter: 'A', index: 1 },
      { letter: 'B', index: 3 },
    ]);
  });

  it('is empty without an index of initials when there are no clients', async () => {
    const { askInside } = await visit({ clients: 0 });
    expect(parsed(await askInside('GET', '/admin/clients'))).toEqual({
      data: [],
      metadata: { items_count: 0, pages_count: 0, page: 1, on_page: 10 },
    });
  });

  it('is empty past its end', async () => {
    const { askInside } = await visit();
    const { data, metadata } = listed(await askInside('GET', '/admin/clients?page=9'));
    expect(data).toEqual([]);
    expect(metadata).toMatchObject({ items_count: 25, pages_count: 3, page: 9 });
  });

  it('finds by a part of the name, e-mail or phone, in any case', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    sandbox.crm.add({ name: 'Mia Lopez', email: 'mia@example.com' });
    sandbox.crm.add({ name: 'Anna', email: 'anna-MIA@example.com' });
    sandbox.crm.add({ name: 'Bob', phone: '+49 151 777' });
    const found = async (search: string) =>
      listed(await askInside('GET', `/admin/clients?filter%5Bsearch%5D=${search}`)).data.map(
        (row) => row['name'],
      );
    expect(await found('mia%40example.com')).toEqual(['Anna', 'Mia Lopez']);
    expect(await found('777')).toEqual(['Bob']);
  });

  it('ignores parameters it does not know without a word', async () => {
    const { askInside } = await visit();
    const { metadata } = listed(
      await askInside('GET', '/admin/clients?updated_since=2026-01-01&search=nobody'),
    );
    expect(metadata['items_count']).toBe(25);
  });

  it('shows a client made by the API with null for what was never set', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    const { id } = sandbox.crm.add({ name: 'Mia Lopez', email: 'mia@example.com', phone: '+4915112345678' });
    expect(listed(await askInside('GET', '/admin/clients')).data).toEqual([
      {
        can_be_edited: true,
        is_deleted: '0',
        email_promo_subscribed: true,
        sms_promo_subscribed: true,
        id,
        name: 'Mia Lopez',
        email: 'mia@example.com',
        phone: '+4915112345678',
        address1: null,
        address2: null,
        city: null,
        zip: null,
        country_id: null,
        state_id: null,
        full_address: '',
      },
    ]);
  });

  it('does not show deleted clients', async () => {
    const { askInside, sandbox } = await visit({ clients: 3 });
    sandbox.crm.delete(2);
    const { data, metadata } = listed(await askInside('GET', '/admin/clients'));
    expect(new Set(data.map((row) => row['id']))).toEqual(new Set([1, 3]));
    expect(metadata['items_count']).toBe(2);
  });
});

describe('one client', () => {
  it('comes bare, with is_deleted null and other promo flags than in the list', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    const { id } = sandbox.crm.add({ name: 'Mia Lopez' });
    expect(parsed(await askInside('GET', `/admin/clients/${id}`))).toMatchObject({
      id,
      name: 'Mia Lopez',
      is_deleted: null,
      email_promo_subscribed: false,
      sms_promo_subscribed: false,
    });
  });

  it.each([
    ['tells', [200, 404]],
    ['marks', [200, 200]],
    ['forbidden', [403, 403]],
    ['nobody', [404, 404]],
    ['missing', [404, 404]],
  ] as const)('is read by its id, or not (%s)', async (byId, statuses) => {
    const { askInside, sandbox } = await visit({ clients: 2, switches: { byId } });
    sandbox.crm.delete(2);
    const replies = [await askInside('GET', '/admin/clients/1'), await askInside('GET', '/admin/clients/2')];
    expect(replies.map(({ status }) => status)).toEqual(statuses);
    const said = replies[1]!.text;
    if (byId === 'marks') expect(said).toContain('"is_deleted":"1"');
    else expect(said.startsWith('{"code":')).toBe(byId !== 'missing');
  });

  it('may be one that the role is not shown in the list', async () => {
    const { askInside } = await visit({ clients: 4, switches: { sees: 2 } });
    const { data, metadata } = listed(await askInside('GET', '/admin/clients'));
    expect(new Set(data.map((row) => row['id']))).toEqual(new Set([2, 4]));
    expect(metadata['items_count']).toBe(2);
    expect((await askInside('GET', '/admin/clients/1')).status).toBe(200);
  });

  it('is 404 "Client not found" when there is none, or it is deleted', async () => {
    const { askInside, sandbox } = await visit({ clients: 1 });
    sandbox.crm.delete(1);
    const replies = [
      await askInside('GET', '/admin/clients/1'),
      await askInside('GET', '/admin/clients/999'),
    ];
    for (const reply of replies) {
      expect(reply.status).toBe(404);
      expect(parsed(reply)).toEqual(failure(404, 'Client not found'));
    }
  });

  it('is created with 200 and answered without its flags', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    const person = { name: 'Mia Lopez', email: 'mia@example.com', phone: '+49 151 1' };
    const reply = await askInside('POST', '/admin/clients', person);
    expect(reply.status).toBe(200);
    expect(Object.keys(parsed(reply))).toEqual([
      'id',
      'name',
      'email',
      'phone',
      'address1',
      'address2',
      'city',
      'zip',
      'country_id',
      'state_id',
      'full_address',
    ]);
    expect(sandbox.crm.get(Number(parsed(reply)['id']))).toMatchObject({ ...person, deleted: false });
  });

  it('is created a second time when the e-mail exists already', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    const person = { name: 'Mia', email: 'mia@example.com', phone: '1' };
    await askInside('POST', '/admin/clients', person);
    await askInside('POST', '/admin/clients', person);
    expect(sandbox.crm.count).toBe(2);
  });

  it('is refused field by field with 400', async () => {
    const { askInside } = await visit();
    const type = 'Invalid type given, value should be float, string, or integer';
    const nothing = await askInside('POST', '/admin/clients', { name: 'Mia' });
    expect(nothing.status).toBe(400);
    expect(parsed(nothing)).toEqual(failure(400, '', { email: [type], phone: [type] }));
    const wrong = await askInside('POST', '/admin/clients', { name: 'Mia', email: 'mia', phone: 'call me' });
    expect(parsed(wrong)).toEqual(
      failure(400, '', {
        email: ['Invalid email address'],
        phone: ["'phone' should not contain letters. Example +11 (111) 111-11-11"],
      }),
    );
  });

  it('loses with PUT what is left out', async () => {
    const { askInside, sandbox } = await visit({ clients: 0 });
    const { id } = sandbox.crm.add({ name: 'Mia', email: 'mia@example.com', phone: '1', city: 'Berlin' });
    await askInside('PUT', `/admin/clients/${id}`, { name: 'Mia L', email: 'mia@example.com', phone: '2' });
    expect(sandbox.crm.get(id)).toMatchObject({ name: 'Mia L', phone: '2', city: null });
  });

  it('can be edited by POST too', async () => {
    const { askInside, sandbox } = await visit({ clients: 1 });
    await askInside('POST', '/admin/clients/1', { name: 'Mia L', email: 'mia@example.com', phone: '2' });
    expect(sandbox.crm.get(1)?.name).toBe('Mia L');
  });

  it('is deleted softly: gone from the list and by id, still in the books', async () => {
    const { askInside, sandbox } = await visit({ clients: 1 });
    expect((await askInside('DELETE', '/admin/clients/1')).status).toBe(200);
    expect(listed(await askInside('GET', '/admin/clients')).data).toEqual([]);
    expect((await askInside('GET', '/admin/clients/1')).status).toBe(404);
    expect(sandbox.crm.get(1)?.deleted).toBe(true);
  });

  it('has fields of which even the built-in ones say that they are not', async () => {
    const { askInside } = await visit();
    const { data } = listed(await askInside('GET', '/admin/clients/fields'));
    expect(data.map((field) => field['id'])).toEqual([
      'name',
      'email',
      'phone',
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ]);
    expect(data.map((field) => field['is_built_in'])).toEqual([false, false, false, false]);
  });
});

describe('the account', () => {
  it('tells what was asked, without any secret or search word', async () => {
    const { logIn, askInside, sandbox } = await visit();
    await logIn({ password: 'a guess' });
    await askInside('GET', '/admin/clients?page=2&on_page=5&filter[search]=mia@example.com');
    expect(sandbox.requests.summary()).toMatchObject({
      total: 3,
      byRoute: { login: 2, clients: 1 },
      logins: { ok: 1, failed: 1 },
      pages: 1,
      maxConcurrent: 1,
    });
    expect(sandbox.requests.list.at(-1)).toMatchObject({ route: 'clients', page: 2, onPage: 5, status: 200 });
    const account = JSON.stringify(sandbox.requests.list);
    for (const word of ['mia', 'a guess', sandbox.account.password]) expect(account).not.toContain(word);
  });

  it('counts a login that was never answered neither as done nor as failed', async () => {
    const { logIn, sandbox } = await visit({ switches: { troubles: [{ kind: 'not-http' }] } });
    await expect(logIn()).rejects.toThrow('fetch failed');
    expect(sandbox.requests.summary()).toMatchObject({ total: 1, logins: { ok: 0, failed: 0 } });
  });
});
