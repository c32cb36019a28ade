import { connect } from 'node:net';
import { gzipSync, brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { freshDatabase } from './database.ts';
import { CANARY, KEY, sendRaw, startEdgeApp } from './http-edge-app.ts';
import type { EdgeApp } from './http-edge-app.ts';

const ID = '0b8f6a52-6d0c-4a7e-9a39-3f6a1b1c9d10';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let edge: EdgeApp;
beforeAll(async () => {
  database = await freshDatabase();
  edge = await startEdgeApp(database.url);
});
afterAll(async () => {
  await edge.app.close();
  await database.drop();
});

type Sent = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

const send = (path: string, { headers, ...init }: Sent = {}): Promise<Response> =>
  fetch(edge.url + path, {
    redirect: 'manual',
    ...init,
    headers: { authorization: `Bearer ${KEY}`, ...headers },
  });

const post = (
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
  path = '/api/things',
): Promise<Response> =>
  send(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

const PROBLEM = z.looseObject({
  type: z.templateLiteral(['tag:crm-sync,2026:problems/', z.string()]),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  correlationId: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).default([]),
});

/** Reads a problem document, and holds it to what every one of them must be. */
const problemOf = async (answer: Response): Promise<z.infer<typeof PROBLEM>> => {
  const text = await answer.text();
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = PROBLEM.parse(JSON.parse(text));
  expect(problem.status).toBe(answer.status);
  expect(problem.correlationId).toBe(answer.headers.get('x-correlation-id'));
  expect(text).not.toContain('canary');
  return problem;
};

/** `400 invalid-request /name /count`: status, code and what was wrong. */
const refused = async (answer: Response): Promise<string> => {
  const { status, type, errors } = await problemOf(answer);
  const pointers = errors.map(({ pointer }) => pointer).toSorted();
  return [status, type.split('/').at(-1), ...pointers].join(' ');
};

describe('who may come in', () => {
  it.each([
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer crs_for-this-test-and-no-other-onf' }],
    ['an empty key', { authorization: 'Bearer ' }],
    ['the key in another scheme', { authorization: `Basic ${KEY}` }],
    ['the bare key', { authorization: KEY }],
  ])('is nobody with %s', async (_, headers) => {
    const answer = await fetch(`${edge.url}/api/things`, { headers });
    expect(await refused(answer)).toBe('401 unauthenticated');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('is told nothing by the answer: absent and wrong look alike', async () => {
    const [absent, wrong] = await Promise.all(
      [{}, { authorization: 'Bearer wrong' }].map(async (headers) => {
        const { correlationId: _, ...rest } = await problemOf(
          await fetch(`${edge.url}/api/things`, { headers }),
        );
        return rest;
      }),
    );
    expect(absent).toEqual(wrong);
  });

  it('is asked before a byte of the body is read', async () => {
    const answer = await fetch(`${edge.url}/api/things`, { method: 'POST', body: 'x'.repeat(1_000_000) });
    expect(answer.status).toBe(401);
  });

  it('is nobody by a key in the address', async () => {
    expect((await fetch(`${edge.url}/api/things?key=${KEY}`)).status).toBe(401);
    expect(await refused(await send(`/api/things?key=${KEY}`))).toBe('400 invalid-request ?key');
  });

  it('is anybody for health and documentation', async () => {
    for (const path of ['/health/live', '/health/ready', '/openapi.json', '/docs', '/docs/start.js']) {
      expect([path, (await fetch(edge.url + path)).status]).toEqual([path, 200]);
    }
  });

  it('is known to the route by name and correlation id', async () => {
    const answer = await post(
      '',
      { 'x-correlation-id': 'my.own_id-1' },
      `/api/things/${ID.toUpperCase()}/run`,
    );
    expect(answer.headers.get('x-correlation-id')).toBe('my.own_id-1');
    expect(await answer.json()).toEqual({
      id: ID,
      caller: { actor: 'key:admin', correlationId: 'my.own_id-1' },
    });
  });

  it.each(['a b', 'x'.repeat(101), '<script>', 'ä'])(
    'gets a new correlation id for a bad one: %s',
    async (bad) => {
      const answer = await send('/health/live', {
        headers: { 'x-correlation-id': Buffer.from(bad).toString('latin1') },
      });
      expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.test' },
    { origin: 'null' },
  ])('is no page of another site: %j', async (headers) => {
    expect(await refused(await post('{"name":"a"}', headers))).toBe('403 cross-site-request');
    expect((await send('/api/things', { headers })).status).toBe(200);
  });

  it('is a page of our own', async () => {
    for (const origin of [edge.url, 'https://crm.example.test']) {
      expect((await post('{"name":"a"}', { origin })).status).toBe(201);
    }
  });
});

describe('a body', () => {
  it('is taken as its DTO says', async () => {
    const thing = { name: 'Zoë 👋', count: 3, inner: { email: 'a' }, list: [{ email: 'b' }, { email: 'c' }] };
    const answer = await post(JSON.stringify(thing), { 'content-type': 'Application/JSON; charset="UTF-8"' });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject(thing);
  });

  it('may be compressed', async () => {
    const json = '{"name":"packed"}';
    expect((await post(gzipSync(json), { 'content-encoding': 'gzip' })).status).toBe(201);
    expect((await post(brotliCompressSync(json), { 'content-encoding': 'br' })).status).toBe(201);
    expect(await refused(await post(json, { 'content-encoding': 'gzip' }))).toBe('400 malformed-body');
    expect(await refused(await post(json, { 'content-encoding': 'zstd' }))).toBe(
      '415 unsupported-content-encoding',
    );
  });

  it.each([
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    'application/json5',
    'application/merge-patch+json',
    '',
  ])('is JSON and nothing else: %s', async (type) => {
    const answer = await post(Buffer.from('{"name":"a"}'), { 'content-type': type });
    expect(await refused(answer)).toBe('415 unsupported-media-type');
  });

  it.each([
    ['of 101 kB', Buffer.alloc(102_401, 32), {}],
    ['of 10 MB', Buffer.alloc(10_000_000, 32), {}],
    ['of 50 MB, packed', gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }],
  ])('is refused when it is one %s', async (_, body, headers) => {
    expect(await refused(await post(body, headers))).toBe('413 content-too-large');
  });

  it('is refused as soon as it is too large, when its length is not said', async () => {
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
    });
    const answer = await send('/api/things', {
      method: 'POST',
      body: endless,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    });
    expect(await refused(answer)).toBe('413 content-too-large');
  });

  it('may be larger where the route says so', async () => {
    const thing = JSON.stringify({
      name: 'big',
      list: Array.from({ length: 9_000 }, () => ({ email: 'a@b.test' })),
    });
    expect((await post(thing, {}, '/api/things/big')).status).toBe(201);
    expect(await refused(await post(thing))).toBe('413 content-too-large');
  });

  it('is refused by its depth, before it is parsed', async () => {
    const nested = (depth: number): string => `{"name":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(await refused(await post('['.repeat(5000)))).toBe('400 json-too-deep');
    expect(await refused(await post(nested(33)))).toBe('400 json-too-deep');
    expect(await refused(await post(nested(32)))).toBe('400 invalid-request /name');
  });

  it.each([
    ['{"name":"canary', 'malformed-json'],
    ['{"secret":"canary",}', 'malformed-json'],
    ['canary', 'malformed-json'],
    ["{'name':'canary'}", 'malformed-json'],
    ['{"name":"a"}{}', 'malformed-json'],
    ['{"name":NaN}', 'malformed-json'],
    ['[]', 'invalid-request '],
    ['null', 'invalid-request '],
    ['"canary"', 'invalid-request '],
    ['5', 'invalid-request '],
  ])('is not quoted when it is no JSON object: %s', async (body, code) => {
    expect(await refused(await post(body))).toBe(`400 ${code}`);
  });

  it.each([
    ['invalid UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')])],
    [
      'half a surrogate pair in UTF-8',
      Buffer.from([...Buffer.from('{"name":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
    ],
    ['UTF-16', Buffer.from('\ufeff{"name":"a"}', 'utf16le')],
  ])('is not %s', async (_, body) => {
    expect(await refused(await post(body))).toBe('400 malformed-body');
  });

  it('may begin with a byte order mark', async () => {
    expect((await post('\ufeff{"name":"a"}')).status).toBe(201);
  });

  it.each([
    [String.raw`{"name":"a\u0000b"}`, ['/name']],
    [String.raw`{"name":"a","inner":{"email":"\ud800"}}`, ['/inner/email']],
    [String.raw`{"name":"a","list":[{"email":"b"},{"email":"\udc00\ud800"}]}`, ['/list/1/email']],
    [String.raw`{"name":"a","x\u0000":1}`, ['/x\u{fffd}']],
    ['{"name":"a","__proto__":{"polluted":true}}', ['/__proto__']],
    [
      '{"name":"a","constructor":{"prototype":{"polluted":true}}}',
      ['/constructor', '/constructor/prototype'],
    ],
    ['{"name":"a","inner":{"email":"b","__proto__":{}}}', ['/inner/__proto__']],
    ['{"name":"a","count":1e400}', ['/count']],
    ['{"name":"a","hasOwnProperty":1,"toString":2}', ['/hasOwnProperty', '/toString']],
    ['{"name":"a","id":"canary","version":2}', ['/id', '/version']],
    ['{"name":{"$ne":null}}', ['/name']],
    ['{"name":["a"]}', ['/name']],
    ['{"name":""}', ['/name']],
    ['{"name":"a","count":"1"}', ['/count']],
    ['{"name":"a","count":1.5}', ['/count']],
    ['{"name":"a","inner":{}}', ['/inner/email']],
    ['{"name":"a","inner":"canary"}', ['/inner']],
    ['{"name":"a","inner":{"email":"b","role":"admin"}}', ['/inner/role']],
    ['{"name":"a","list":[{"email":"b"},{"email":5}]}', ['/list/1/email']],
    ['{"name":"a","list":{"0":{"email":"b"}}}', ['/list']],
    ['{"then":"canary"}', ['/name', '/then']],
    ['{}', ['/name']],
  ])('is refused by the names of its fields: %s', async (body, pointers) => {
    expect(await refused(await post(body))).toBe(['400 invalid-request', ...pointers].join(' '));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('counts the last of two equal keys', async () => {
    expect(await (await post('{"name":"first","name":"last"}')).json()).toMatchObject({ name: 'last' });
  });

  it('is missed where it is needed', async () => {
    for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
      const answer = await send('/api/things', { method: 'POST', headers });
      expect(await refused(answer)).toBe('400 invalid-request /name');
    }
  });

  it('is not missed where none is taken, and refused when there is something in it', async () => {
    expect((await post('', {}, `/api/things/${ID}/run`)).status).toBe(200);
    expect((await post('{}', {}, `/api/things/${ID}/run`)).status).toBe(200);
    const filled = await post('{"a/b":1}', {}, `/api/things/${ID}/run`);
    expect(await refused(filled)).toBe('400 invalid-request /a~1b');
    expect(await refused(await post('[]', {}, `/api/things/${ID}/run`))).toBe('400 invalid-request ');
  });

  it('that breaks off is nobody’s fault of ours', async () => {
    const socket = connect(edge.port, '127.0.0.1');
    const head = `POST /api/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEY}\r\nX-Correlation-Id: broken-off\r\n`;
    const line = edge.nextLine((entry) => entry.includes('broken-off'));
    socket.end(`${head}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{"na`);
    expect(JSON.parse(await line)).toMatchObject({ level: 30, msg: 'request aborted' });
  });

  it('of any form is answered by a 2xx or a problem document, never by a 5xx', async () => {
    const json = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc
        .jsonValue({ maxDepth: 4 })
        .map((value) => JSON.stringify({ name: value, inner: value, list: value, count: value })),
      fc
        .string({ unit: 'binary' })
        .map((name) => JSON.stringify({ name: `a${name}`.slice(0, 50), [name]: name })),
      fc.string({ unit: 'binary' }),
    );
    const body = fc.oneof(
      json.map((text) => Buffer.from(text)),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const answer = await post(bytes);
        expect(answer.status).toBeLessThan(500);
        if (answer.ok) await answer.arrayBuffer();
        else await problemOf(answer);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a query', () => {
  it('is taken as its DTO says', async () => {
    const answer = await send('/api/things?limit=7&search=J%C3%BCrgen&type=a&type=b');
    expect(await answer.json()).toEqual({
      data: [{ limit: 7, search: 'Jürgen', type: ['a', 'b'] }],
      page: { nextCursor: null, limit: 7 },
    });
    expect(await (await send('/api/things')).json()).toMatchObject({ page: { limit: 50 } });
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=1e2',
    'limit=0x10',
    'limit=1.0',
    'limit=%201',
    'limit=',
    'limit=١٢',
    'limit=1&limit=2',
    'limit[]=1',
    'limit=99999999999999999999',
    'limit=007',
  ])('has no such limit: %s', async (query) => {
    const pointer = query.startsWith('limit[') ? '?limit[]' : '?limit';
    expect(await refused(await send(`/api/things?${query}`))).toBe(`400 invalid-request ${pointer}`);
  });

  it.each([
    ['surprise=1', '?surprise'],
    ['a[b]=c', '?a[b]'],
    ['search[$ne]=canary', '?search[$ne]'],
    ['__proto__=1', '?__proto__'],
    ['search=%00', '?search'],
    ['search=%FFcanary', '?search'],
    ['search=', '?search'],
    [`search=${'x'.repeat(21)}`, '?search'],
  ])('is refused by the names of its parameters: %s', async (query, pointer) => {
    expect(await refused(await send(`/api/things?${query}`))).toBe(`400 invalid-request ${pointer}`);
  });

  it.each(['/api/things/at/1', `/api/things/${ID}`, '/health/live', '/docs', '/openapi.json'])(
    'is refused where none is taken: %s',
    async (path) => {
      expect(await refused(await send(`${path}?a=1`))).toBe('400 invalid-request ?a');
    },
  );

  it('of any form is answered by a 2xx or a problem document, never by a 5xx', async () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text.toWellFormed())),
      fc.string().map((text) => text.replaceAll(/[^\x21-\x7e]|#/g, '')),
      fc.constantFrom('limit', 'search', 'cursor', 'type', '%', '%00', '__proto__', 'toString', '[]'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(part, part), { maxLength: 5 }), async (pairs) => {
        const answer = await send(`/api/things?${pairs.map((pair) => pair.join('=')).join('&')}`);
        expect(answer.status).toBeLessThan(500);
        if (answer.ok) await answer.arrayBuffer();
        else await problemOf(answer);
      }),
      { numRuns: 200 },
    );
  });
});

describe('an address', () => {
  it.each([
    '0x10',
    '-0',
    '1e3',
    '%D9%A1%D9%A2',
    '99999999999999999999',
    '+1',
    '01',
    '1.0',
    '%00',
    'x'.repeat(300),
  ])('has no such position: %s', async (position) => {
    expect(await refused(await send(`/api/things/at/${position}`))).toBe('404 not-found');
  });

  it.each(['1', 'x'.repeat(36), `${ID}0`, `${ID}%00`, `{${ID}}`, ID.replaceAll('-', ''), "'%20or%201=1--"])(
    'has no such id: %s',
    async (id) => {
      expect(await refused(await send(`/api/things/${id}`))).toBe('404 not-found');
    },
  );

  it.each([
    '/nothing',
    '/.env',
    '/.git/config',
    '/api',
    '/docs/swagger-ui.js',
    '/docs/..%2fpackage.json',
    '/api/things/a/b/c',
  ])('that is none is told so in our own words: %s', async (path) => {
    const { detail, status, type } = await problemOf(await send(path));
    expect([status, type]).toEqual([404, 'tag:crm-sync,2026:problems/not-found']);
    expect(detail).not.toContain(path);
  });

  it('that is broken is a bad request', async () => {
    expect(await refused(await send('/api/things/%FF'))).toBe('400 bad-request');
    expect(await refused(await send('/nothing/%'))).toBe('400 bad-request');
  });

  it('is shown without its query, and fit to be shown anywhere', async () => {
    const { instance } = await problemOf(await send('/nothing/%3Cscript%3E|"?search=canary'));
    expect(instance).toMatch(/^\/nothing\/%3Cscript%3E/);
    expect(instance).toMatch(/^[A-Za-z0-9/%|]+$/);
  });

  it('tells which methods it takes', async () => {
    const answer = await send('/api/things', { method: 'DELETE' });
    expect(await refused(answer)).toBe('405 method-not-allowed');
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
    for (const method of ['PURGE', 'PUT', 'PATCH', 'PROPFIND']) {
      expect((await send(`/api/things/${ID}`, { method })).status).toBe(405);
    }
    const options = await fetch(`${edge.url}/api/things`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test' },
    });
    expect([
      options.status,
      options.headers.get('allow'),
      options.headers.get('access-control-allow-origin'),
    ]).toEqual([204, 'GET, HEAD, OPTIONS, POST', null]);
  });

  it('answers HEAD like GET, without the body', async () => {
    const head = await send('/api/things', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const missing = await send('/nothing', { method: 'HEAD' });
    expect([missing.status, await missing.text(), missing.headers.get('content-type')]).toEqual([
      404,
      '',
      'application/problem+json',
    ]);
  });
});

describe('what no client would send', () => {
  const request = (line: string, headers: string[] = ['Host: a']): string =>
    [line, ...headers, '', ''].join('\r\n');

  it.each([
    ['TRACE', request('TRACE /api/things HTTP/1.1'), 405],
    ['headers of 20 kB', request('GET / HTTP/1.1', ['Host: a', `X: ${'x'.repeat(20_000)}`]), 431],
    [
      '3000 headers',
      request('GET / HTTP/1.1', ['Host: a', ...Array.from({ length: 3000 }, (_, index) => `X${index}: y`)]),
      431,
    ],
    [
      'two lengths of the body',
      request('POST /api/things HTTP/1.1', ['Host: a', 'Content-Length: 5', 'Transfer-Encoding: chunked']),
      400,
    ],
    [
      'two different lengths',
      request('POST /api/things HTTP/1.1', ['Host: a', 'Content-Length: 5', 'Content-Length: 6']),
      400,
    ],
    ['no host', request('GET /health/live HTTP/1.1', []), 400],
    ['a whole address as its target', request('GET http://evil.test/api/things HTTP/1.1'), 400],
    ['a newline in a header', request('GET / HTTP/1.1', ['Host: a', 'X: a\nb']), 400],
    ['no HTTP at all', 'canary\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['an expectation', request('GET /health/live HTTP/1.1', ['Host: a', 'Expect: canary']), 417],
    ['a raw NUL in the path', request('GET /\0 HTTP/1.1'), 400],
    [
      'raw bytes in the query',
      request('GET /api/things?search=\xff HTTP/1.1', ['Host: a', `Authorization: Bearer ${KEY}`]),
      400,
    ],
  ])('is answered by a problem document: %s', async (_, bytes, status) => {
    const answer = await sendRaw(edge.port, bytes);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(JSON.parse(answer.body)).toMatchObject({ status, correlationId: expect.any(String) });
    expect(answer.body).not.toContain('canary');
  });
});

describe('every answer', () => {
  it.each(['/api/things', '/nothing', '/docs', '/health/live'])(
    'carries the headers that browsers need: %s',
    async (path) => {
      const { headers } = await send(path);
      const policy = headers.get('content-security-policy')?.split(';') ?? [];
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'self'",
          "object-src 'none'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ]),
      );
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000',
        'cache-control': 'no-store',
      });
      for (const absent of ['x-powered-by', 'etag', 'access-control-allow-origin', 'set-cookie']) {
        expect(headers.get(absent)).toBeNull();
      }
    },
  );

  it.each([
    ['/api/things/fail/any', 500, 'internal-error'],
    ['/api/things/fail/thrown', 500, 'internal-error'],
    ['/api/things/fail/sql', 500, 'internal-error'],
  ])('keeps our own failures to ourselves, and so does the log: %s', async (path, status, code) => {
    const answer = await send(path);
    const { correlationId, type } = await problemOf(answer);
    expect([answer.status, type]).toEqual([status, `tag:crm-sync,2026:problems/${code}`]);
    const lines = edge.lines.filter((line) => line.includes(correlationId));
    expect(lines).toEqual([
      expect.stringContaining('"msg":"request failed"'),
      expect.stringContaining(`"msg":"request"`),
    ]);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      method: 'GET',
      route: '/api/things/fail/:how',
      status,
    });
    expect(edge.lines.join('')).not.toContain(CANARY);
  });

  it('leaves one line in the log, without address, query, body or key', async () => {
    const before = edge.lines.length;
    await (await post('{"name":"canary"}', { 'x-correlation-id': 'one-line' })).text();
    await (await send(`/api/things/${ID}?search=canary`)).text();
    const lines = edge.lines.slice(before);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 30,
        time: expect.any(String),
        correlationId: 'one-line',
        method: 'POST',
        route: '/api/things',
        status: 201,
        ms: expect.any(Number),
        msg: 'request',
      },
      expect.objectContaining({ route: '/api/things/:id', status: 400 }),
    ]);
    expect(lines.join('')).not.toMatch(new RegExp(`canary|${KEY}|${ID}`));
  });
});

const OPERATION = z.looseObject({
  responses: z.record(z.string(), z.unknown()),
  security: z.unknown().optional(),
});
const DOCUMENT = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), OPERATION)) });

describe('the documentation', () => {
  it('describes the routes in OpenAPI 3.1, with their problems', async () => {
    const document = DOCUMENT.parse(await (await fetch(`${edge.url}/openapi.json`)).json());
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'crm-sync', version: expect.any(String) },
      servers: [{ url: 'https://crm.example.test' }],
      security: [{ key: [] }],
      components: {
        securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
        schemas: { Problem: expect.anything() },
      },
    });
    expect(Object.keys(document.paths).toSorted()).toEqual(
      expect.arrayContaining([
        '/api/things',
        '/api/things/{id}',
        '/docs',
        '/health/live',
        '/health/ready',
        '/openapi.json',
      ]),
    );
    expect(Object.keys(document.paths['/api/things']?.['post']?.responses ?? {})).toEqual(
      expect.arrayContaining([
        '201',
        '400',
        '401',
        '403',
        '409',
        '413',
        '415',
        '422',
        '500',
        '503',
        'default',
      ]),
    );
    expect(document.paths['/health/live']?.['get']?.security).toEqual([]);
    expect(document.paths['/api/things']?.['get']?.security).toBeUndefined();
  });

  it('is a page that works under our own Content-Security-Policy', async () => {
    const page = await fetch(`${edge.url}/docs`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const html = await page.text();
    expect(html).not.toMatch(/<script>|<style|style=|onload=/);
    const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => reference);
    expect(references).toHaveLength(4);
    for (const reference of references) {
      const file = await fetch(new URL(reference, `${edge.url}/docs`));
      expect([reference, file.status]).toEqual([reference, 200]);
      expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100);
    }
  });
});

describe('without a database', () => {
  beforeAll(() => database.drop());

  it('we are alive, not ready, and say when to come back', async () => {
    expect((await send('/health/live')).status).toBe(200);
    for (const path of ['/health/ready', '/api/things/fail/sql']) {
      const answer = await send(path);
      expect(await refused(answer)).toBe('503 database-unavailable');
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect(edge.lines.join('')).not.toContain(CANARY);
  });
});
