import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Booking, Connection, Lead, LogEvent, Page, Run, Waiting } from './contract.ts';
import { disagreements, type Document } from './openapi.ts';
import { API_KEY } from './service.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let connection: Connection;
beforeAll(async () => {
  world = await startWorld();
  const connected = await world.connected({ clients: 8, bookings: 16, clean: false });
  ({ connection } = connected);
  for (const name of ['Una Lost', 'Udo Lost']) connected.company.crm.add({ name, email: '', phone: '' });
  await world.sync(connection);
});
afterAll(() => world.stop());

/** The routes of the HTTP contract that there are so far. */
const CONTRACT = [
  'GET /health/live',
  'GET /health/ready',
  'GET /openapi.json',
  'GET /docs',
  'POST /api/connections',
  'GET /api/connections',
  'GET /api/connections/{id}',
  'DELETE /api/connections/{id}',
  'PUT /api/connections/{id}/credentials',
  'POST /api/connections/{id}/test',
  'POST /api/connections/{id}/sync',
  'POST /api/connections/{id}/webhooks',
  'GET /api/connections/{id}/webhooks',
  'DELETE /api/connections/{id}/webhooks',
  'POST /hooks/simplybook/{connectionId}/{token}',
  'GET /api/runs',
  'GET /api/runs/{id}',
  'GET /api/leads',
  'GET /api/leads/{id}',
  'GET /api/bookings',
  'GET /api/bookings/{id}',
  'POST /api/leads/{id}/merge',
  'POST /api/leads/{id}/split',
  'GET /api/quarantine',
  'GET /api/quarantine/{id}',
  'POST /api/quarantine/{id}/replay',
  'POST /api/quarantine/{id}/dismiss',
  'POST /api/quarantine/replay',
  'POST /api/quarantine/dismiss',
  'GET /api/events',
  'GET /api/events/{position}',
];

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 and tells every route of the contract, each by a name of its own', () => {
    const { openapi, paths, components } = world.service.document;
    expect(openapi).toMatch(/^3\.1\./);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => ({
        name: `${method.toUpperCase()} ${path}`,
        operationId,
      })),
    );
    expect(operations.map(({ name }) => name)).toEqual(expect.arrayContaining(CONTRACT));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(components.securitySchemes).toMatchObject({ key: { type: 'http', scheme: 'bearer' } });
  });

  it('tells no parameter of a route twice, whatever its capitals', () => {
    for (const [path, methods] of Object.entries(world.service.document.paths)) {
      for (const { parameters = [] } of Object.values(methods)) {
        const names = parameters.map((one) => `${path} ${one.in} ${one.name.toLowerCase()}`);
        expect(names).toEqual([...new Set(names)]);
      }
    }
  });

  /** The world holds every answer to the document: this calls each operation until it has answered well. */
  it('is true: every operation answers as it says', async () => {
    const { api, service } = world;
    const { body: leads } = await api<Page<Lead>>('GET', '/api/leads?limit=3');
    const { body: runs } = await api<Page<Run>>('GET', '/api/runs');
    const { body: events } = await api<Page<LogEvent>>('GET', '/api/events?limit=200');
    const { account } = await world.companies.open();
    const { company, login, apiUserKey: secret } = account;
    const { body: second } = await api<Connection>('POST', '/api/connections', {
      provider: 'simplybook',
      company,
      login,
      secret,
    });
    await api('GET', '/health/live');
    await api('GET', '/health/ready');
    await api('GET', '/openapi.json');
    await api('GET', '/docs');
    await api('POST', '/api/session', { key: API_KEY });
    await api('GET', '/api/session');
    await api('DELETE', '/api/session');
    const { body: bookings } = await api<Page<Booking>>('GET', '/api/bookings?limit=3');
    await api('GET', `/api/bookings/${bookings.data[0]?.id}`);
    await api('GET', '/api/connections');
    await api('GET', `/api/connections/${connection.id}`);
    await api('POST', `/api/connections/${connection.id}/test`);
    await api('POST', `/api/connections/${connection.id}/sync`);
    await world.end((await world.start(connection)).id);
    await api('PATCH', `/api/connections/${second.id}`, { name: 'Second', schedule: { cron: '0 0 29 2 *' } });
    await api('PUT', `/api/connections/${second.id}/credentials`, { secret });
    const hooks = `/api/connections/${second.id}/webhooks`;
    const { body: address } = await api<{ url: string }>('POST', hooks);
    await api('GET', hooks);
    await api('POST', new URL(address.url).pathname, { client_id: 1 });
    await api('DELETE', hooks);
    await api('DELETE', `/api/connections/${second.id}`);
    const [one, other] = leads.data.map(({ id }) => id);
    await api('POST', `/api/leads/${one}/merge`, { leadId: other });
    await api('POST', `/api/leads/${one}/split`, { leadId: other });
    const { body: aside } = await api<Page<Waiting>>('GET', '/api/quarantine?kind=client');
    const [first, next] = aside.data.map(({ id }) => `/api/quarantine/${id}`);
    await api('GET', first!);
    await api('POST', `${first}/dismiss`);
    await api('POST', `${next}/replay`, { fix: { email: 'found@example.com', name: 'Found' } });
    await api('POST', '/api/quarantine/replay', { code: 'email.missing' });
    await api('POST', '/api/quarantine/dismiss', { connectionId: connection.id });
    await api('GET', `/api/leads/${leads.data[0]?.id}`);
    await api('GET', `/api/leads/${leads.data[0]?.id}/history`);
    await api('GET', '/api/leads.csv?search=nobody');
    await api('GET', '/api/summary');
    await api('GET', '/api/events/live');
    await api('GET', '/api/audit/verify');
    await api('GET', '/api/audit/checkpoints');
    await api('GET', '/metrics');
    await api('GET', `/api/runs/${runs.data[0]?.id}/changes`);
    await api('GET', `/api/runs/${runs.data[0]?.id}`);
    await api('GET', `/api/runs/${runs.data[0]?.id}/live`);
    const slow = await world.connected({ clients: 3 });
    const { release } = slow.company.holdPage(1);
    await api('POST', `/api/runs/${(await world.start(slow.connection)).id}/cancel`);
    release();
    await world.end((await world.start(slow.connection)).id);
    await world.sync(slow.connection);
    slow.company.faults.set({ empty: true });
    const { runId } = await world.sync(slow.connection);
    await api('POST', `/api/runs/${runId}/approve-deletions`);
    await api('GET', `/api/events/${events.data[0]?.position}`);
    const answered = [...service.observed].filter(([, statuses]) =>
      [...statuses].some((status) => status < 300),
    );
    expect(answered.map(([name]) => name).toSorted()).toEqual(
      Object.entries(service.document.paths)
        .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
        .toSorted(),
    );
  });
});

describe('an answer of any kind', () => {
  it.each([
    ['GET', '/api/leads', 200],
    ['GET', '/api/nothing', 404],
    ['GET', '/health/live', 200],
    ['PATCH', '/api/leads', 405],
    ['GET', '/api/leads?limit=0', 400],
  ])('to %s %s carries what keeps browsers and caches in bounds', async (method, path, status) => {
    const answer = await world.api(method, path);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
      'x-correlation-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(answer.headers.has('x-powered-by')).toBe(false);
  });
});

describe('the judge of these tests', () => {
  const document: Document = {
    openapi: '3.1.0',
    paths: {
      '/api/leads/{id}': {
        get: {
          operationId: 'one',
          responses: {
            200: {
              description: '',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Lead' } } },
            },
            404: {
              description: '',
              content: { 'application/problem+json': { schema: { type: 'object', required: ['status'] } } },
            },
          },
        },
      },
    },
    components: {
      securitySchemes: {},
      schemas: {
        Lead: {
          type: 'object',
          required: ['id', 'phone'],
          properties: {
            id: { type: 'string' },
            phone: { type: ['string', 'null'] },
            tags: { type: 'array', items: { enum: ['a'] } },
            more: { anyOf: [{ type: 'null' }, { type: 'integer', minimum: 1 }] },
          },
        },
      },
    },
  };
  const judged = (body: unknown, more: object = {}): string[] =>
    disagreements(document, {
      method: 'GET',
      path: '/api/leads/1?x=1',
      status: 200,
      contentType: 'application/json; charset=utf-8',
      text: JSON.stringify(body),
      ...more,
    });

  it('finds nothing wrong with what is right', () => {
    expect(judged({ id: 'x', phone: null, tags: ['a'], more: 1 })).toEqual([]);
    expect(judged({ status: 404, own: 1 }, { status: 404, contentType: 'application/problem+json' })).toEqual(
      [],
    );
  });

  it.each<[string, unknown, object]>([
    ['a member that is missing', { id: 'x' }, {}],
    ['a member that is not documented', { id: 'x', phone: null, secret: 1 }, {}],
    ['a member of another type', { id: 5, phone: null }, {}],
    ['an item that is none', { id: 'x', phone: null, tags: ['b'] }, {}],
    ['a member that matches no shape', { id: 'x', phone: null, more: 0 }, {}],
    ['something else altogether', [], {}],
    ['a status that is not documented', {}, { status: 202 }],
    ['a refusal that is not documented', {}, { status: 409, contentType: 'application/problem+json' }],
    ['a refusal that is no problem', { status: 404 }, { status: 404 }],
    ['a problem without its status', {}, { status: 404, contentType: 'application/problem+json' }],
    ['a good answer from an address nobody knows', {}, { path: '/api/nothing' }],
    ['another content type', {}, { contentType: 'text/html' }],
  ])('finds %s', (_, body, more) => {
    expect(judged(body, more)).toHaveLength(1);
  });
});
