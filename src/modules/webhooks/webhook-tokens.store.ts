import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';

const BYTES = 32;
/** How many open at a time: each new one ends the oldest. Many, because the CRM may not have heard of the last ones. */
const MOST = 10;
/** A delivery may be repeated 43 h 40 min after the first try. */
const OVERLAP = sql.raw("interval '48 hours'");

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

type Row = { digest: Buffer; isOlder: boolean; expires: boolean };

/** What opens the addresses of webhooks: only digests of them are kept. */
@Injectable()
export class WebhookTokens {
  constructor(private readonly database: Database) {}

  /** A new one, told this once. Those before it open on. */
  async make(connectionId: string): Promise<string> {
    const token = randomBytes(BYTES).toString('base64url');
    await this.database.transaction(async () => {
      await this.database.execute(sql`
        insert into webhook_tokens (connection_id, digest) values (${connectionId}, ${digestOf(token)})`);
      await this.database.execute(sql`
        delete from webhook_tokens where connection_id = ${connectionId}
           and (expires_at < clock_timestamp() or digest not in (select digest from webhook_tokens
             where connection_id = ${connectionId} order by ordinal desc limit ${MOST}))`);
    });
    return token;
  }

  /** Whether it opens. Takes as long for a wrong one as for the right one; the first use of a new one ends those before it. */
  async open(connectionId: string, token: string): Promise<boolean> {
    const digest = digestOf(token);
    const rows = await this.database.rows(sql<Row>`
      select digest, expires_at is not null as expires,
             ordinal < max(ordinal) over () as "isOlder"
        from webhook_tokens
       where connection_id = ${connectionId} and (expires_at is null or expires_at > clock_timestamp())`);
    const isRight = rows.map((row) => timingSafeEqual(row.digest, digest));
    const match = rows[isRight.indexOf(true)];
    if (match?.isOlder === false && rows.some(({ isOlder, expires }) => isOlder && !expires)) {
      await this.replace(connectionId, token);
    }
    return match !== undefined;
  }

  /** This one is in use: those before it open for two days more. */
  async replace(connectionId: string, token: string): Promise<void> {
    await this.database.execute(sql`
      update webhook_tokens set expires_at = clock_timestamp() + ${OVERLAP}
       where connection_id = ${connectionId} and expires_at is null and ordinal <
         (select ordinal from webhook_tokens where connection_id = ${connectionId} and digest = ${digestOf(token)})`);
  }

  /** True when there were any. */
  async remove(connectionId: string): Promise<boolean> {
    const removed = await this.database.execute(sql`
      delete from webhook_tokens where connection_id = ${connectionId}`);
    return removed > 0;
  }
}
