import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Database } from '../../src/shared/database/database.ts';
import { freshDatabase } from './database.ts';
import { KEY, startEdgeApp } from './http-edge-app.ts';
import type { EdgeApp } from './http-edge-app.ts';

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
afterEach(() => {
  edge.workshop.gate = Promise.resolve();
});

const make = (
  key: string | null,
  thing: object = { name: 'a thing' },
  path = '/api/things',
): Promise<Response> =>
  fetch(edge.url + path, {
    method: 'POST',
    body: JSON.stringify(thing),
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      ...(key !== null && { 'idempotency-key': key }),
    },
  });

const summary = async (answer: Response): Promise<unknown[]> => {
  const body: unknown = await answer.json();
  return [answer.status, answer.headers.get('idempotency-replayed'), body];
};

/** Stops the next making of a thing in its midst. */
const holdUp = (): { entered: Promise<void>; goOn: () => void } => {
  const gate = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  edge.workshop.gate = gate.promise;
  edge.workshop.entered = entered.resolve;
  return { entered: entered.promise, goOn: gate.resolve };
};

const change = (what: string, key: string): Promise<number> =>
  edge.app
    .get(Database, { strict: false })
    .execute(sql`update idempotency_keys set ${sql.raw(what)} where key = ${key}`);

describe('a request with an Idempotency-Key', () => {
  it('is served once, and answered alike every time', async () => {
    const key = randomUUID();
    const first = await make(key);
    const again = await make(key);
    const quoted = await make(`"${key}"`);
    const [, , body] = await summary(first);
    expect(body).toMatchObject({ name: 'a thing', made: expect.any(Number) });
    expect([await summary(again), await summary(quoted)]).toEqual([
      [201, 'true', body],
      [201, 'true', body],
    ]);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
  });

  it('is served once however often it is sent at a time', async () => {
    const key = randomUUID();
    const before = edge.workshop.made;
    const answers = await Promise.all(Array.from({ length: 20 }, () => make(key)));
    expect(edge.workshop.made).toBe(before + 1);
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses.has(201)).toBe(true);
    expect([...statuses].every((status) => status === 201 || status === 409)).toBe(true);
  });

  it('is told to wait while it is being served', async () => {
    const key = randomUUID();
    const { entered, goOn } = holdUp();
    const first = make(key);
    await entered;
    const meanwhile = await make(key);
    expect(await summary(meanwhile)).toEqual([
      409,
      null,
      expect.objectContaining({ type: 'tag:crm-sync,2026:problems/idempotency-key-in-use' }),
    ]);
    expect(meanwhile.headers.get('retry-after')).toBe('5');
    goOn();
    expect((await first).status).toBe(201);
    expect((await summary(await make(key)))[1]).toBe('true');
  });

  it('cannot be another request', async () => {
    const key = randomUUID();
    await make(key);
    for (const other of [make(key, { name: 'another' }), make(key, undefined, '/api/things/big')]) {
      expect(await summary(await other)).toEqual([
        422,
        null,
        expect.objectContaining({ type: 'tag:crm-sync,2026:problems/idempotency-key-reused' }),
      ]);
    }
  });

  it('is refused alike, when it was refused', async () => {
    const key = randomUUID();
    const first = await make(key, { name: 'taken' });
    const again = await make(key, { name: 'taken' });
    const [status, , problem] = await summary(first);
    expect(status).toBe(409);
    expect(await summary(again)).toEqual([409, 'true', problem]);
    expect(again.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([
    ['we failed', 'broken', 500],
    ['it was to be sent again later', 'later', 422],
  ])('is served again when %s', async (_, name, status) => {
    const key = randomUUID();
    const before = edge.workshop.made;
    for (let tries = 0; tries < 2; tries += 1) {
      const answer = await make(key, { name });
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([status, null]);
    }
    expect(edge.workshop.made).toBe(before + 2);
  });

  it('is taken over when who served it is dead, and the dead one’s late answer counts no more', async () => {
    const key = randomUUID();
    const { entered, goOn } = holdUp();
    const dead = make(key);
    await entered;
    await change("leased_until = clock_timestamp() - interval '1 second'", key);
    edge.workshop.gate = Promise.resolve();
    const [status, , taken] = await summary(await make(key));
    goOn();
    expect([status, (await dead).status]).toEqual([201, 201]);
    expect(await summary(await make(key))).toEqual([201, 'true', taken]);
  });

  it('is forgotten after a day', async () => {
    const key = randomUUID();
    await make(key);
    await change("created_at = created_at - interval '25 hours'", key);
    expect((await summary(await make(key, { name: 'another' }))).slice(0, 2)).toEqual([201, null]);
  });

  it('is not the same one for another caller, nor for a wrong key', async () => {
    const key = randomUUID();
    await make(key);
    await change("actor = 'key:another'", key);
    expect((await make(key)).headers.get('idempotency-replayed')).toBeNull();
    const stranger = await fetch(`${edge.url}/api/things`, {
      method: 'POST',
      headers: { 'idempotency-key': key },
    });
    expect(stranger.status).toBe(401);
  });

  it('leaves nothing in the database that could be read without the caller’s key', async () => {
    const key = randomUUID();
    await make(key, { name: 'a-secret-name' });
    const kept = await edge.app.get(Database, { strict: false }).row(
      sql<{
        row: string;
        answer: Buffer;
      }>`select k::text as row, answer from idempotency_keys k where key = ${key}`,
    );
    expect(kept?.answer.length).toBeGreaterThan(50);
    expect(kept?.row).toContain(key);
    expect(`${kept?.row}${kept?.answer.toString('latin1')}`).not.toContain('a-secret-name');
  });

  it.each([
    ['empty', ''],
    ['only quotes', '""'],
    ['too long', 'x'.repeat(256)],
    ['not ASCII', 'ü'],
  ])('is refused when the key is %s', async (_, key) => {
    expect(await summary(await make(key))).toEqual([
      400,
      null,
      expect.objectContaining({ type: 'tag:crm-sync,2026:problems/idempotency-key-invalid' }),
    ]);
  });
});

describe('a request without an Idempotency-Key', () => {
  it('is served each time', async () => {
    const before = edge.workshop.made;
    await make(null);
    await make(null);
    expect(edge.workshop.made).toBe(before + 2);
  });
});
