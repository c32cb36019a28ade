import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, LogEvent, Page, Problem } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let connection: Connection;
let log: LogEvent[];

beforeAll(async () => {
  world = await startWorld();
  const { company, connection: connected } = await world.connected({ clients: 8 });
  connection = connected;
  await world.sync(connection);
  company.crm.change(3, { name: 'Renamed Person' });
  company.crm.add({ name: 'No Address', email: '' });
  await world.api('POST', `/api/connections/${connection.id}/sync`, undefined, {
    'x-correlation-id': 'second-sync',
  });
  company.faults.set({ accessDenied: true });
  await world.api('POST', `/api/connections/${connection.id}/sync`);
  log = await world.all<LogEvent>('/api/events');
});
afterAll(() => world.stop());

const ask = (query: string) => world.api<Page<LogEvent> & Problem>('GET', `/api/events${query}`);
const positions = async (query: string): Promise<number[]> =>
  (await ask(query)).body.data.map(({ position }) => position);
const those = (wanted: (event: LogEvent) => boolean): number[] =>
  log.filter(wanted).map(({ position }) => position);

describe('the log', () => {
  it('counts its events 1, 2, 3, … and those of each stream likewise', async () => {
    expect(log.map(({ position }) => position)).toEqual(log.map((_, index) => index + 1));
    for (const events of Object.values(Object.groupBy(log, ({ stream }) => stream))) {
      expect(events?.map(({ version }) => version)).toEqual(events?.map((_, index) => index + 1));
    }
  });

  it('tells everything about an event', async () => {
    const imported = log.find(({ type }) => type === 'ClientImported');
    expect(imported).toEqual({
      position: expect.any(Number),
      stream: expect.stringMatching(new RegExp(`^crm-client-${connection.id}-\\d+$`)),
      version: 1,
      type: 'ClientImported',
      data: {
        connectionId: connection.id,
        externalId: expect.stringMatching(/^\d+$/),
        runId: expect.any(String),
        leadId: expect.any(String),
        change: 'new',
        changed: ['name', 'email', 'phone'],
      },
      personal: { name: expect.any(String), email: expect.any(String), phone: expect.any(String) },
      erased: false,
      meta: {
        actor: 'key:admin',
        correlationId: expect.any(String),
        causationId: null,
        runId: imported?.data['runId'],
      },
      recordedAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('keeps values of people apart from facts', async () => {
    for (const { personal, data } of log.filter(({ type }) => type !== 'CrmConnected')) {
      const values = Object.values(personal ?? {}).filter((value) => typeof value === 'string');
      for (const value of values) expect(JSON.stringify(data)).not.toContain(value);
    }
    const quarantined = log.find(({ type }) => type === 'ClientQuarantined');
    expect(quarantined?.data).toEqual({
      connectionId: connection.id,
      externalId: '9',
      runId: expect.any(String),
      code: 'email.missing',
    });
    expect(JSON.stringify(quarantined?.personal)).toContain('No Address');
  });

  it('has a chain that can be recomputed from what is stored', async () => {
    const rows = await world.rows<Record<string, Buffer & string & Date>>(
      `select position::text, stream, version::text, type, subject, data::text, meta::text, personal, hash,
              (extract(epoch from recorded_at) * 1000000)::bigint::text as micros from events order by events.position`,
    );
    const sha256 = (...parts: (Buffer | string)[]): Buffer =>
      parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
    let previous = sha256('crm-sync');
    for (const row of rows) {
      const { position, stream, version, type, subject, micros, data, meta, personal } = row;
      const envelope = [position, stream, version, type, subject ?? '', micros].join('\u001f');
      const payload = sha256(sha256(data ?? ''), sha256(meta ?? ''), sha256(personal ?? ''));
      previous = sha256(previous, envelope, payload);
      expect([position, row['hash']?.toString('hex')]).toEqual([position, previous.toString('hex')]);
    }
    expect(rows).toHaveLength(log.length);
    expect(log.at(-1)?.hash).toBe(previous.toString('hex'));
  });

  it('can only be read', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/api/events', '/api/events/1']) {
        const answer = await world.api(method, path, {});
        expect([method, path, answer.status]).toEqual([method, path, 405]);
        expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
      }
    }
  });
});

describe('a question to the log', () => {
  it.each<[string, string, (event: LogEvent) => boolean]>([
    ['nothing', '?', () => true],
    ['after a position', '?after=5', ({ position }) => position > 5],
    ['before a position', '?before=5', ({ position }) => position < 5],
    ['between two', '?after=3&before=9', ({ position }) => position > 3 && position < 9],
    ['after the last one', '?after=999999', () => false],
    ['one type', '?type=LeadUpserted', ({ type }) => type === 'LeadUpserted'],
    [
      'types, comma separated',
      '?type=SyncStarted,SyncFailed',
      ({ type }) => /^Sync(Started|Failed)$/.test(type),
    ],
    [
      'types, repeated',
      '?type=SyncStarted&type=SyncFailed',
      ({ type }) => /^Sync(Started|Failed)$/.test(type),
    ],
    ['a type nobody has', '?type=Nothing', () => false],
    ['the beginning of streams', '?stream=lead-*', ({ stream }) => stream.startsWith('lead-')],
    ['every stream', '?stream=*', () => true],
    ['an actor', '?actor=system', ({ meta }) => meta.actor === 'system'],
    ['another actor', '?actor=key:admin', ({ meta }) => meta.actor === 'key:admin'],
    ['a request', '?correlationId=second-sync', ({ meta }) => meta.correlationId === 'second-sync'],
    [
      'several things at once',
      '?correlationId=second-sync&type=LeadUpserted&stream=lead-*',
      ({ meta, type }) => meta.correlationId === 'second-sync' && type === 'LeadUpserted',
    ],
  ])('for %s', async (_, query, wanted) => {
    const expected = those(wanted);
    expect(await positions(query)).toEqual(expected);
    expect(await positions(`${query}&order=desc`)).toEqual(expected.toReversed());
  });

  it('for one stream, one run, one moment', async () => {
    const { stream, meta, recordedAt } = log.find(({ data }) => data['change'] === 'updated')!;
    expect(await positions(`?stream=${stream}`)).toEqual(those((event) => event.stream === stream));
    expect(await positions(`?runId=${meta.runId}`)).toEqual(
      those((event) => event.meta.runId === meta.runId),
    );
    expect(await positions(`?since=${recordedAt}`)).toEqual(those((event) => event.recordedAt >= recordedAt));
    expect(await positions(`?until=${recordedAt}`)).toEqual(those((event) => event.recordedAt < recordedAt));
    expect(await positions('?since=2999-01-01T00:00:00Z')).toEqual([]);
    expect(await positions('?until=1970-01-01T00:00:00Z')).toEqual([]);
    const withOffset = `${recordedAt.slice(0, 19)}%2B00:00`;
    expect(await positions(`?since=${withOffset}`)).toEqual(
      those((event) => event.recordedAt >= recordedAt.slice(0, 19)),
    );
  });

  it.each(['asc', 'desc'])('is answered page by page (%s), none twice and none left out', async (order) => {
    const seen: number[] = [];
    let next = '';
    for (;;) {
      const { body } = await ask(`?order=${order}&limit=7${next}`);
      seen.push(...body.data.map(({ position }) => position));
      if (body.page.nextCursor === null) break;
      next = `&cursor=${body.page.nextCursor}`;
    }
    const all = log.map(({ position }) => position);
    expect(seen).toEqual(order === 'asc' ? all : all.toReversed());
  });

  it('keeps its filters from page to page', async () => {
    const wanted = those(({ type }) => type === 'ClientImported');
    const { body: first } = await ask('?type=ClientImported&limit=5');
    const { body: rest } = await ask(`?type=ClientImported&limit=200&cursor=${first.page.nextCursor}`);
    expect([...first.data, ...rest.data].map(({ position }) => position)).toEqual(wanted);
    const { body: bounded } = await ask(
      `?type=ClientImported&before=${wanted.at(-1)}&limit=200&cursor=${first.page.nextCursor}`,
    );
    expect(bounded.data.map(({ position }) => position)).toEqual(wanted.slice(5, -1));
  });

  it('for one event by its position', async () => {
    for (const event of [log[0]!, log.at(-1)!]) {
      expect((await world.api<LogEvent>('GET', `/api/events/${event.position}`)).body).toEqual(event);
    }
    const none = await world.api('GET', `/api/events/${log.length + 1}`);
    expect([none.status, none.code]).toEqual([404, 'event-not-found']);
    expect((await world.api('GET', '/api/events/0')).status).toBe(404);
  });
});
