import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { SERVICE_ROLE } from '../../../src/mikro-orm.config.ts';
import { happened, met, META, openTestStore, recording } from '../event-store-harness.ts';
import type { TestStore } from '../event-store-harness.ts';

let store: TestStore;
let service: Client;
beforeAll(async () => {
  store = await openTestStore();
  await store.events.transact([recording('kept', happened(), met('ada', 'Ada'), happened())], META);
  service = new Client({ connectionString: store.url, options: `-c role=${SERVICE_ROLE}` });
  await service.connect();
});
afterAll(async () => {
  await service.end();
  await store.close();
});

/** SQLSTATE that a statement is refused with; `ok` when it is not. Nothing of it stays. */
const answerTo = async (client: Client, ...statements: string[]): Promise<string> => {
  await client.query('begin');
  try {
    for (const statement of statements) await client.query(statement);
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('rollback');
  }
};

const DENIED = '42501';
const APPEND_ONLY = 'CS002';

const ROW = `(position, stream, version, type, data, meta, recorded_at, hash)
  values (999999, 'forged', 1, 'Forged', '{}', '{"actor":"cli","correlationId":"x"}', '2001-01-01', 'x')`;

describe('the role the service works as', () => {
  it('is the one that an instance really has, and owns nothing', async () => {
    const { rows } = await service.query('select current_user as name');
    expect(rows).toEqual([{ name: SERVICE_ROLE }]);
    const [role] = await store.rows<Record<string, boolean>>(`
      select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolcanlogin as powerful,
             exists (select from pg_class where relowner = r.oid) as owner
        from pg_roles r where rolname = '${SERVICE_ROLE}'`);
    expect(role).toEqual({ powerful: false, owner: false });
  });

  it.each([
    "update events set type = 'Other' where position = 1",
    'delete from events',
    'truncate events',
    `insert into events ${ROW}`,
    'update event_log set position = 0',
    'delete from event_log',
    'truncate event_log',
    "insert into event_log values (false, 0, 'x', now())",
    'select from event_log for update',
    'drop table events',
    'drop table event_log',
    'drop function append_events(jsonb, jsonb)',
    'alter table events disable trigger all',
    'alter table events drop constraint events_pkey',
    'alter table events add column more int',
    'drop trigger events_are_for_ever on events',
    'create or replace function refuse_to_change_the_log() returns trigger language plpgsql as $$ begin return new; end $$',
    'create table other (id int)',
    'alter table events owner to current_user',
    'set session_replication_role = replica',
    'truncate subject_keys',
    "update installation set seal = 'x'",
    'select seal from installation',
  ])('may not: %s', async (statement) => {
    expect(await answerTo(service, statement)).toBe(DENIED);
  });

  it('cannot choose position, time or hash of what it appends', async () => {
    const forged = {
      stream: 'forged',
      version: 1,
      type: 'Forged',
      data: {},
      position: 999_999,
      recorded_at: '2001-01-01T00:00:00Z',
      hash: 'x',
    };
    const [{ head }] = (await store.rows<{ head: string }>('select position as head from event_log')) as [
      { head: string },
    ];
    const { rows } = await service.query(
      `select position, recorded_at > now() - interval '1 hour' as now, length(hash) as hash
         from append_events($1, $2)`,
      [JSON.stringify([forged]), JSON.stringify(META)],
    );
    expect(rows).toEqual([{ position: String(Number(head) + 1), now: true, hash: 32 }]);
    expect(await answerTo(service, "select append_events('[]', '{}', 5)")).toBe('42883');
  });

  it('cannot append in the name of nobody', async () => {
    const batch = JSON.stringify([{ stream: 'nameless', version: 1, type: 'Nameless', data: {} }]);
    const statement = `select append_events('${batch}', '{"correlationId":"x"}')`;
    expect(await answerTo(service, statement)).toBe('23514');
  });

  it('cannot make append_events use its own tables instead of the real ones', async () => {
    const batch = JSON.stringify([{ stream: 'shadow', version: 1, type: 'Shadow', data: {} }]);
    const append = `select append_events('${batch}', '${JSON.stringify(META)}')`;
    const shadow = 'create temp table events (like public.events)';
    const inTheShadow = 'do $$ begin assert not exists (select from pg_temp.events); end $$';
    const inTheLog = "do $$ begin assert exists (select from public.events where stream = 'shadow'); end $$";
    const path = 'set local search_path = pg_temp, public';
    expect(await answerTo(service, shadow, path, append, inTheShadow, inTheLog)).toBe('ok');
  });

  it('is the only one beside the owner that may append', async () => {
    const [row] = await store.rows<{ acl: string }>(`
      select array_to_string(proacl, ' ') as acl from pg_proc where proname = 'append_events'`);
    const grantees = row!.acl.split(' ').map((entry) => entry.split('=', 1)[0]);
    expect(new Set(grantees)).toEqual(new Set([SERVICE_ROLE, 'postgres']));
  });
});

describe('the owner of the database', () => {
  const CHANGES = [
    "update events set type = 'Other' where position = 1",
    'delete from events where position = 2',
    'truncate events',
    'truncate events cascade',
    'delete from event_log',
    'truncate event_log',
  ];

  it.each(CHANGES)('is refused: %s', async (statement) => {
    expect(await answerTo(store.admin, statement)).toBe(APPEND_ONLY);
  });

  it.each(CHANGES)('is refused also as a replication role: %s', async (statement) => {
    expect(await answerTo(store.admin, 'set session_replication_role = replica', statement)).toBe(
      APPEND_ONLY,
    );
  });

  it('has triggers that always fire', async () => {
    const triggers = await store.rows(`
      select tgrelid::regclass::text as table, tgname as name, tgenabled as enabled from pg_trigger
       where tgrelid in ('events'::regclass, 'event_log'::regclass) and not tgisinternal order by 1, 2`);
    expect(triggers).toEqual([
      { table: 'event_log', name: 'the_head_stays', enabled: 'A' },
      { table: 'event_log', name: 'the_head_stays_whole', enabled: 'A' },
      { table: 'events', name: 'events_are_for_ever', enabled: 'A' },
      { table: 'events', name: 'events_are_for_ever_whole', enabled: 'A' },
    ]);
  });
});
