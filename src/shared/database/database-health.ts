import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Refusal } from '../errors.ts';
import { databaseAway, databaseFull } from './database-trouble.ts';
import { Database } from './database.ts';

const PATIENCE = 2_000; // ms
/** A disk that was full a moment ago still is, as long as nobody has found out otherwise. */
const FULL_FOR = 10_000; // ms

/** Whether the database answers, takes changes, and answers as the role that cannot change the log. */
@Injectable()
export class DatabaseHealth {
  private asking: Promise<Refusal | null> | null = null;

  constructor(private readonly database: Database) {}

  /**
   * What keeps requests from being served; null: nothing. Answers in two seconds. One question at a time: those who ask for
   * a database that is away must not use up the pool.
   */
  async trouble(): Promise<Refusal | null> {
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return Promise.race([this.asking, sleep(PATIENCE, databaseAway(), { ref: false })]);
  }

  private async ask(): Promise<Refusal | null> {
    const usable = sql<{ usable: boolean }>`
      select not has_table_privilege('events', 'insert, update, delete, truncate')
         and current_setting('transaction_read_only') = 'off' as usable`;
    try {
      const row = await this.database.row(usable);
      if (row?.usable !== true) return databaseAway();
    } catch (error) {
      return error instanceof Refusal ? error : databaseAway();
    }
    return this.database.wasFullWithin(FULL_FOR) ? databaseFull() : null;
  }
}
