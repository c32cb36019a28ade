import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';

const FIRST = 10; // s
const LONGEST = 600; // s

/** A CRM that does not answer is left alone, each time for longer; one pause for all that waits, in the whole cluster. */
@Injectable()
export class LookPauses {
  constructor(private readonly database: Database) {}

  /** Seconds that are left of the pause; 0 when there is none. */
  async left(connectionId: string): Promise<number> {
    const row = await this.database.row(sql<{ left: number }>`
      select greatest(extract(epoch from until - clock_timestamp()), 0)::float8 as left
        from look_pauses where connection_id = ${connectionId}`);
    return row?.left ?? 0;
  }

  async begin(connectionId: string): Promise<void> {
    await this.database.execute(sql`
      insert into look_pauses as p (connection_id, until, failures)
      values (${connectionId}, clock_timestamp() + make_interval(secs => ${FIRST}), 1)
      on conflict (connection_id) do update set failures = p.failures + 1,
        until = clock_timestamp() + make_interval(secs => least(${FIRST} * 2 ^ least(p.failures, 10), ${LONGEST}))`);
  }

  async end(connectionId: string): Promise<void> {
    await this.database.execute(sql`delete from look_pauses where connection_id = ${connectionId}`);
  }
}
