import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '../contract.ts';
import { API_KEY } from '../service.ts';
import { startWorld, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

type Session = { actor: string; expiresAt: string | null };

/** Like a browser: no key, but the cookie that was set. */
const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${world.service.url}${path}`, init);

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const cookieOf = (answer: Response): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';

const signedIn = async (): Promise<string> => {
  const answer = await post('/api/session', { key: API_KEY });
  expect(answer.status).toBe(201);
  return cookieOf(answer);
};

const codeOf = async (answer: Response): Promise<string> =>
  ((await answer.json()) as Problem).type.replace('tag:crm-sync,2026:problems/', '');

const leads = (cookie: string, headers: Record<string, string> = {}): Promise<Response> =>
  ask('/api/leads', { headers: { cookie, ...headers } });

const WEEK = 7 * 86_400_000;

describe('signing in', () => {
  it('with the key sets a cookie that no script can read and no other site can send, for seven days', async () => {
    const answer = await post('/api/session', { key: API_KEY });
    const session = (await answer.json()) as Session;
    expect(session.actor).toBe('key:admin');
    expect(Math.abs(Date.parse(session.expiresAt ?? '') - Date.now() - WEEK)).toBeLessThan(300_000);
    const parts = (answer.headers.get('set-cookie') ?? '').split('; ');
    expect(parts).toEqual([
      expect.stringMatching(/^crm_sync_session=[\w-]{43}$/),
      'Path=/',
      expect.stringMatching(/^Expires=/),
      'HttpOnly',
      'SameSite=Strict',
    ]);
    expect((await leads(cookieOf(answer))).status).toBe(200);
  });

  it('does not answer with the key, nor keep it or the cookie’s token anywhere', async () => {
    const answer = await post('/api/session', { key: API_KEY });
    expect(await answer.text()).not.toContain(API_KEY);
    const token = cookieOf(answer).split('=')[1] ?? '';
    const [row] = await world.rows<{ text: string }>(
      `select string_agg(s::text, ' ') || (select coalesce(string_agg(l::text, ' '), '') from sign_in_links l) as text
         from sessions s`,
    );
    expect(row?.text).not.toContain(Buffer.from(token).toString('hex'));
    expect(row?.text).not.toContain(Buffer.from(token, 'base64url').toString('hex'));
    expect(world.service.output()).not.toContain(token);
  });

  it.each([
    ['a wrong key', { key: 'crs_another-key-of-the-same-length-00' }],
    ['a code that was never given out', { code: 'x'.repeat(43) }],
  ])('is refused for %s', async (_, body) => {
    const answer = await post('/api/session', body);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null]);
  });

  it.each([
    ['neither', {}],
    ['both', { key: API_KEY, code: 'x' }],
  ])('takes a key or a code, not %s', async (_, body) => {
    expect((await post('/api/session', body)).status).toBe(400);
  });

  it('needs JSON, so that no form of another page can do it', async () => {
    const answer = await ask('/api/session', { method: 'POST', body: new URLSearchParams({ key: API_KEY }) });
    expect(answer.status).toBe(415);
  });
});

describe('the link that is printed at the start', () => {
  it('stands on a line of its own, before the ready line, with its code where no server sees it', () => {
    const lines = world.service.output().split('\n');
    const line = lines.findIndex((text) => text.startsWith('Sign in to the console'));
    expect(lines[line]).toMatch(new RegExp(` ${world.service.url}/sign-in#[\\w-]{43}$`));
    expect(lines.indexOf(`crm-sync is ready: ${world.service.url}`)).toBeGreaterThan(line);
  });

  const code = (): string => /\/sign-in#([\w-]{43})/.exec(world.service.output())?.[1] ?? '';
  const expires = (when: string): Promise<unknown> =>
    world.rows(`update sign_in_links set expires_at = clock_timestamp() + interval '${when}'`);

  it('is worth nothing when its hour is over', async () => {
    await expires('-1 second');
    expect((await post('/api/session', { code: code() })).status).toBe(401);
    await expires('1 hour');
  });

  it('signs in once', async () => {
    const first = await post('/api/session', { code: code() });
    expect(first.status).toBe(201);
    expect((await leads(cookieOf(first))).status).toBe(200);
    const second = await post('/api/session', { code: code() });
    expect([second.status, await codeOf(second)]).toEqual([401, 'sign-in-link-used-up']);
  });
});

describe('a session', () => {
  it('is told who it is; a key that is shown with each request has no end', async () => {
    const cookie = await signedIn();
    const own = (await (await ask('/api/session', { headers: { cookie } })).json()) as Session;
    expect(own).toEqual({ actor: 'key:admin', expiresAt: expect.stringMatching(/Z$/) });
    const { body } = await world.api<Session>('GET', '/api/session');
    expect(body).toEqual({ actor: 'key:admin', expiresAt: null });
  });

  it('ends when it is signed out, and only that one', async () => {
    const [cookie, other] = [await signedIn(), await signedIn()];
    const answer = await ask('/api/session', { method: 'DELETE', headers: { cookie } });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(/^crm_sync_session=; .*Expires=Thu, 01 Jan 1970/);
    expect([(await leads(cookie)).status, (await leads(other)).status]).toEqual([401, 200]);
  });

  it('ends by itself', async () => {
    const cookie = await signedIn();
    await world.rows(`update sessions set expires_at = clock_timestamp() - interval '1 second'`);
    expect((await leads(cookie)).status).toBe(401);
  });

  it.each([
    ['of somebody’s own making', `crm_sync_session=${'A'.repeat(43)}`],
    ['that is none', 'crm_sync_session=; crm_sync_session=x'],
    ['of another name', `session=${'A'.repeat(43)}`],
  ])('is not opened by a cookie %s', async (_, cookie) => {
    expect((await leads(cookie)).status).toBe(401);
  });

  it('does not make a wrong key good', async () => {
    const cookie = await signedIn();
    expect((await leads(cookie, { authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it('is no use to another page: what changes something has to come from our own', async () => {
    const cookie = await signedIn();
    const sweep = (headers: Record<string, string>): Promise<Response> =>
      post('/api/quarantine/replay', { code: 'email.missing' }, { cookie, ...headers });
    const { host } = new URL(world.service.url);
    const elsewhere = `http://${host.replace(/\d+$/, '1')}`;
    expect((await sweep({ origin: elsewhere })).status).toBe(403);
    expect((await sweep({ 'sec-fetch-site': 'same-site', origin: elsewhere })).status).toBe(403);
    expect((await sweep({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await sweep({ 'sec-fetch-site': 'same-origin', origin: world.service.url })).status).toBe(200);
    const out = await ask('/api/session', { method: 'DELETE', headers: { cookie, origin: elsewhere } });
    expect([out.status, (await leads(cookie)).status]).toEqual([403, 200]);
  });

  it('has idempotency keys like a program', async () => {
    const cookie = await signedIn();
    const again = (): Promise<Response> =>
      post('/api/quarantine/replay', { code: 'email.missing' }, { cookie, 'idempotency-key': 'the same' });
    const [first, second] = [await again(), await again()];
    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([200, null]);
    expect([second.status, second.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  });
});
