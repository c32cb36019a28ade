import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Operation } from './openapi.ts';
import { API_KEY, ended, environmentOf, ready, startProgram, startService } from './service.ts';
import type { Program, Service } from './service.ts';
import { freshDatabase } from './shared/database.ts';

/** Nobody listens there: no test here has anything to ask a CRM. */
const NO_CRM = 'http://127.0.0.1:9';
const ID = '0b8f6a52-6d0c-4a7e-9a39-3f6a1b1c9d10';
/** The routes that need no key: the whole list. */
const PUBLIC = [
  'delete /api/session',
  'get /docs',
  'get /health/live',
  'get /health/ready',
  'get /openapi.json',
  'post /api/session',
  'post /hooks/simplybook/{connectionId}/{token}',
];

let database: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

describe('the program', () => {
  const running: Program[] = [];
  afterEach(async () => {
    for (const program of running.splice(0)) {
      program.kill('SIGKILL');
      await ended(program);
    }
  });

  const start = (environment: Record<string, string> = {}): ReturnType<typeof startProgram> => {
    const started = startProgram(environmentOf({ databaseUrl: database.url, restUrl: NO_CRM, environment }));
    running.push(started.program);
    return started;
  };

  it('is ready when it says so, and ends with 0 when it is told to', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { program, output } = start();
      const url = await ready(program, output);
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      program.kill(signal);
      expect(await ended(program)).toBe(0);
      expect(output().match(/^crm-sync is ready: http:\/\/127\.0\.0\.1:\d+$/gm)).toHaveLength(1);
      await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    }
  });

  it('answers what it is in the midst of before it ends, however often it is told to', async () => {
    const { program, output } = start();
    const { port } = new URL(await ready(program, output));
    const socket = await opened(Number(port));
    const head = `POST /api/connections HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${API_KEY}\r\n`;
    socket.write(
      `${head}Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`,
    );
    expect(String(await once(socket, 'data'))).toContain('100 Continue');
    program.kill('SIGTERM');
    await untilRefused(Number(port));
    program.kill('SIGINT');
    socket.write('{}');
    expect(String(await once(socket, 'data'))).toContain('HTTP/1.1 400 Bad Request');
    expect(await ended(program)).toBe(0);
  });

  it('does not start when its port is taken, and says so at once', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { program, output } = start({ PORT: String((other.address() as AddressInfo).port) });
    expect(await ended(program)).toBe(1);
    expect(output()).toMatch(/^crm-sync cannot start: PORT is taken: [^\n]+\n$/);
    other.close();
  });

  it.each([
    ['PORT', 'canary'],
    ['PORT', '65536'],
    ['HOST', 'canary.invalid'],
    ['HOST', 'http://canary'],
    ['DATABASE_URL', 'mysql://canary@127.0.0.1/canary'],
    ['DATABASE_URL', 'postgres://canary:canary@127.0.0.1:9/canary'],
    ['CRM_SYNC_API_KEY', 'canary'],
    ['CRM_SYNC_ENCRYPTION_KEYS', 'canary'],
    ['SIMPLYBOOK_REST_URL', 'http://canary.example.test'],
    ['SIMPLYBOOK_MAX_REQUESTS_PER_SECOND', 'canary'],
    ['CRM_SYNC_PUBLIC_URL', 'ftp://canary.example.test'],
    ['LOG_LEVEL', 'canary'],
  ])('does not start with a %s that makes no sense, and does not repeat it: %s', async (variable, value) => {
    const { program, output } = start({ [variable]: value });
    expect(await ended(program)).toBe(1);
    expect(output()).toMatch(new RegExp(`^crm-sync cannot start: ${variable} [^\\n]+\\n$`));
    expect(output()).not.toContain('canary');
  });

  it('makes its first key, shows it once and keeps it', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'crm-sync-edge-'));
    const keys: string[][] = [];
    for (let times = 0; times < 2; times += 1) {
      const { program, output } = start({ CRM_SYNC_API_KEY: '', CRM_SYNC_DATA_DIR: dataDir });
      const url = await ready(program, output);
      keys.push(output().match(/crs_[A-Za-z0-9]+/g) ?? []);
      const headers = { authorization: `Bearer ${keys[0]?.[0]}` };
      expect((await fetch(`${url}/api/connections`, { headers })).status).toBe(200);
      program.kill('SIGTERM');
      await ended(program);
    }
    expect(keys).toEqual([[expect.any(String)], []]);
    await rm(dataDir, { recursive: true });
  });
});

const opened = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

const untilRefused = async (port: number): Promise<void> => {
  for (;;) {
    try {
      (await opened(port)).destroy();
    } catch {
      return;
    }
  }
};

describe('every route of the OpenAPI document', () => {
  let service: Service;
  let operations: { name: string; method: string; pattern: string; operation: Operation }[];
  beforeAll(async () => {
    service = await startService({
      databaseUrl: database.url,
      restUrl: NO_CRM,
      secrets: ['canary', API_KEY],
    });
    operations = Object.entries(service.document.paths).flatMap(([pattern, byMethod]) =>
      Object.entries(byMethod).map(([method, operation]) => ({
        name: `${method} ${pattern}`,
        // fetch writes every method in capitals but this one.
        method: method === 'patch' ? 'PATCH' : method,
        pattern,
        operation,
      })),
    );
  });
  afterAll(() => service.stop());

  const at = (pattern: string, id = ID): string => pattern.replace('{id}', id).replace('{position}', '1');

  it('needs a key, but for those that everybody may see', async () => {
    const open: string[] = [];
    for (const { name, method, pattern } of operations) {
      const answer = await fetch(service.url + at(pattern), { method });
      // Unread, it would keep its connection until it is collected as garbage.
      await answer.text();
      if (answer.status === 401) {
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
      } else open.push(name);
    }
    expect(open.toSorted()).toEqual(PUBLIC);
    const said = operations
      .filter(({ operation }) => operation.security?.length === 0)
      .map(({ name }) => name);
    expect(said.toSorted()).toEqual(PUBLIC);
  });

  it('takes no method that it does not tell', async () => {
    for (const pattern of Object.keys(service.document.paths)) {
      const told = Object.keys(service.document.paths[pattern] ?? {});
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE']) {
        if (told.includes(method.toLowerCase())) continue;
        const { status, headers } = await service.api(method, at(pattern));
        expect([method, pattern, status]).toEqual([method, pattern, 405]);
        for (const allowed of told) expect(headers.get('allow')).toContain(allowed.toUpperCase());
      }
    }
  });

  it('answers HEAD where it answers GET, and leaves the connection free for the next request', async () => {
    const head = `Host: a\r\nAuthorization: Bearer ${API_KEY}\r\n`;
    for (const { pattern } of operations.filter(({ method }) => method === 'get')) {
      const socket = await opened(Number(new URL(service.url).port));
      socket.write(`HEAD ${at(pattern)} HTTP/1.1\r\n${head}\r\n`);
      socket.write(`GET /health/live HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
      const statuses = [...(await text(socket)).matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
      expect([pattern, statuses]).toEqual([pattern, [pattern.includes('{') ? '404' : '200', '200']]);
    }
  });

  /** What is refused alike on every route of a sort: where the document tells it, it can happen. */
  it('refuses what it says it refuses', async () => {
    const json = { 'content-type': 'application/json' };
    const provoked: Record<string, (method: string, path: string) => Promise<number>> = {
      400: async (method, path) => (await service.api(method, `${path}?surprise=1`)).status,
      401: async (method, path) =>
        (await service.api(method, path, undefined, { authorization: 'x' })).status,
      403: async (method, path) =>
        (await service.api(method, path, undefined, { origin: 'https://evil.test' })).status,
      413: async (method, path) => (await service.api(method, path, ' '.repeat(2_000_000), json)).status,
      415: async (method, path) =>
        (await service.api(method, path, '{}', { 'content-type': 'text/plain' })).status,
      // The second request with the key is another one; only POST takes keys, the others have reasons of their own.
      422: async (method, path) => {
        const headers = { ...json, 'idempotency-key': randomUUID() };
        await service.api(method, path, '{}', headers);
        return method === 'post' ? (await service.api(method, path, '{ }', headers)).status : 422;
      },
    };
    // The address of a webhook tells whoever does not know its token nothing but that, and a session is nobody's yet.
    const strange = /^\/hooks\/|^\/api\/session$/;
    const missing: string[] = [];
    for (const { method, pattern, operation } of operations.filter(({ pattern }) => !strange.test(pattern))) {
      for (const told of Object.keys(operation.responses).filter((status) => status in provoked)) {
        const answered = await provoked[told]!(method, at(pattern));
        if (answered !== Number(told)) missing.push(`${method} ${pattern} ${told}: ${answered}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('has nothing at an address that is none', async () => {
    for (const { method, pattern } of operations.filter(({ pattern }) => pattern.includes('{'))) {
      for (const id of ['0x10', '1e3', '%00', "'", '%D9%A1', '9'.repeat(20), 'x'.repeat(300), `${ID}%00`]) {
        const path = pattern.replace(/\{[a-z]+\}/i, id);
        expect([method, path, (await service.api(method, path)).status]).toEqual([method, path, 404]);
      }
    }
  });

  it('refuses a query it does not know, by name', async () => {
    // Whoever does not know a webhook's token is told nothing else.
    for (const { method, pattern } of operations.filter(({ pattern }) => !pattern.startsWith('/hooks/'))) {
      for (const [query, pointer] of [
        ['surprise=canary', '?surprise'],
        ['a[b]=canary', '?a[b]'],
        ['__proto__=canary', '?__proto__'],
        ['limit=1&limit=2', '?limit'],
        ['cursor=%00', '?cursor'],
      ]) {
        const { status, body } = await service.api<{ errors: { pointer: string }[] }>(
          method,
          `${at(pattern)}?${query}`,
        );
        expect([pattern, query, status]).toEqual([pattern, query, 400]);
        expect(body.errors[0]?.pointer).toBe(pointer);
      }
    }
  });

  it('survives any query', async () => {
    const lists = operations.filter(({ operation }) =>
      operation.parameters?.some((parameter) => parameter.in === 'query'),
    );
    const query = fc.constantFrom(...lists).chain(({ pattern, operation }) => {
      const names = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'query')
        .map(({ name }) => name);
      const value = fc.oneof(
        fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text.toWellFormed())),
        fc.constantFrom(
          '',
          '0',
          '-1',
          '1e9',
          '9'.repeat(20),
          '%',
          '%00',
          '*',
          'lead-*',
          '2026-13-45T99:99:99Z',
          ID,
        ),
        fc.json().map((json) => Buffer.from(json).toString('base64url')),
      );
      return fc
        .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 3 })
        .map((pairs) => `${at(pattern)}?${pairs.map((pair) => pair.join('=')).join('&')}`);
    });
    await fc.assert(
      fc.asyncProperty(query, async (path) => {
        expect([200, 400, 404]).toContain((await service.api('GET', path)).status);
      }),
      { numRuns: 300 },
    );
  });

  it('survives any body', async () => {
    const writing = operations.filter(({ method }) => method !== 'get');
    const text = fc.string({ unit: 'binary' });
    const body = fc.oneof(
      fc.json(),
      text,
      fc
        .jsonValue()
        .map((value) => JSON.stringify({ provider: value, company: value, login: value, secret: value })),
      fc.dictionary(text, text).map((extra) => JSON.stringify({ provider: 'simplybook', ...extra })),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...writing), body, async ({ method, pattern }, sent) => {
        const { status } = await service.api(method, at(pattern), sent);
        // Signing out needs nothing, so that no body is a good one.
        const signsOut = method === 'delete' && pattern === '/api/session';
        expect([400, 404, 413, ...(signsOut ? [204] : [])]).toContain(status);
      }),
      { numRuns: 200 },
    );
  });

  it('writes nothing of what it was sent into its log', async () => {
    await service.api('POST', '/api/connections', '{"secret":"canary');
    await service.api('GET', '/api/leads?search=canary');
    await fetch(`${service.url}/api/leads`, {
      headers: { authorization: 'Bearer canary', 'x-canary': 'canary' },
    });
    expect(service.output()).toContain('"route":"/api/leads"');
    expect(service.output()).not.toMatch(/canary/);
    expect(service.output()).not.toContain(API_KEY);
  });
});

describe('connecting a company', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ databaseUrl: database.url, restUrl: NO_CRM, secrets: ['canary'] });
  });
  afterAll(() => service.stop());

  const GOOD = { provider: 'simplybook', company: 'acmestudio', login: 'ada', secret: 's' };

  it.each([
    [String.raw`{"provider":"simplybook","company":"acme","login":"a\u0000b","secret":"canary"}`, ['/login']],
    [String.raw`{"provider":"simplybook","company":"acme","login":"a","secret":"\ud800canary"}`, ['/secret']],
    [
      `{"provider":"simplybook","company":"acme","login":"a","secret":"canary","__proto__":{}}`,
      ['/__proto__'],
    ],
    [JSON.stringify({ ...GOOD, id: ID, version: 3, status: 'canary' }), ['/id', '/status', '/version']],
    [JSON.stringify({ ...GOOD, secret: { $ne: null } }), ['/secret']],
    [JSON.stringify({ ...GOOD, login: ['canary'] }), ['/login']],
    [JSON.stringify({ ...GOOD, login: 'x'.repeat(100_000) }), ['/login']],
    [JSON.stringify({ ...GOOD, provider: 'canary' }), ['/provider']],
    [JSON.stringify({ ...GOOD, company: '../canary' }), ['/company']],
    ['{}', ['/company', '/login', '/provider', '/secret']],
  ])('names the fields that are wrong: %#', async (body, pointers) => {
    const answer = await service.api<{ errors: { pointer: string }[] }>('POST', '/api/connections', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ pointer }) => pointer).toSorted()).toEqual(pointers);
  });

  it.each([
    ['['.repeat(5000), 400, 'json-too-deep'],
    ['{"secret":"canary"', 400, 'malformed-json'],
    ['', 400, 'invalid-request'],
    ['"canary"', 400, 'invalid-request'],
    [' '.repeat(102_401), 413, 'content-too-large'],
  ])('quotes nothing of a body it cannot read: %#', async (body, status, code) => {
    const answer = await service.api('POST', '/api/connections', body);
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  it('takes JSON only', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=a',
    ]) {
      const answer = await service.api('POST', '/api/connections', JSON.stringify(GOOD), {
        'content-type': type,
      });
      expect([answer.status, answer.code]).toEqual([415, 'unsupported-media-type']);
    }
  });

  it('is not done for a page of another site', async () => {
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await service.api('POST', '/api/connections', GOOD, headers);
      expect([answer.status, answer.code]).toEqual([403, 'cross-site-request']);
    }
  });
});
