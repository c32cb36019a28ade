import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from './database.ts';

const PATIENCE = 2_000; // ms

/** Whether the database answers, takes changes, and answers as the role that cannot change the log. */
@Injectable()
export class DatabaseHealth {
  private asking: Promise<boolean> | null = null;

  constructor(private readonly database: Database) {}

  /** Answers in two seconds. One question at a time: those who ask for a database that is away must not use up the pool. */
  async check(): Promise<boolean> {
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return Promise.race([this.asking, sleep(PATIENCE, false, { ref: false })]);
  }

  private async ask(): Promise<boolean> {
    const row = await this.database
      .row(
        sql<{ usable: boolean }>`
          select not has_table_privilege('events', 'insert, update, delete, truncate')
             and current_setting('transaction_read_only') = 'off' as usable`,
      )
      .catch(() => undefined);
    return row?.usable === true;
  }
}
