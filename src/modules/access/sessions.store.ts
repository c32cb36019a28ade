import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';

const LASTS = sql.raw("interval '7 days'");
const LINK_LASTS = sql.raw("interval '1 hour'");

/** The tables `sessions` and `sign_in_links`: marks of tokens, never tokens. Time is the database's. */
@Injectable()
export class SessionsStore {
  constructor(private readonly database: Database) {}

  /** When it expires, as UTC. */
  async open(mark: Buffer): Promise<string> {
    await this.database.execute(sql`delete from sessions where expires_at < clock_timestamp()`);
    const opened = await this.database.row(sql<{ expiresAt: string }>`
      insert into sessions values (${mark}, clock_timestamp(), clock_timestamp() + ${LASTS})
      returning iso_utc(expires_at) as "expiresAt"`);
    return opened!.expiresAt;
  }

  /** When it expires; null when it is none or no more. */
  async find(mark: Buffer): Promise<string | null> {
    const found = await this.database.row(sql<{ expiresAt: string }>`
      select iso_utc(expires_at) as "expiresAt" from sessions
       where mark = ${mark} and expires_at > clock_timestamp()`);
    return found?.expiresAt ?? null;
  }

  async close(mark: Buffer): Promise<void> {
    await this.database.execute(sql`delete from sessions where mark = ${mark}`);
  }

  async offerLink(mark: Buffer): Promise<void> {
    await this.database.execute(sql`delete from sign_in_links where expires_at < clock_timestamp()`);
    await this.database.execute(sql`
      insert into sign_in_links values (${mark}, clock_timestamp() + ${LINK_LASTS})`);
  }

  /** Whether there was such a link; there is none afterwards. */
  async useLink(mark: Buffer): Promise<boolean> {
    const used = await this.database.execute(sql`
      delete from sign_in_links where mark = ${mark} and expires_at > clock_timestamp()`);
    return used > 0;
  }
}
