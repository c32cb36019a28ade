import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Database } from '../database/database.ts';
import type { EventStore, ReadModel } from './event-store.ts';
import type { Recorded } from './event.ts';

/** Where the new tables are made. Whoever asks finds only those of `public`. */
const DRAFTS = 'rebuilding';

const AT_A_TIME = 1_000; // events
/** So long do requests wait for the swap, should it have to wait for somebody; then it lets them go first. */
const LONGEST_WAIT = '2s';
const TRIES = 30;
const PAUSE = 500; // ms

export type Rebuilt = { events: number; tables: { name: string; rows: number; before: number }[] };
export type Progress = { position: number; head: number };

/** The database was not as it had to be. The message says what to do. */
export class NotRebuilt extends Error {}

/**
 * Makes the tables of a read model anew: fills new ones from the log, while the service goes on with the old ones, and puts
 * them in their place in one transaction. Whatever is recorded meanwhile is in them: the swap waits until nobody writes.
 * `database` is the owner's; `tell` may throw to end it.
 * @throws NotRebuilt; the old tables then are as they were
 */
export const rebuild = async (
  database: Database,
  events: EventStore,
  readModel: ReadModel,
  tell: (progress: Progress) => void = () => undefined,
): Promise<Rebuilt> => {
  const shape = await shapeOf(database);
  await makeDrafts(database, readModel.tables);
  const filler = new Filler(database, events, readModel);
  const head = await events.head();
  while (await filler.fill()) tell({ position: filler.after, head });
  for (const name of readModel.tables) await database.execute(sql`analyze ${draft(name)}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await swap(database, filler, readModel, shape);
    } catch (error) {
      if (codeOf(error) === '2BP01')
        throw new NotRebuilt(
          'Something that is not ours, a view perhaps, is built on one of its tables. Drop it first, and make it again afterwards.',
        );
      if (codeOf(error) !== '55P03') throw error;
      if (attempt === TRIES)
        throw new NotRebuilt('Somebody else has held one of its tables all the time. Say it again later.');
      await sleep(PAUSE);
      tell({ position: filler.after, head });
      await filler.fill();
    }
  }
};

const draft = (name: string): RawBuilder<unknown> => sql`${sql.id(DRAFTS, name)}`;
const live = (name: string): RawBuilder<unknown> => sql`${sql.id('public', name)}`;
const all = (names: readonly string[], place: typeof draft): RawBuilder<unknown> =>
  sql.join(names.map(place));

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** Feeds the new tables. */
class Filler {
  after = 0;
  count = 0;

  constructor(
    private readonly database: Database,
    private readonly events: EventStore,
    private readonly readModel: ReadModel,
  ) {}

  /** The next events, if there are any. */
  fill(): Promise<boolean> {
    return this.settled(() => this.feed(this.after));
  }

  /** All that are left, in a transaction that also swaps. */
  async fillUp(): Promise<{ after: number; count: number }> {
    let [after, count] = [this.after, this.count];
    for (let page = await this.feed(after); page.length > 0; page = await this.feed(after)) {
      after = page.at(-1)!.position;
      count += page.length;
    }
    return { after, count };
  }

  private async settled(work: () => Promise<Recorded[]>): Promise<boolean> {
    const fed = await this.database.transaction(async () => {
      await enterDrafts(this.database, this.readModel.tables);
      return work();
    });
    // Not before it is committed: a transaction may be run again.
    this.after = fed.at(-1)?.position ?? this.after;
    this.count += fed.length;
    return fed.length > 0;
  }

  private async feed(after: number): Promise<Recorded[]> {
    const { on, apply } = this.readModel;
    const page = await this.nextPage(after, AT_A_TIME);
    if (page.length > 0) await apply(page.filter(({ type }) => on.includes(type)));
    return page;
  }

  /** What was appended together stays together: only then is the read model as its own rules want it. */
  private async nextPage(after: number, limit: number): Promise<Recorded[]> {
    const page = await this.events.readAll({ after, types: this.readModel.on, limit });
    if (page.length < limit) return page;
    const { recordedAt } = page.at(-1)!;
    const whole = page.filter((event) => event.recordedAt !== recordedAt);
    return whole.length > 0 ? whole : this.nextPage(after, limit * 2);
  }
}

/** From here on the transaction means the new tables, and cannot mean the old ones should they be gone. */
const enterDrafts = async (database: Database, tables: readonly string[]): Promise<void> => {
  await database.execute(sql`lock table ${all(tables, draft)} in row exclusive mode`);
  await database.execute(sql`select set_config('search_path', ${`${DRAFTS}, public`}, true)`);
};

/** How often the database was brought up to date: tables that change their shape meanwhile must not be put back. */
const shapeOf = async (database: Database): Promise<string> => {
  const row = await database.row(sql<{ count: string }>`select count(*) as count from mikro_orm_migrations`);
  return row?.count ?? '';
};

/** Tables like the live ones, with their indexes, constraints and rights, under the same names. */
const makeDrafts = (database: Database, tables: readonly string[]): Promise<void> =>
  database.transaction(async () => {
    await database.execute(sql`drop schema if exists ${sql.id(DRAFTS)} cascade`);
    await database.execute(sql`create schema ${sql.id(DRAFTS)}`);
    const statements = await database.rows(sql<{ statement: string }>`
      with t as (select oid, relname as name, relacl, relowner from pg_class
                  where relnamespace = 'public'::regnamespace and relname = any(${tables}::text[]))
      select 1 as step, format('create table ${sql.raw(DRAFTS)}.%1$I (like public.%1$I including all excluding indexes)', name)
             as statement from t
      union all
      select 2, format('alter table ${sql.raw(DRAFTS)}.%I add constraint %I %s', t.name, k.conname, pg_get_constraintdef(k.oid))
        from t join pg_constraint k on k.conrelid = t.oid and k.contype in ('p', 'u', 'x')
      union all
      select 3, replace(pg_get_indexdef(i.indexrelid), format(' ON public.%I ', t.name),
                        format(' ON ${sql.raw(DRAFTS)}.%I ', t.name))
        from t join pg_index i on i.indrelid = t.oid
       where not exists (select from pg_constraint k where k.conindid = i.indexrelid)
      union all
      select 4, format('alter table ${sql.raw(DRAFTS)}.%I owner to %s', t.name, t.relowner::regrole) from t
      union all
      select 5, format('grant %s on ${sql.raw(DRAFTS)}.%I to %s', a.privilege_type, t.name,
                       case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
        from t cross join lateral aclexplode(t.relacl) a
      order by step`);
    for (const { statement } of statements) await database.execute(sql.raw(statement));
  });

const swap = (database: Database, filler: Filler, readModel: ReadModel, shape: string): Promise<Rebuilt> =>
  database.transaction(async () => {
    const { tables, keep } = readModel;
    await database.execute(sql`select set_config('lock_timeout', ${LONGEST_WAIT}, true)`);
    // Whoever has appended an event and not yet written it here waits, and then writes to the new tables.
    await database.execute(sql`lock table ${all(tables, live)} in access exclusive mode`);
    if ((await shapeOf(database)) !== shape)
      throw new NotRebuilt('The database was brought up to date meanwhile. Say it again.');
    await enterDrafts(database, tables);
    const { count } = await filler.fillUp();
    if (keep !== undefined) await database.execute(keep);
    const rows: Rebuilt['tables'] = [];
    for (const name of tables) {
      const [now, before] = [await countOf(database, draft(name)), await countOf(database, live(name))];
      rows.push({ name, rows: now, before });
    }
    await database.execute(sql`drop table ${all(tables, live)}`);
    for (const name of tables) await database.execute(sql`alter table ${draft(name)} set schema public`);
    await database.execute(sql`drop schema ${sql.id(DRAFTS)}`);
    return { events: count, tables: rows };
  });

const countOf = async (database: Database, table: RawBuilder<unknown>): Promise<number> => {
  const row = await database.row(sql<{ count: string }>`select count(*) from ${table}`);
  return Number(row?.count ?? 0);
};
