import { execFile } from 'node:child_process';
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import type { Connection, LogEvent, Page } from '../contract.ts';
import { API_KEY, ENCRYPTION_KEYS, startService, type Service } from '../service.ts';
import { freshDatabase } from '../shared/database.ts';

type Verdict = {
  ok: boolean;
  events: number;
  head: { position: number; hash: string };
  firstBad: number | null;
  reason: string | null;
  checkpoints: { compared: number; unreadable: number };
};
type Checkpoint = {
  log: string;
  position: number;
  hash: string;
  at: string;
  keyId: string;
  publicKey: string;
  signature: string;
};

const WELL = { ok: true, firstBad: null, reason: null };

let dataDir: string;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let companies: Companies;
let company: Company;
let connection: Connection;
let service: Service;
let owner: Client;
let signed: number[];

const start = (keys = ENCRYPTION_KEYS): Promise<Service> =>
  startService({
    databaseUrl: database.url,
    restUrl: companies.url,
    rpcUrl: companies.rpcUrl,
    environment: {
      CRM_SYNC_DATA_DIR: dataDir,
      CRM_SYNC_ENCRYPTION_KEYS: keys,
      // A start and an end sign; nothing does while a test is at it.
      NODE_OPTIONS: `--import ${new URL('../no-minute.ts', import.meta.url).href}`,
    },
  });
const restart = async (keys?: string): Promise<void> => {
  await service.stop();
  service = await start(keys);
};
const verdict = async (): Promise<Verdict> => (await service.api<Verdict>('GET', '/api/audit/verify')).body;
const checkpoints = async (): Promise<Checkpoint[]> =>
  (await service.api<Page<Checkpoint>>('GET', '/api/audit/checkpoints')).body.data;
const sync = (): Promise<unknown> => service.api('POST', `/api/connections/${connection.id}/sync`);
const rows = async <Row>(statement: string, values: unknown[] = []): Promise<Row[]> =>
  (await owner.query(statement, values)).rows as Row[];
const file = async (): Promise<string> =>
  join(dataDir, 'checkpoints', `${(await checkpoints())[0]!.log}.jsonl`);

/** Each end of the service signs what was recorded before it. */
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'crm-sync-audit-'));
  [database, companies] = await Promise.all([freshDatabase(), startCompanies()]);
  company = await companies.open({ clients: 12, bookings: 4, clean: true });
  owner = new Client({ connectionString: database.url });
  await owner.connect();
  service = await start();
  const { company: name, login, password: secret } = company.account;
  const body = { provider: 'simplybook', company: name, login, secret };
  connection = (await service.api<Connection>('POST', '/api/connections', body)).body;
  await sync();
  await restart();
  await sync();
  await restart();
  company.crm.change(3, { name: 'Renamed Person' });
  await sync();
  signed = (await checkpoints()).map(({ position }) => position).toReversed();
  await rows('create table kept_events as table events');
  await rows('create table kept_head as table event_log');
});
afterAll(async () => {
  await owner.end();
  await service.stop();
  await companies.close();
  await database.drop();
  await rm(dataDir, { recursive: true });
});

/** What verify says after the owner of the database has done this; afterwards all is as it was. */
const after = async (...statements: string[]): Promise<Verdict> => {
  await rows('alter table events disable trigger all; alter table event_log disable trigger all');
  await rows('alter table events drop constraint events_stream_version_key');
  try {
    for (const statement of statements) await rows(statement);
    return await verdict();
  } finally {
    await rows('delete from events; insert into events select * from kept_events');
    await rows('delete from event_log; insert into event_log select * from kept_head');
    await rows('alter table events add constraint events_stream_version_key unique (stream, version)');
    for (const trigger of ['events_are_for_ever', 'events_are_for_ever_whole'])
      await rows(`alter table events enable always trigger ${trigger}`);
    for (const trigger of ['the_head_stays', 'the_head_stays_whole'])
      await rows(`alter table event_log enable always trigger ${trigger}`);
  }
};

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** `crm-sync verify`: how it ends and what it says. */
const asked = async (...options: string[]): Promise<{ code: number; out: string }> => {
  const env = { NODE_NO_WARNINGS: '1', CRM_SYNC_URL: service.url, CRM_SYNC_API_KEY: API_KEY };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'verify', ...options], { env });
    return { code: 0, out: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, out: stdout };
  }
};

/** The chain of whatever is there now, made anew, and the head with it. */
const REBUILD = `do $$ declare previous bytea := sha256('crm-sync'); e record; begin
  for e in select * from events order by position loop
    previous := sha256(previous || event_envelope(e.position, e.stream, e.version, e.type, e.subject, e.recorded_at)
      || event_payload_digest(e.data, e.meta, e.personal));
    update events set hash = previous where position = e.position;
  end loop;
  update event_log set hash = previous, position = (select max(position) from events);
end $$`;
const BYTE = 'set_byte(personal, 20, get_byte(personal, 20) # 1)';
/** Closes the gap that a deleted event leaves. */
const closeBehind = (position: number): string[] => [
  `update events set position = position + 100000 where position > ${position}`,
  `update events set position = position - 100001 where position > 100000`,
];

describe('the log, verified', () => {
  it('is well, up to its head', async () => {
    const [head] = await rows<object>(
      `select position::int, encode(hash, 'hex') as hash, position::int as events from event_log`,
    );
    const { body } = await service.api<Page<LogEvent>>('GET', '/api/events?order=desc&limit=1');
    const found = await verdict();
    expect(found).toMatchObject({ ...WELL, checkpoints: { compared: 2, unreadable: 0 } });
    expect({ ...found.head, events: found.events }).toEqual(head);
    expect(body.data[0]).toMatchObject(found.head);
  });

  it.each<[what: string, statement: string]>([
    ['a letter of data', `update events set data = data || '{"runId":"x"}' where position = 6`],
    [
      'a byte of the personal values',
      `update events set personal = ${BYTE} where position = (select min(position) from events where personal is not null and position > 5)`,
    ],
    ['the actor', `update events set meta = jsonb_set(meta, '{actor}', '"cli"') where position = 6`],
    [
      'the time, by a millionth of a second',
      `update events set recorded_at = recorded_at + interval '1 microsecond' where position = 6`,
    ],
    ['the time, to one that is none', `update events set recorded_at = 'infinity' where position = 6`],
    ['the hash itself', 'update events set hash = sha256(hash) where position = 6'],
    [
      'an event and its hash, and not those that follow',
      `update events set data = '{}' where position = 5;
       update events e set hash = sha256(p.hash || event_envelope(e.position, e.stream, e.version, e.type, e.subject, e.recorded_at)
         || event_payload_digest(e.data, e.meta, e.personal)) from events p where e.position = 5 and p.position = 4`,
    ],
  ])('names the first position that does not fit: %s', async (what, statement) => {
    const [{ position }] = (await rows<{ position: number }>(
      'select min(position)::int as position from events where personal is not null and position > 5',
    )) as [{ position: number }];
    const firstBad = what.includes('personal') ? position : 6;
    const { events, ...found } = await after(statement);
    expect(found).toMatchObject({ ok: false, firstBad });
    expect(events).toBe(firstBad - 1);
    expect(found.reason).toMatch(new RegExp(`^Event ${firstBad} is not what was recorded`));
  });

  it('is told by the command line, for people and for programs', async () => {
    const { head } = await verdict();
    const well = await asked();
    expect(well).toMatchObject({ code: 0, out: expect.stringContaining(`intact: ${head.position} events.`) });
    expect(JSON.parse((await asked('--json')).out)).toEqual(await verdict());
    const path = await file();
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll('"at":"20', '"at":"19'));
    const bad = await asked();
    expect(bad.code).toBe(2);
    expect(bad.out).toMatch(new RegExp(`^The log is NOT intact. .* is ${signed[0]}\\.\nThe checkpoint of `));
    expect((await asked('--json')).code).toBe(2);
    await writeFile(path, text);
  });

  it('sees two events that have changed places', async () => {
    const swap = ['(3, -1)', '(7, 3)', '(-1, 7)'].map((pair) => {
      const [from, to] = pair.slice(1, -1).split(', ');
      return `update events set position = ${to} where position = ${from}`;
    });
    expect(await after(...swap)).toMatchObject({ ok: false, firstBad: 3 });
  });

  it('sees an event taken out of the middle, with and without the gap', async () => {
    const remove = 'delete from events where position = 5';
    const gap = await after(remove);
    expect(gap).toMatchObject({ ok: false, firstBad: 5, reason: 'Event 5 is missing.' });
    expect(await after(remove, ...closeBehind(5))).toMatchObject({ ok: false, firstBad: 5 });
    const several = await after('delete from events where position in (5, 6, 9)');
    expect(several).toMatchObject({ firstBad: 5, reason: 'Events 5 to 6 are missing.' });
  });

  it('sees a tail that is gone, against the head, and against the checkpoint where the head was made to fit', async () => {
    const [{ head }] = (await rows('select position::int as head from event_log')) as [{ head: number }];
    const cut = await after(`delete from events where position > ${head - 2}`);
    expect(cut).toMatchObject({ firstBad: head - 1, reason: `Events ${head - 1} to ${head} are missing.` });
    const [, last] = signed as [number, number];
    const hidden = await after(`delete from events where position > ${last - 1}`, REBUILD);
    expect(hidden).toMatchObject({ ok: false, firstBad: last, head: { position: last - 1 } });
    expect(hidden.reason).toMatch(
      new RegExp(
        `^Events from ${last} on are gone: the checkpoint of .+ has signed position ${last}, .*an older backup was restored`,
      ),
    );
  });

  it('sees a whole chain that was made anew, by the first checkpoint that does not fit any more', async () => {
    const rebuilt = await after(
      `update events set meta = jsonb_set(meta, '{actor}', '"cli"') where position = 2`,
      REBUILD,
    );
    expect(rebuilt).toMatchObject({ ok: false, firstBad: signed[0] });
    expect(rebuilt.reason).toMatch(/^The log was rewritten: /);
    const later = await after(
      `update events set type = 'Nothing' where position = ${signed[0]! + 1}`,
      REBUILD,
    );
    expect(later).toMatchObject({ ok: false, firstBad: signed[1] });
  });

  it('sees what was put in: before the first, behind the head, and into a stream', async () => {
    const copied = (position: string, stream: string, version: string): string =>
      `insert into events select ${position}, ${stream}, ${version}, type, data, subject, personal, meta, recorded_at, hash
         from events order by position desc limit 1`;
    expect(await after(copied('0', `'x'`, '1'))).toMatchObject({ ok: false, firstBad: 0 });
    const [{ head }] = (await rows('select position::int as head from event_log')) as [{ head: number }];
    const behind = await after(copied('position + 1', `'x'`, '1'));
    expect(behind).toMatchObject({ ok: false, firstBad: head + 1, events: head });
    // A chain that fits, and two events that are the same version of one stream; one that has no predecessor.
    const twice = await after(copied('position + 1', 'stream', 'version'), REBUILD);
    expect(twice).toMatchObject({ ok: false, firstBad: head + 1 });
    expect(twice.reason).toMatch(/the stream is not whole/);
    const second = await after(copied('position + 1', `'x'`, '2'), REBUILD);
    expect(second).toMatchObject({ ok: false, firstBad: head + 1 });
  });

  it('sees a head that says something else, or is not there', async () => {
    const [{ head }] = (await rows('select position::int as head from event_log')) as [{ head: number }];
    expect(await after('update event_log set hash = sha256(hash)')).toMatchObject({ firstBad: head });
    expect(await after('update event_log set position = position + 1')).toMatchObject({ firstBad: head + 1 });
    expect(await after('update event_log set position = position - 1')).toMatchObject({ firstBad: head });
    const none = await after('delete from event_log');
    expect(none).toMatchObject({ ok: false, firstBad: head + 1, reason: expect.stringMatching(/no head/) });
  });

  it('does not believe what functions in the database say', async () => {
    const lies = `create or replace function first_bad_event(first_position bigint, last_position bigint)
      returns bigint language sql as 'select null::bigint'`;
    expect(await after(lies, `update events set data = '{}' where position = 4`)).toMatchObject({
      firstBad: 4,
    });
  });

  it('is not held up by who records, and does not hold up anybody', async () => {
    await rows('begin');
    await rows('select from event_log for update');
    expect(await verdict()).toMatchObject(WELL);
    await rows('rollback');
    for (let n = 0; n < 30; n += 1) company.crm.add({ name: `New ${n}`, email: `new-${n}@example.com` });
    const [, ...verdicts] = await Promise.all([sync(), verdict(), verdict(), verdict()]);
    for (const found of verdicts) expect(found).toMatchObject(WELL);
    expect(await verdict()).toMatchObject(WELL);
    await rows('drop table kept_events, kept_head');
    await rows('create table kept_events as table events');
    await rows('create table kept_head as table event_log');
  });

  it('is well after the key that seals was changed', async () => {
    await restart(`new:${randomBytes(32).toString('base64')},${ENCRYPTION_KEYS}`);
    expect(await verdict()).toMatchObject(WELL);
    await restart();
    expect((await checkpoints()).length).toBeGreaterThan(2);
    expect(new Set((await checkpoints()).map(({ log, keyId }) => `${log} ${keyId}`)).size).toBe(1);
  });
});

describe('checkpoints', () => {
  it('say what the log had at their position, the newest first, and can be read page by page', async () => {
    const all = await checkpoints();
    expect(all.map(({ position }) => position)).toEqual(
      all.map(({ position }) => position).toSorted((one, other) => other - one),
    );
    for (const { position, hash } of all) {
      expect((await service.api<LogEvent>('GET', `/api/events/${position}`)).body).toMatchObject({ hash });
    }
    const path = '/api/audit/checkpoints?limit=1';
    const { body: first } = await service.api<Page<Checkpoint>>('GET', path);
    const { body: second } = await service.api<Page<Checkpoint>>(
      'GET',
      `${path}&cursor=${first.page.nextCursor}`,
    );
    expect([...first.data, ...second.data]).toEqual(all.slice(0, 2));
    expect((await service.api('GET', '/api/audit/checkpoints?cursor=x')).code).toBe('cursor-invalid');
  });

  it('are signed with a key that nobody else can read', async () => {
    for (const { publicKey, signature, log, position, hash, at } of await checkpoints()) {
      const key = createPublicKey(`-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`);
      const text = `crm-sync checkpoint\n${log}\n${position}\n${hash}\n${at}\n`;
      expect(verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))).toBe(true);
    }
    for (const path of [join(dataDir, 'checkpoint-key.pem'), await file()])
      expect((await stat(path)).mode & 0o077).toBe(0);
  });

  it('can be checked by an outsider, as the documentation says', async () => {
    const docs = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8');
    const program = /```js\n([^]*?)```/.exec(docs)?.[1] ?? '';
    const script = join(dataDir, 'check.mjs');
    const copy = join(dataDir, 'copy.jsonl');
    await writeFile(script, program);
    const text = await readFile(await file(), 'utf8');
    const check = async (lines: string): Promise<string> => {
      await writeFile(copy, lines);
      return (await promisify(execFile)(process.execPath, [script, copy])).stdout;
    };
    const all = await checkpoints();
    const said = await check(text);
    expect(said.trim().split('\n')).toEqual(
      all.toReversed().map(({ position, hash, keyId }) => `signed by ${keyId}: position ${position} ${hash}`),
    );
    const forged = text.replace(`"position":${all[0]!.position}`, `"position":${all[0]!.position + 1}`);
    expect(await check(forged)).toMatch(new RegExp(`NOT SIGNED: position ${all[0]!.position + 1} `));
  });

  it('are not harmed by a line that a crash has cut off', async () => {
    const path = await file();
    const before = await checkpoints();
    await appendFile(path, '{"log":"cut o');
    expect(await verdict()).toMatchObject({
      ...WELL,
      checkpoints: { compared: before.length, unreadable: 1 },
    });
    await sync();
    await restart();
    expect(await checkpoints()).toHaveLength(before.length + 1);
    expect((await readFile(path, 'utf8')).split('\n')).toContain('{"log":"cut o');
    expect(await verdict()).toMatchObject({
      ...WELL,
      checkpoints: { compared: before.length + 1, unreadable: 1 },
    });
  });

  it('show when one of them was changed', async () => {
    const path = await file();
    const text = await readFile(path, 'utf8');
    const [{ position, hash }] = (await checkpoints()) as [Checkpoint];
    await writeFile(
      path,
      text.replace(
        hash,
        hash.replaceAll(/./g, (digit) => (digit === '0' ? '1' : '0')),
      ),
    );
    expect(await verdict()).toMatchObject({ ok: false, firstBad: position });
    expect((await verdict()).reason).toMatch(/signature does not fit/);
    await writeFile(path, text);
    expect(await verdict()).toMatchObject(WELL);
  });

  it('are not made of a log that contradicts them, until a person has moved them away', async () => {
    const path = await file();
    const before = await checkpoints();
    await service.stop();
    await rows('alter table events disable trigger all');
    await rows(`delete from events where position > ${before[1]!.position}`);
    await rows(REBUILD);
    service = await start();
    expect(service.output()).toContain('the log does not hold what its last checkpoint has signed');
    await sync();
    await restart();
    expect(await checkpoints()).toEqual(before);
    expect(await verdict()).toMatchObject({ ok: false, firstBad: before[0]!.position });
    await service.stop();
    await rename(path, join(dataDir, 'before-the-restore.jsonl'));
    service = await start();
    expect(await verdict()).toMatchObject({ ...WELL, checkpoints: { compared: 1, unreadable: 0 } });
  });

  it('are one reason why a log does not start again without its seal', async () => {
    await service.stop();
    const [seal] = await rows<{ seal: Buffer }>('delete from installation returning seal');
    await expect(start()).rejects.toThrow(
      /DATABASE_URL points to a database with a log and without the seal/,
    );
    await rows('insert into installation (seal) values ($1)', [seal!.seal]);
    service = await start();
    expect(await verdict()).toMatchObject(WELL);
  });
});

describe('a person who is erased', () => {
  it('leaves the log intact: its hashes cover what is stored', async () => {
    const erased = await rows(`delete from subject_keys where subject in
      (select subject from events where type = 'ClientImported') returning subject`);
    expect(erased.length).toBeGreaterThan(5);
    expect(await verdict()).toMatchObject(WELL);
  });
});

describe('who may not', () => {
  it.each(['/api/audit/verify', '/api/audit/checkpoints'])('ask %s without a key', async (path) => {
    expect((await service.api('GET', path, undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await service.api('POST', path)).status).toBe(405);
  });
});
