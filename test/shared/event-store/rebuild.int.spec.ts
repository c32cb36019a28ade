import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { asOwner } from '../../../src/shared/database/as-owner.ts';
import type { Database } from '../../../src/shared/database/database.ts';
import { EventStore } from '../../../src/shared/event-store/event-store.ts';
import type { ReadModel } from '../../../src/shared/event-store/event-store.ts';
import type { Recorded } from '../../../src/shared/event-store/event.ts';
import { rebuild } from '../../../src/shared/event-store/rebuild.ts';
import type { Rebuilt } from '../../../src/shared/event-store/rebuild.ts';
import { SubjectKeys } from '../../../src/shared/event-store/subject-keys.ts';
import { areWaiting, happened, META, openTestStore, recording, until } from '../event-store-harness.ts';
import type { TestStore } from '../event-store-harness.ts';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  await store.rows(`create table noted (
    id text primary key, position bigint not null, looked_at int not null default 0,
    constraint noted_position_key unique (position) deferrable initially deferred)`);
  await store.rows('create index noted_late_idx on noted (position desc) where position > 3');
  await store.rows('grant select, insert, update on noted to crm_sync_service');
  store.events.subscribe(noted(store.database));
});
afterAll(() => store.close());

/** Notes what has happened and where; how often somebody has looked at it is state. */
const noted = (database: Database): ReadModel => ({
  name: 'noted',
  tables: ['noted'],
  on: ['SomethingHappened'],
  apply: async (events: Recorded[]) => {
    for (const { data, position } of events)
      await database.execute(
        sql`insert into noted (id, position) values (${(data as { id: string }).id}, ${position})`,
      );
  },
  keep: sql`update noted n set looked_at = o.looked_at from public.noted o where o.id = n.id`,
});

const made = (): Promise<Rebuilt | null> =>
  asOwner(store.url, (database) =>
    rebuild(database, new EventStore(database, new SubjectKeys(database, store.keyring)), noted(database)),
  );
const record = (id: string, events = store.events): Promise<unknown> =>
  events.transact([recording(`noted-${id}`, happened(id))], META);
const rows = (): Promise<object[]> => store.rows('select * from noted order by position');
const ids = async (): Promise<string[]> =>
  (await store.rows<{ id: string }>('select id from noted order by position')).map(({ id }) => id);

/** Everything about a table but its rows. */
const shape = (): Promise<object[]> =>
  store.rows(`
    select 'column' as what, attname::text as name, format_type(atttypid, atttypmod) || attnotnull || coalesce(
             pg_get_expr(d.adbin, d.adrelid), '') as is
      from pg_attribute a left join pg_attrdef d on d.adrelid = attrelid and d.adnum = attnum
     where attrelid = 'noted'::regclass and attnum > 0
    union all select 'constraint', conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'noted'::regclass
    union all select 'index', indexname, indexdef from pg_indexes where tablename = 'noted'
    union all select 'right', grantee, string_agg(privilege_type, ' ' order by privilege_type)
      from information_schema.role_table_grants where table_name = 'noted' group by grantee
    union all select 'schema', nspname, '' from pg_namespace where nspname = 'rebuilding'
    order by 1, 2`);

/** Another instance whose read model waits at this point of its transaction. */
const held = async (when: 'before' | 'after') => {
  const instance = await store.another();
  const { promise: opened, resolve: release } = Promise.withResolvers<void>();
  const { promise: reached, resolve: arrive } = Promise.withResolvers<void>();
  const { apply, ...rest } = noted(instance.database);
  instance.events.subscribe({
    ...rest,
    apply: async (events) => {
      if (when === 'after') await apply(events);
      arrive();
      await opened;
      if (when === 'before') await apply(events);
    },
  });
  return { events: instance.events, reached, release };
};

describe('a read model that is made anew', () => {
  it('holds what it held, under the same names and with the same rights, and what is state beside the log', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await record(id);
    await store.rows("update noted set looked_at = 7 where id = 'c'");
    const [before, shaped] = [await rows(), await shape()];
    expect(await made()).toEqual({ events: 5, tables: [{ name: 'noted', rows: 5, before: 5 }] });
    expect(await rows()).toEqual(before);
    expect(await shape()).toEqual(shaped);
    await record('f');
    expect(await ids()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('is right again when somebody has broken it', async () => {
    await store.rows("delete from noted where id < 'e'");
    expect(await made()).toMatchObject({ tables: [{ rows: 6, before: 2 }] });
    expect(await ids()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('has what was appended but not yet written to it when it was swapped', async () => {
    const { events, reached, release } = await held('before');
    const recording = record('g', events);
    await reached;
    expect(await made()).toMatchObject({ events: 6 });
    release();
    await recording;
    expect((await ids()).at(-1)).toBe('g');
  });

  it('waits for what was written to it and not yet committed', async () => {
    const { events, reached, release } = await held('after');
    const recording = record('h', events);
    await reached;
    const making = made();
    await until(store, areWaiting(1));
    release();
    await recording;
    expect(await making).toMatchObject({ events: 8, tables: [{ rows: 8, before: 8 }] });
    expect((await ids()).slice(-2)).toEqual(['g', 'h']);
  });

  it('lets those who ask go first while somebody keeps it from being swapped', async () => {
    const [reader, other] = [await store.another(), await store.another()];
    const { promise: enough, resolve: leave } = Promise.withResolvers<void>();
    const reading = reader.database.transaction(async () => {
      await reader.database.rows(sql`select from noted`);
      await enough;
    });
    const making = made();
    await until(store, areWaiting(1));
    expect(await other.database.rows(sql`select from noted`)).toHaveLength(8);
    leave();
    await reading;
    expect(await making).toMatchObject({ events: 8 });
  });

  it('stays as it was when something of somebody else is built on it', async () => {
    await store.rows('create view report as select count(*) from noted');
    await expect(made()).rejects.toThrow(/a view perhaps/);
    expect(await ids()).toHaveLength(8);
    await store.rows('drop view report');
    // What the attempt has left does not stand in the way of the next one.
    expect(await made()).toMatchObject({ events: 8 });
  });

  it('is made by one at a time', async () => {
    await asOwner(store.url, async () => {
      expect(await made()).toBeNull();
    });
  });
});
