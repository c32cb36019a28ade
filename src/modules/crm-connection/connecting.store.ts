import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import { pause } from '../../shared/pause.ts';

/** Longer than connecting may last: a login has 75 seconds. */
const LEASE = sql`clock_timestamp() + interval '2 minutes'`;
const POLL = 100; // ms

/** One at a time, on all instances, connects a company: five clicks are one login. */
@Injectable()
export class Connecting {
  constructor(private readonly database: Database) {}

  async exclusively<T>(
    provider: string,
    company: string,
    work: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const lease = randomUUID();
    while (!(await this.claim(provider, company, lease))) await pause(POLL, signal);
    try {
      return await work();
    } finally {
      await this.database.execute(sql`delete from connecting where lease = ${lease}`);
    }
  }

  private async claim(provider: string, company: string, lease: string): Promise<boolean> {
    const claimed = await this.database.execute(sql`
      insert into connecting (provider, company, lease, lease_until) values (${provider}, ${company}, ${lease}, ${LEASE})
      on conflict (provider, company) do update set lease = excluded.lease, lease_until = excluded.lease_until
        where connecting.lease_until < clock_timestamp()`);
    return claimed === 1;
  }
}
