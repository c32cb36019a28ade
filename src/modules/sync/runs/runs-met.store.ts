import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../../shared/database/database.ts';
import type { MetSince } from '../contract.ts';

/**
 * What runs have met, or have asked for and not found, as far as it can be told: when a run has ended, it may have met anything.
 */
@Injectable()
export class RunsMet {
  constructor(private readonly database: Database) {}

  async since({ connectionId, kind, externalId, since }: MetSince): Promise<boolean> {
    const row = await this.database.row(sql<{ met: boolean }>`
      select exists (select from active_runs a join run_seen s on s.run_id = a.run_id
               where a.connection_id = ${connectionId} and s.kind = ${kind} and s.written_at >= ${since}::timestamptz
                 and (${externalId} = any(s.external_ids) or ${externalId} = any(s.others)))
          or exists (select from crm_clients
               where ${kind} = 'client' and connection_id = ${connectionId} and external_id = ${externalId}
                 and absent_at >= ${since}::timestamptz)
          or exists (select from sync_runs
               where connection_id = ${connectionId} and finished_at >= ${since}::timestamptz) as met`);
    return row?.met === true;
  }
}
