import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startWorld, type World } from '../world.ts';

const ASSETS = readdirSync(join(import.meta.dirname, '..', '..', 'dist', 'web', 'assets'));

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${world.service.url}${path}`, init);

describe('the console', () => {
  it.each(['/', '/sign-in', '/leads', '/runs/6f1f9f0e-0000-4000-8000-000000000000', '/settings/connect'])(
    'is the same page at %s, for anybody, never kept by a cache',
    async (path) => {
      const answer = await ask(path);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await answer.text()).toContain('<div id="root"></div>');
    },
  );

  it('allows its page what is its own and nothing inline, but styles by a nonce that is never used twice', async () => {
    const [one, other] = [await ask('/'), await ask('/')];
    const policy = one.headers.get('content-security-policy') ?? '';
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    expect(Buffer.from(nonce, 'base64')).toHaveLength(16);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(policy.split(';')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'"]),
    );
    const html = await one.text();
    expect(html).toContain(`nonce="${nonce}"`);
    expect(html).not.toContain('CSP_NONCE');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|https?:\/\//);
    expect(other.headers.get('content-security-policy')).not.toBe(policy);
  });

  it.each(ASSETS.filter((name) => /\.(js|css|woff2)$/.test(name)).slice(0, 8))(
    'sends %s to be kept for ever, its name changes with its content',
    async (name) => {
      const answer = await ask(`/assets/${name}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    },
  );

  it('compresses for whoever understands it', async () => {
    const name = ASSETS.find((file) => file.endsWith('.css'));
    const plain = await ask(`/assets/${name}`, { headers: { 'accept-encoding': 'identity' } });
    const small = await ask(`/assets/${name}`, { headers: { 'accept-encoding': 'gzip' } });
    expect([plain.headers.get('content-encoding'), small.headers.get('content-encoding')]).toEqual([
      null,
      'gzip',
    ]);
    expect(await small.text()).toBe(await plain.text());
  });

  it.each([
    '/assets/nothing.js',
    '/assets/..%2Findex.html',
    '/assets/%2e%2e%2f%2e%2e%2fmain.js',
    '/assets/..%5c..%5cmain.js',
    '/index.html',
    '/nowhere',
    '/api/nowhere',
    '/api/leads/nowhere/deeper',
  ])('has nothing at %s, and says so as a problem', async (path) => {
    const answer = await ask(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  });

  const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

  it.each(['/nowhere', '/leads/6f1f9f0e-0000-4000-8000-000000000000/deeper', '/index.html', '/apiary'])(
    'tells whoever opens %s in a browser that there is nothing, by its own page',
    async (path) => {
      const answer = await ask(path, { headers: BROWSER });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*'nonce-/);
      expect(await answer.text()).toContain('<div id="root"></div>');
    },
  );

  it.each([
    ['/api/nowhere', BROWSER],
    ['/api/leads/6f1f9f0e-0000-4000-8000-000000000000/deeper', BROWSER],
    ['/health/nowhere', BROWSER],
    ['/assets/nothing.js', BROWSER],
    ['/nowhere', { accept: 'application/json' }],
    ['/nowhere', { accept: 'application/json, text/html;q=0' }],
    ['/nowhere', { accept: '*/*' }],
  ])('tells a program at %s so as a problem, asked with %j', async (path, headers) => {
    const answer = await ask(path, { headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  });

  it('shows no page for a change to an address that is none', async () => {
    const answer = await ask('/nowhere', { method: 'POST', headers: BROWSER });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  });

  it('takes no change: another method is refused', async () => {
    expect((await ask('/leads', { method: 'POST' })).status).toBe(405);
  });
});
