import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery, sql } from 'kysely';
import type { Kysely, QueryResult, RawBuilder, Transaction } from 'kysely';
import type { Pool } from 'pg';
import { SETTINGS } from '../../mikro-orm.config.ts';
import { failpoint } from '../failpoint.ts';
import { isDiskFull } from './database-outage.ts';

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

const SET_SETTINGS = `select ${Object.entries(SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', true)`)
  .join(', ')}`;

type OpenTransaction = { transaction: Transaction<unknown>; afterCommit: (() => void)[] };
/** How far a transaction came: its work was done, by this id (null when nothing was written), or why not. */
type Done<T> = { result: T; id: string | null };

/**
 * The service's way to PostgreSQL: bound statements on MikroORM's pool, joined to the open transaction if there is one.
 * Only read models, stores and the event store use it.
 */
@Injectable()
export class Database {
  private readonly open = new AsyncLocalStorage<OpenTransaction>();
  private fullAt = -Infinity;
  private closed: Error | null = null;

  /** `pooled`: behind a pooler a session is nobody's, so that each transaction sets role and limits for itself. */
  constructor(
    private readonly em: EntityManager,
    private readonly pooled = false,
  ) {}

  async rows<Row>(query: RawBuilder<Row>): Promise<Row[]> {
    const result = await this.query(query);
    return result.rows;
  }

  async row<Row>(query: RawBuilder<Row>): Promise<Row | undefined> {
    return (await this.rows(query))[0];
  }

  /** Rows that the statement wrote. */
  async execute(query: RawBuilder<unknown>): Promise<number> {
    const result = await this.query(query);
    return Number(result.numAffectedRows ?? 0n);
  }

  /** For a library that brings SQL of its own, as text. Without values it may be several statements. */
  async run(text: string, values: unknown[] = []): Promise<{ rows: unknown[] }> {
    const open = this.open.getStore();
    if (open !== undefined) {
      const { rows } = await this.noting(open.transaction.executeQuery(CompiledQuery.raw(text, values)));
      return { rows };
    }
    this.refuseIfClosed();
    if (this.pooled && values.length > 0) return this.once(() => this.run(text, values));
    return this.noting(this.runAlone(text, values));
  }

  private async runAlone(text: string, values: unknown[]): Promise<{ rows: unknown[] }> {
    const pool: Pool = await this.em.getConnection().getNativeClient();
    if (!this.pooled) return values.length === 0 ? pool.query(text) : pool.query(text, values);
    // Statements that are sent together are one transaction, also together with a BEGIN among them.
    const [, ...results] = (await pool.query(`${SET_SETTINGS}; ${text}`)) as unknown as { rows: unknown[] }[];
    return results.length === 1 ? results[0]! : (results as unknown as { rows: unknown[] });
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
    this.refuseIfClosed();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(work);
      } catch (error) {
        if (attempt >= TRIES || !isWorthAnotherTry(error)) throw error;
        await sleep(Math.random() * Math.min(20 * 2 ** attempt, LONGEST_PAUSE));
      }
    }
  }

  /** Whether it has said within so many milliseconds that its disk is full. */
  wasFullWithin(ms: number): boolean {
    return performance.now() - this.fullAt < ms;
  }

  /** From here on nobody asks anything any more: all are told why. What is open may come to its end. */
  close(reason: Error): void {
    this.closed = reason;
  }

  /** Stands for the open transaction, if there is one. */
  current(): object | undefined {
    return this.open.getStore();
  }

  /** How the pool is used at the moment; `waiting`: for a connection that is free. */
  async connections(): Promise<{ total: number; idle: number; waiting: number }> {
    const pool: Pool = await this.em.getConnection().getNativeClient();
    return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
  }

  private async query<Row>(query: RawBuilder<Row>): Promise<QueryResult<Row>> {
    const open = this.open.getStore();
    if (open !== undefined) return this.noting(query.execute(open.transaction));
    this.refuseIfClosed();
    if (this.pooled) return this.once(() => this.query(query));
    return this.noting(query.execute(this.kysely()));
  }

  private refuseIfClosed(): void {
    if (this.closed !== null) throw this.closed;
  }

  private noting<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      if (isDiskFull(error)) this.fullAt = performance.now();
      throw error;
    });
  }

  private async once<T>(work: () => Promise<T>): Promise<T> {
    const afterCommit: (() => void)[] = [];
    let end: Done<T> | { cause: unknown } | null = null;
    const watched = async (): Promise<T> => {
      try {
        if (this.pooled) await this.rows(sql.raw(SET_SETTINGS));
        const result = await work();
        end = { result, id: await this.transactionId() };
        failpoint('before-commit');
        return result;
      } catch (cause) {
        end = { cause };
        throw cause;
      }
    };
    // Kysely's transaction and not MikroORM's, which keeps a connection for ever whose server process died within it.
    const outcome = this.kysely()
      .transaction()
      .execute((transaction) => this.open.run({ transaction, afterCommit }, watched));
    const result = await outcome.catch((error: unknown) => this.afterAll(end, error));
    failpoint('after-commit');
    for (const call of afterCommit) call();
    return result;
  }

  /** What became of a transaction whose end was not well: it failed, or the answer to its COMMIT is missing. */
  private async afterAll<T>(end: Done<T> | { cause: unknown } | null, error: unknown): Promise<T> {
    // A rollback that fails as well must not hide why it was needed.
    if (end === null || 'cause' in end) throw end?.cause ?? error;
    if (end.id === null || (await this.hasCommitted(end.id))) return end.result;
    throw error;
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
