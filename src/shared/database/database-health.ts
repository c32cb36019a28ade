import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from './database.ts';

const PATIENCE = 2_000; // ms

/** Whether the database answers, and answers as the role that cannot change the log. */
@Injectable()
export class DatabaseHealth {
  constructor(private readonly database: Database) {}

  async check(): Promise<boolean> {
    const answered = this.database
      .row(
        sql<{
          safe: boolean;
        }>`select not has_table_privilege('events', 'insert, update, delete, truncate') as safe`,
      )
      .then((row) => row?.safe === true)
      .catch(() => false);
    return Promise.race([answered, sleep(PATIENCE, false, { ref: false })]);
  }
}
