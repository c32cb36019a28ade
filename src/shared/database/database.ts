import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { Pool } from 'pg';

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

type OpenTransaction = { transaction: Transaction<unknown>; afterCommit: (() => void)[] };

/**
 * The service's way to PostgreSQL: bound statements on MikroORM's pool, joined to the open transaction if there is one.
 * Only read models, stores and the event store use it.
 */
@Injectable()
export class Database {
  private readonly open = new AsyncLocalStorage<OpenTransaction>();

  constructor(private readonly em: EntityManager) {}

  async rows<Row>(query: RawBuilder<Row>): Promise<Row[]> {
    const result = await query.execute(this.connection());
    return result.rows;
  }

  async row<Row>(query: RawBuilder<Row>): Promise<Row | undefined> {
    return (await this.rows(query))[0];
  }

  /** Rows that the statement wrote. */
  async execute(query: RawBuilder<unknown>): Promise<number> {
    const result = await query.execute(this.connection());
    return Number(result.numAffectedRows ?? 0n);
  }

  /** For a library that brings SQL of its own, as text. Without values it may be several statements. */
  async run(text: string, values: unknown[] = []): Promise<{ rows: unknown[] }> {
    const open = this.open.getStore();
    if (open !== undefined) {
      const { rows } = await open.transaction.executeQuery(CompiledQuery.raw(text, values));
      return { rows };
    }
    const pool: Pool = await this.em.getConnection().getNativeClient();
    return values.length === 0 ? pool.query(text) : pool.query(text, values);
  }

  /** To be called when the open transaction has committed, and not at all when it has not; at once when none is open. */
  afterCommit(call: () => void): void {
    const open = this.open.getStore();
    if (open === undefined) call();
    else open.afterCommit.push(call);
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

  /** Kysely's transaction and not MikroORM's, which keeps a connection for ever whose server process died within it. */
  private async once<T>(work: () => Promise<T>): Promise<T> {
    let cause: { error: unknown } | null = null;
    const afterCommit: (() => void)[] = [];
    const watched = (): Promise<T> =>
      work().catch((error: unknown) => {
        cause = { error };
        throw error;
      });
    try {
      const result = await this.em
        .getKysely<unknown>()
        .transaction()
        .execute((transaction) => this.open.run({ transaction, afterCommit }, watched));
      for (const call of afterCommit) call();
      return result;
    } catch (error) {
      // A rollback that fails as well must not hide why it was needed.
      throw (cause as { error: unknown } | null)?.error ?? error;
    }
  }

  /** Stands for the open transaction, if there is one. */
  current(): object | undefined {
    return this.open.getStore();
  }

  private connection(): Kysely<unknown> {
    return this.open.getStore()?.transaction ?? this.em.getKysely<unknown>();
  }
}
