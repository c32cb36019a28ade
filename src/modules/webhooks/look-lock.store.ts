import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../shared/database/database.ts';

const lockOf = (connectionId: string): RawBuilder<unknown> =>
  sql`hashtextextended(${`looks ${connectionId}`}, 0)`;

/**
 * Batches of a run and single looks keep out of each other's transactions: several batches may go on at a time, a look only by
 * itself. A look never queues for the lock, because the batches of a run wait for one another outside of the database.
 */
@Injectable()
export class LookLock {
  constructor(private readonly database: Database) {}

  /** Until the open transaction ends no look is recorded. */
  async share(connectionId: string): Promise<void> {
    await this.database.execute(sql`select pg_advisory_xact_lock_shared(${lockOf(connectionId)})`);
  }

  /** False when a batch is going on. */
  async tryAlone(connectionId: string): Promise<boolean> {
    const row = await this.database.row(sql<{ isMine: boolean }>`
      select pg_try_advisory_xact_lock(${lockOf(connectionId)}) as "isMine"`);
    return row?.isMine === true;
  }
}
