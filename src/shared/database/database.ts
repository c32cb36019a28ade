import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Kysely, QueryResult, RawBuilder, Transaction } from 'kysely';
import { SETTINGS } from '../../mikro-orm.config.ts';

/** SQLSTATEs after which the same transaction, run again from its start, can succeed. */
const WORTH_ANOTHER_TRY = new Set([
  '40001', // serialization failure
  '40P01', // deadlock
  '23505', // unique violation: somebody else was faster, the next try sees what they wrote
]);
/** Of those that collide one gets through each time, so that as many can wait for one another as there are tries. */
const TRIES = 12;
const LONGEST_PAUSE = 1_000; // ms

const isWorthAnotherTry = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && WORTH_ANOTHER_TRY.has(String(error.code));

/** How a transaction ended of whose COMMIT no answer came is asked for so long, while the database may be away. */
const PATIENCE = 10_000; // ms
const ASK_AGAIN = 100; // ms

const setSettings = sql`select ${sql.join(
  Object.entries(SETTINGS).map(([name, value]) => sql`set_config(${sql.lit(name)}, ${sql.lit(value)}, true)`),
)}`;

/**
 * The service's way to PostgreSQL: bound statements on MikroORM's pool, joined to the open transaction if there is one.
 * Only read models, stores and the event store use it.
 */
@Injectable()
export class Database {
  private readonly open = new AsyncLocalStorage<Transaction<unknown>>();

  /** `pooled`: behind a pooler a session is nobody's, so that each transaction sets role and limits for itself. */
  constructor(
    private readonly em: EntityManager,
    private readonly pooled = false,
  ) {}

  async rows<Row>(query: RawBuilder<Row>): Promise<Row[]> {
    const result = await this.run(query);
    return result.rows;
  }

  async row<Row>(query: RawBuilder<Row>): Promise<Row | undefined> {
    return (await this.rows(query))[0];
  }

  /** Rows that the statement wrote. */
  async execute(query: RawBuilder<unknown>): Promise<number> {
    const result = await this.run(query);
    return Number(result.numAffectedRows ?? 0n);
  }

  /**
   * Runs `work` in a READ COMMITTED transaction, or in the one that is open. The outermost one is run again from its
   * start, a few times, when it collided with another: `work` must therefore do nothing but database work.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.open.getStore() !== undefined) return work();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(work);
      } catch (error) {
        if (attempt >= TRIES || !isWorthAnotherTry(error)) throw error;
        await sleep(Math.random() * Math.min(20 * 2 ** attempt, LONGEST_PAUSE));
      }
    }
  }

  /** Stands for the open transaction, if there is one. */
  current(): object | undefined {
    return this.open.getStore();
  }

  private async run<Row>(query: RawBuilder<Row>): Promise<QueryResult<Row>> {
    const open = this.open.getStore();
    if (open !== undefined) return query.execute(open);
    if (this.pooled) return this.once(() => this.run(query));
    return query.execute(this.kysely());
  }

  /** Kysely's transaction and not MikroORM's, which keeps a connection for ever whose server process died within it. */
  private async once<T>(work: () => Promise<T>): Promise<T> {
    let end: { result: T; id: string | null } | { cause: unknown } | null = null;
    const watched = async (): Promise<T> => {
      try {
        if (this.pooled) await this.rows(setSettings);
        const result = await work();
        end = { result, id: await this.transactionId() };
        return result;
      } catch (cause) {
        end = { cause };
        throw cause;
      }
    };
    try {
      return await this.kysely()
        .transaction()
        .execute((transaction) => this.open.run(transaction, watched));
    } catch (error) {
      const ended = end as { result: T; id: string | null } | { cause: unknown } | null;
      // A rollback that fails as well must not hide why it was needed.
      if (ended === null || 'cause' in ended) throw ended?.cause ?? error;
      if (ended.id === null || (await this.hasCommitted(ended.id))) return ended.result;
      throw error;
    }
  }

  /** Null when nothing was written. */
  private async transactionId(): Promise<string | null> {
    const row = await this.row(
      sql<{ id: string | null }>`select pg_current_xact_id_if_assigned()::text as id`,
    );
    return row?.id ?? null;
  }

  /** An answer to COMMIT that did not come says nothing: the server may have carried it out. It knows whether it has. */
  private async hasCommitted(id: string): Promise<boolean> {
    const status = sql<{ status: string | null }>`select pg_xact_status(${id}::xid8) as status`;
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(ASK_AGAIN)) {
      const row = await this.row(status).catch(() => null);
      if (row !== null && row?.status !== 'in progress') return row?.status === 'committed';
    }
    return false;
  }

  private kysely(): Kysely<unknown> {
    return this.em.getKysely<unknown>();
  }
}
