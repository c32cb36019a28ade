import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../database/database.ts';

/** One attempt to serve the request that a key stands for. `holder` (a UUID) is this attempt's own. */
export type Attempt = { actor: string; key: string; fingerprint: Buffer; holder: string };

/** `answer` is what `finish` was given. */
export type Claim =
  | { outcome: 'mine' }
  | { outcome: 'answered'; answer: Buffer }
  | { outcome: 'running' }
  | { outcome: 'another-request' };

const KEPT = sql.raw("interval '24 hours'");
/** An attempt that has not been heard of for so long is dead, and the next one takes over. */
const LEASE = sql.raw("interval '60 seconds'");
const TRIES = 5;

/** The table `idempotency_keys`: which key of which caller is being served, and what was answered. */
@Injectable()
export class IdempotencyStore {
  constructor(private readonly database: Database) {}

  async claim(attempt: Attempt): Promise<Claim> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await this.take(attempt)) return { outcome: 'mine' };
      const taken = await this.find(attempt);
      if (taken === undefined) continue; // Released in between.
      if (!taken.fingerprint.equals(attempt.fingerprint)) return { outcome: 'another-request' };
      return taken.answer === null ? { outcome: 'running' } : { outcome: 'answered', answer: taken.answer };
    }
    return { outcome: 'running' };
  }

  /** Says that the attempt is alive. */
  async renew({ actor, key, holder }: Attempt): Promise<void> {
    await this.database.execute(sql`
      update idempotency_keys set leased_until = clock_timestamp() + ${LEASE}
      where actor = ${actor} and key = ${key} and holder = ${holder}::uuid and answer is null`);
  }

  async finish({ actor, key, holder }: Attempt, answer: Buffer): Promise<void> {
    await this.database.execute(sql`
      update idempotency_keys set answer = ${answer}
      where actor = ${actor} and key = ${key} and holder = ${holder}::uuid and answer is null`);
    await this.database.execute(sql`
      delete from idempotency_keys where ctid in (
        select ctid from idempotency_keys where created_at < clock_timestamp() - ${KEPT}
        limit 100 for update skip locked)`);
  }

  /** Gives the key back: the next request with it starts afresh. */
  async release({ actor, key, holder }: Attempt): Promise<void> {
    await this.database.execute(sql`
      delete from idempotency_keys
      where actor = ${actor} and key = ${key} and holder = ${holder}::uuid and answer is null`);
  }

  private async take({ actor, key, fingerprint, holder }: Attempt): Promise<boolean> {
    const taken = await this.database.execute(sql`
      insert into idempotency_keys as known (actor, key, fingerprint, holder, leased_until, created_at)
      values (${actor}, ${key}, ${fingerprint}, ${holder}::uuid, clock_timestamp() + ${LEASE}, clock_timestamp())
      on conflict (actor, key) do update
        set fingerprint = excluded.fingerprint, holder = excluded.holder, leased_until = excluded.leased_until,
          created_at = excluded.created_at, answer = null
        where known.created_at < clock_timestamp() - ${KEPT}
          or (known.answer is null and known.leased_until < clock_timestamp()
            and known.fingerprint = excluded.fingerprint)`);
    return taken > 0;
  }

  private find({ actor, key }: Attempt): Promise<{ fingerprint: Buffer; answer: Buffer | null } | undefined> {
    return this.database.row(sql<{ fingerprint: Buffer; answer: Buffer | null }>`
      select fingerprint, answer from idempotency_keys where actor = ${actor} and key = ${key}`);
  }
}
