import { isDeepStrictEqual as isEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Problem } from './contract.ts';
import type { Operation } from './openapi.ts';
import type { Answer } from './service.ts';
import { startWorld, type World } from './world.ts';

/** Stands in every value that is sent, and must stand in no answer. */
const CANARY = 'canary-8f3b';

let world: World;
let company: Company;
let connection: Connection;

beforeAll(async () => {
  world = await startWorld();
  ({ company, connection } = await world.connected({ clients: 3 }));
  await world.sync(connection);
  company.requests.clear();
});
afterAll(() => world.stop());

const send = async (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Answer<Problem>> => {
  const answer = await world.api<Problem>(method, path, body, headers);
  expect(answer.status).toBeLessThan(500);
  expect(answer.text).not.toContain(CANARY);
  return answer;
};

/** `400 invalid-request /name`: the status, what kind of refusal, and the fields it names. */
const told = ({ status, code, body }: Answer<Problem>): string =>
  [status, code, ...(body.errors ?? []).map(({ pointer }) => pointer)].join(' ');

type Route = { method: string; pattern: string; path: string; operation: Operation };

/** Addresses for webhooks answer 404 to whoever does not know them, whatever is sent: webhooks.e2e.spec has them. */
const isForCallers = ([pattern]: [string, unknown]): boolean => !pattern.startsWith('/hooks/');

/** Every route of the document, with ids that exist in its path. */
const routes = (): Route[] =>
  Object.entries(world.service.document.paths)
    .filter(isForCallers)
    .flatMap(([pattern, operations]) =>
      Object.entries(operations).map(([method, operation]) => {
        const path = pattern.replace('{id}', connection.id).replace('{position}', '1');
        return { method: method.toUpperCase(), pattern, path, operation };
      }),
    );

const withQuery = (): Route[] =>
  routes().filter(({ operation }) => operation.parameters?.some((parameter) => parameter.in === 'query'));
const withId = (): Route[] => routes().filter(({ pattern }) => pattern.includes('{'));
const changing = (): Route[] => routes().filter(({ method }) => method !== 'GET');

/** The routes that take a body, each with one that would do. */
const bodies = (): { method: string; path: string; good: Record<string, unknown> }[] => {
  const { company: name, login, apiUserKey } = company.account;
  return [
    {
      method: 'POST',
      path: '/api/connections',
      good: { provider: 'simplybook', company: name, login, secret: apiUserKey },
    },
    { method: 'PATCH', path: `/api/connections/${connection.id}`, good: {} },
    { method: 'PUT', path: `/api/connections/${connection.id}/credentials`, good: { secret: apiUserKey } },
    ...['merge', 'split'].map((verb) => ({
      method: 'POST',
      path: `/api/leads/${connection.id}/${verb}`,
      good: { leadId: connection.id },
    })),
    ...['replay', 'dismiss'].map((verb) => ({ method: 'POST', path: `/api/quarantine/${verb}`, good: {} })),
    { method: 'POST', path: `/api/quarantine/${connection.id}/replay`, good: {} },
  ];
};

/** What is wrong inside the fields that take an object when they are given one with a member that nobody knows. */
const INSIDE: Record<string, string[]> = { fix: ['/$ne'], schedule: ['/$ne', '/cron'] };

/** The fields of the body that the route takes, as the document has them. */
const fieldsOf = (method: string, path: string): string[] => {
  const { components, paths } = world.service.document;
  const pattern = routes().find((route) => route.method === method && route.path === path)?.pattern ?? '';
  const body = paths[pattern]?.[method.toLowerCase()]?.requestBody?.content?.['application/json'];
  const name = body?.schema?.$ref?.replace('#/components/schemas/', '') ?? '';
  return Object.keys(components.schemas[name]?.properties ?? {});
};

describe('without a valid key', () => {
  it('every route but health and documentation is 401, whatever else is wrong', async () => {
    for (const { method, path, operation } of routes()) {
      const isOpen = operation.security?.length === 0;
      const { status } = await world.api(method, `${path}?x=1`, undefined, {
        authorization: `Bearer ${CANARY}`,
      });
      expect([method, path, status]).toEqual([method, path, isOpen ? 400 : 401]);
    }
  });
});

describe('an id in the address that is none', () => {
  it.each([
    '1',
    '0',
    '-1',
    '0x10',
    '1e3',
    '99999999999999999999',
    '%D9%A1%D9%A2',
    'null',
    'undefined',
    'x'.repeat(300),
    '0b8f6a52-6d0c-4a7e-9a39-3f6a1b1c9d1',
    '0b8f6a52-6d0c-4a7e-9a39-3f6a1b1c9d10%00',
    '%7B%22$ne%22%3Anull%7D',
    "'%20or%201=1--",
    '..%2f..%2fetc%2fpasswd',
    '%E0%A4%A',
    '%00',
    '%ED%A0%80',
  ])('is 404 or 400 on every route: %s', async (id) => {
    for (const { method, pattern } of withId()) {
      const path = pattern.replace(/\{\w+\}/, id);
      const isPosition = pattern.includes('{position}') && /^[01]$/.test(id);
      if (isPosition) continue;
      const { status } = await send(method, path);
      expect([method, path, [400, 404].includes(status)]).toEqual([method, path, true]);
    }
  });
});

describe('a query that cannot be meant', () => {
  it.each([
    ['limit=0', '?limit'],
    ['limit=-1', '?limit'],
    ['limit=201', '?limit'],
    ['limit=1000000000', '?limit'],
    ['limit=1.5', '?limit'],
    ['limit=1e2', '?limit'],
    ['limit=0x10', '?limit'],
    ['limit=%2B5', '?limit'],
    ['limit=', '?limit'],
    ['limit=canary-8f3b', '?limit'],
    ['limit=%D9%A1', '?limit'],
    ['limit=1&limit=2', '?limit'],
    ['limit[]=1', '?limit[]'],
    ['limit[$gt]=1', '?limit[$gt]'],
    ['cursor=', '?cursor'],
    ['cursor=canary-8f3b', '?cursor'],
    [`cursor=${Buffer.from('["leads:-createdAt"]').toString('base64url')}`, '?cursor'],
    [`cursor=${Buffer.from('{"__proto__":1}').toString('base64url')}`, '?cursor'],
    [`cursor=${Buffer.from('[[[[[[[[').toString('base64url')}`, '?cursor'],
    [`cursor=${'A'.repeat(5000)}`, '?cursor'],
    ['cursor=%00', '?cursor'],
    ['nobody=canary-8f3b', '?nobody'],
    ['__proto__=1', '?__proto__'],
    ['constructor=1', '?constructor'],
    ['a[b]=c', '?a[b]'],
    ['limit=5&nobody', '?nobody'],
    ['%00=1', undefined],
    ['%FF=1', undefined],
    ['limit=%FF', '?limit'],
    ['limit=%ED%A0%80', '?limit'],
  ])('is 400 on every list and names what is wrong: ?%s', async (query, pointer) => {
    for (const { path } of withQuery()) {
      const { status, body } = await send('GET', `${path}?${query}`);
      expect([path, status]).toEqual([path, 400]);
      if (pointer !== undefined) expect(body.errors?.map((error) => error.pointer)).toContain(pointer);
    }
  });

  it.each([
    ['/api/leads', 'sort=canary-8f3b', '?sort'],
    ['/api/leads', 'sort=name%3Bdrop%20table%20leads', '?sort'],
    ['/api/leads', 'status=canary-8f3b', '?status'],
    ['/api/leads', 'source=canary-8f3b', '?source'],
    ['/api/leads', 'search=', '?search'],
    ['/api/leads', `search=${'x'.repeat(201)}`, '?search'],
    ['/api/leads', 'search=%00', '?search'],
    ['/api/leads', 'search=a&search=b', '?search'],
    ['/api/runs', 'connectionId=canary-8f3b', '?connectionId'],
    ['/api/runs', 'status=canary-8f3b', '?status'],
    ['/api/quarantine', 'connectionId=1', '?connectionId'],
    ['/api/quarantine', 'code=canary-8f3b!', '?code'],
    ['/api/quarantine', 'kind=canary-8f3b', '?kind'],
    ['/api/quarantine', 'status=canary-8f3b', '?status'],
    ['/api/events', 'after=-1', '?after'],
    ['/api/events', 'after=1e400', '?after'],
    ['/api/events', 'before=99999999999999999999', '?before'],
    ['/api/events', 'order=up', '?order'],
    ['/api/events', 'stream=canary-8f3b%20*', '?stream'],
    ['/api/events', 'stream=a*b', '?stream'],
    ['/api/events', 'type=canary-8f3b!', '?type'],
    ['/api/events', 'type=', '?type'],
    ['/api/events', 'since=yesterday', '?since'],
    ['/api/events', 'since=2026-02-30T00:00:00Z', '?since'],
    ['/api/events', 'since=2026-11-22', '?since'],
    ['/api/events', 'until=2026-11-22T15:30:00', '?until'],
    ['/api/events', 'until=%2B275760-09-13T00:00:00Z', '?until'],
    ['/api/events', `correlationId=${'x'.repeat(201)}`, '?correlationId'],
    ['/api/events', 'runId=', '?runId'],
    ['/api/events', 'actor=%00', '?actor'],
  ])('is 400 for %s?%s', async (path, query, pointer) => {
    expect(told(await send('GET', `${path}?${query}`))).toBe(`400 invalid-request ${pointer}`);
  });

  it('is 400 on every route that takes none', async () => {
    const without = routes().filter(
      (route) => !withQuery().some(({ path, method }) => path === route.path && method === route.method),
    );
    for (const { method, path } of without) {
      const answer = await send(method, `${path}?nobody=${CANARY}`);
      expect([method, path, told(answer)]).toEqual([method, path, '400 invalid-request ?nobody']);
    }
  });
});

describe('a body that cannot be taken', () => {
  it.each<[string, string | Uint8Array<ArrayBuffer>, string]>([
    ['no JSON at all', CANARY, '400 malformed-json'],
    ['half a JSON', `{"secret":"${CANARY}"`, '400 malformed-json'],
    ['two JSON texts', '{}{}', '400 malformed-json'],
    ['a list', `["${CANARY}"]`, '400 invalid-request '],
    ['a text', `"${CANARY}"`, '400 invalid-request '],
    ['null', 'null', '400 invalid-request '],
    ['a number', '1e400', '400 invalid-request '],
    ['5,000 levels', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, '400 json-too-deep'],
    [
      'bytes that are no UTF-8',
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      '400 malformed-body',
    ],
    ['200 kB', JSON.stringify({ secret: CANARY.repeat(20_000) }), '413 content-too-large'],
  ])('is refused on every route that changes something: %s', async (_, body, expected) => {
    for (const { method, path } of changing()) {
      expect([method, path, told(await send(method, path, body))]).toEqual([method, path, expected]);
    }
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'multipart/form-data; boundary=x',
    '',
  ])('is 415 as %j', async (type) => {
    for (const { method, path } of changing()) {
      const { status, headers } = await send(method, path, Buffer.from(`{"secret":"${CANARY}"}`), {
        'content-type': type,
      });
      expect([method, path, status, headers.get('accept')]).toEqual([method, path, 415, 'application/json']);
    }
  });

  it('is refused where none is taken', async () => {
    const takers = new Set(bodies().map(({ method, path }) => `${method} ${path}`));
    for (const { method, path } of changing().filter((one) => !takers.has(`${one.method} ${one.path}`))) {
      const answer = await send(method, path, { force: CANARY });
      expect([method, path, told(answer)]).toEqual([method, path, '400 invalid-request /force']);
    }
  });

  it.each<[string, unknown]>([
    ['a number', 5],
    ['true', true],
    ['a list', [CANARY]],
    ['an object', { $ne: null }],
    ['an empty text', ''],
    ['10,000 characters', CANARY.repeat(1000)],
    ['U+0000', `${CANARY}\0`],
    ['half a character', `${CANARY}\ud83d`],
  ])('is 400 and names the field, for each field that holds %s', async (_, value) => {
    for (const { method, path, good } of bodies()) {
      for (const field of fieldsOf(method, path)) {
        if (field === 'clientFields' && value === true) continue;
        const answer = await send(method, path, { ...good, [field]: value });
        const pointers = isEqual(value, { $ne: null }) ? (INSIDE[field] ?? ['']) : [''];
        const named = pointers.map((member) => ` /${field}${member}`).join('');
        expect([field, told(answer)]).toEqual([field, `400 ${answer.code}${named}`]);
        expect(['invalid-request', 'crm-domain-unknown']).toContain(answer.code);
      }
    }
  });

  it('is 400 and names each field that is missing', async () => {
    expect(told(await send('POST', '/api/connections', {}))).toBe(
      '400 invalid-request /provider /company /login /secret',
    );
    for (const { method, path, good } of bodies()) {
      for (const field of Object.keys(good)) {
        const { [field]: _, ...rest } = good;
        expect(told(await send(method, path, rest))).toBe(`400 invalid-request /${field}`);
        expect(told(await send(method, path, { ...rest, [field]: null }))).toBe(
          `400 invalid-request /${field}`,
        );
      }
    }
  });

  it.each(['nobody', '__proto__', 'constructor', 'toString', 'Secret', 'a/b~c', 'status', 'id'])(
    'is 400 and names a field that nobody knows: %s',
    async (field) => {
      const pointer = `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      for (const { method, path, good } of bodies()) {
        const text = JSON.stringify(good).replace(
          /,?\}$/,
          `${Object.keys(good).length > 0 ? ',' : ''}${JSON.stringify(field)}:"${CANARY}"}`,
        );
        expect(told(await send(method, path, text))).toBe(`400 invalid-request ${pointer}`);
      }
    },
  );

  it.each([
    ['company', 'acme.studio'],
    ['company', 'acme/studio'],
    ['company', '-acme'],
    ['company', 'studio\r\nX-Evil: 1'],
    ['company', 'bücher'],
    ['login', ' \t'],
    ['login', 'owner\u0007'],
    ['secret', '   '],
    ['name', ' '],
    ['name', 'Acme\nStudio'],
    ['provider', 'salesforce'],
    ['timezone', 'Mars/Olympus'],
    ['timezone', '+25:00'],
    ['domain', 'evil.example'],
    ['clientsWithoutEmail', 'delete'],
    ['schedule', '* * * * *'],
  ])('is 400 for a %s like %j', async (field, value) => {
    const answer = await send('POST', '/api/connections', { ...bodies()[0]?.good, [field]: value });
    expect([answer.status, answer.body.errors?.map(({ pointer }) => pointer)]).toEqual([400, [`/${field}`]]);
  });

  it('says first what kind of value it must be, and not how long a number is', async () => {
    const body = { ...bodies()[0]?.good, login: 5, secret: {}, clientFields: 'yes' };
    const { body: refused } = await send('POST', '/api/connections', body);
    expect(refused.errors).toEqual([
      { pointer: '/login', detail: 'login must be a string' },
      { pointer: '/secret', detail: 'secret must be a string' },
      { pointer: '/clientFields', detail: 'clientFields must be a boolean value' },
    ]);
    const list = await send('GET', '/api/leads?limit=-1');
    expect(list.body.errors).toEqual([{ pointer: '?limit', detail: 'limit must be an integer number' }]);
  });

  it.each(['', 'x'.repeat(256), 'ä', 'a\tb'])('is 400 with an Idempotency-Key like %j', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
    for (const { method, path } of changing().filter((route) => route.method === 'POST')) {
      expect(told(await send(method, path, {}, headers))).toBe('400 idempotency-key-invalid');
    }
  });

  it('and the CRM has heard nothing of all that', () => {
    expect(company.requests.summary().total).toBe(0);
  });
});

describe('any junk whatsoever', () => {
  const junk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '-1',
      '1e400',
      '0x10',
      '\0',
      '\ud800',
      '{"$ne":null}',
      '%',
      '_',
      '\\',
      "'",
      '*',
      '2026-11-22T15:30:00Z',
    ),
    fc.uuid(),
    fc.integer().map(String),
  );
  const encoded = junk.map((text) => encodeURIComponent(text.toWellFormed()));
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    junk,
    junk.map((text) => text + CANARY),
  );

  it('is never a 5xx, always a problem when refused, and never quoted', async () => {
    const request = fc.constantFrom(...routes()).chain((route) => {
      const names = (route.operation.parameters ?? [])
        .filter((one) => one.in === 'query')
        .map(({ name }) => name);
      const fields = ['secret', ...fieldsOf(route.method, route.path)];
      return fc.record({
        route: fc.constant(route),
        // An id that exists would really be disconnected.
        id: encoded,
        query: fc.array(fc.tuple(fc.oneof(fc.constantFrom('limit', ...names), encoded), encoded), {
          maxLength: 4,
        }),
        body: fc.oneof(
          fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.string({ maxLength: 10 })), value, {
            maxKeys: 6,
          }),
          value,
        ),
        headers: fc.record(
          {
            'idempotency-key': fc.string({ maxLength: 20 }),
            prefer: fc.string({ maxLength: 20 }),
            'x-correlation-id': fc.string({ maxLength: 20 }),
          },
          { requiredKeys: [] },
        ),
      });
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ route, id, query, body, headers }) => {
        const path = route.pattern.replace(/\{\w+\}/, id === '' ? '-' : id);
        const search = query.map(([name, text]) => `${name}=${text}`).join('&');
        const address = search === '' ? path : `${path}?${search}`;
        const answer = await send(route.method, address, route.method === 'GET' ? undefined : body, headers);
        if (answer.status >= 400) expect(answer.headers.get('content-type')).toBe('application/problem+json');
      }),
      { numRuns: 400 },
    );
    expect((await world.api('GET', '/health/ready')).status).toBe(200);
  });
});
