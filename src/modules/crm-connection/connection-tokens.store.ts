import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import { Refusal } from '../../shared/errors.ts';
import { pause } from '../../shared/pause.ts';
import { Keyring } from '../../shared/secrets.ts';
import { place } from './connection-secrets.store.ts';
import { connectionDisconnected } from './contract.ts';
import { CrmTokens, isHeld } from './crm-provider.ts';
import type { CrmToken } from './crm-provider.ts';
import { heldRefusal, holdSeconds, remembered, restored } from './login-refusals.ts';
import type { RememberedRefusal } from './login-refusals.ts';

/** How long whoever asks the CRM for a token may take before others try; longer than any login may last. */
const LEASE = sql`clock_timestamp() + interval '2 minutes'`;
const POLL = 200; // ms

export type Slot = 'token' | 'other_token';

/** What the last login for a token met, by the database's clock. */
type LastRefusal = { refusal: RememberedRefusal; at: Date; heldFor: number; until: string };

/** The tokens of all connections, shared by all instances, and the one lease under which a connection's are replaced. */
@Injectable()
export class ConnectionTokens {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
  ) {}

  of(connectionId: string, slot: Slot): CrmTokens {
    return new StoredTokens(connectionId, slot, this);
  }

  /** @throws the last refusal of a login while the next attempt would come too early. */
  async mayLogIn(connectionId: string, slot: Slot): Promise<void> {
    const last = await this.lastRefusal(connectionId, slot);
    if (last !== null && last.heldFor > 0) throw heldRefusal(last.refusal, last.heldFor, last.until);
  }

  /**
   * Works under the connection's lease: nobody else, on no instance, asks the CRM for a token meanwhile. A refusal counts
   * when it was met with the credentials in use.
   */
  async exclusively<T>(
    connectionId: string,
    work: () => Promise<T>,
    { counts, signal }: { counts: boolean; signal: AbortSignal },
  ): Promise<T> {
    let lease = await this.claim(connectionId);
    while (lease === null) {
      await pause(POLL, signal);
      lease = await this.claim(connectionId);
    }
    let refusal: Refusal | null = null;
    try {
      return await work();
    } catch (error) {
      if (counts && error instanceof Refusal && !isHeld(error)) refusal = error;
      throw error;
    } finally {
      await this.settle(connectionId, 'token', lease, refusal);
    }
  }

  async token(connectionId: string, slot: Slot): Promise<CrmToken | null> {
    const row = await this.database.row(sql<{ token: Buffer | null }>`
      select ${sql.ref(slot)} as token from connection_secrets where connection_id = ${connectionId}`);
    if (row === undefined) throw connectionDisconnected();
    if (row.token === null) return null;
    return JSON.parse(this.keyring.open(row.token, place(connectionId, slot)).toString()) as CrmToken;
  }

  async claim(connectionId: string): Promise<string | null> {
    const lease = randomUUID();
    const claimed = await this.database.execute(sql`
      update connection_secrets set token_lease = ${lease}, token_lease_until = ${LEASE}
       where connection_id = ${connectionId} and (token_lease_until is null or token_lease_until < clock_timestamp())`);
    if (claimed === 1) return lease;
    const row = await this.database.row(
      sql`select from connection_secrets where connection_id = ${connectionId}`,
    );
    if (row === undefined) throw connectionDisconnected();
    return null;
  }

  /** Writes while the lease is held. False when it has been lost. */
  async keep(connectionId: string, slot: Slot, lease: string, token: CrmToken): Promise<boolean> {
    const sealed = this.keyring.seal(JSON.stringify(token), place(connectionId, slot));
    const kept = await this.database.execute(sql`
      update connection_secrets set ${sql.ref(slot)} = ${sealed}
       where connection_id = ${connectionId} and token_lease = ${lease}`);
    return kept === 1;
  }

  /** Ends the lease. A refusal is remembered for those who wait and, where it forbids the next attempt, beyond. */
  async settle(connectionId: string, slot: Slot, lease: string, refusal: Refusal | null): Promise<void> {
    const settled = sql`update connection_secrets set token_lease = null, token_lease_until = null
       where connection_id = ${connectionId} and token_lease = ${lease}`;
    if (refusal === null) await this.database.execute(settled);
    else {
      await this.database.execute(sql`
        with settled as (${settled} returning connection_id)
        insert into login_refusals
        select connection_id, ${slot}, ${JSON.stringify(remembered(refusal))}::jsonb, clock_timestamp(),
               clock_timestamp() + make_interval(secs => ${holdSeconds(refusal, slot)}) from settled
        on conflict (connection_id, slot) do update set refusal = excluded.refusal,
          refused_at = excluded.refused_at, held_until = excluded.held_until`);
    }
  }

  /** The database's clock: what instances agree on. */
  async now(): Promise<Date> {
    return (await this.database.row(sql<{ now: Date }>`select clock_timestamp() as now`))!.now;
  }

  async lastRefusal(connectionId: string, slot: Slot): Promise<LastRefusal | null> {
    const row = await this.database.row(sql<LastRefusal>`
      select refusal, refused_at as at, iso_utc(held_until) as until,
             extract(epoch from held_until - clock_timestamp())::float8 as "heldFor"
        from login_refusals where connection_id = ${connectionId} and slot = ${slot}`);
    return row ?? null;
  }
}

/** For one visit: remembers the token between its requests. A token that has been replaced meanwhile is refused, and asked for again. */
class StoredTokens extends CrmTokens {
  private last: CrmToken | null = null;

  constructor(
    private readonly connectionId: string,
    private readonly slot: Slot,
    private readonly tokens: ConnectionTokens,
  ) {
    super();
  }

  mayLogIn(): Promise<void> {
    return this.tokens.mayLogIn(this.connectionId, this.slot);
  }

  async current(): Promise<CrmToken | null> {
    this.last ??= await this.tokens.token(this.connectionId, this.slot);
    return this.last;
  }

  async replace(
    stale: CrmToken | null,
    obtain: (stored: CrmToken | null) => Promise<CrmToken>,
    signal: AbortSignal,
  ): Promise<CrmToken> {
    let waitsSince: Date | null = null;
    for (;;) {
      const lease = await this.tokens.claim(this.connectionId);
      const stored = await this.tokens.token(this.connectionId, this.slot);
      if (stored !== null && stored.token !== stale?.token) {
        if (lease !== null) await this.tokens.settle(this.connectionId, this.slot, lease, null);
        return (this.last = stored);
      }
      if (lease !== null) return (this.last = await this.obtain(lease, stored, waitsSince, obtain));
      waitsSince ??= await this.tokens.now();
      await pause(POLL, signal);
    }
  }

  private async obtain(
    lease: string,
    stored: CrmToken | null,
    waitsSince: Date | null,
    obtain: (stored: CrmToken | null) => Promise<CrmToken>,
  ): Promise<CrmToken> {
    const { connectionId, slot, tokens } = this;
    let refusal: Refusal | null = null;
    try {
      await this.shareFailure(waitsSince);
      // A refresh token works once. Whatever becomes of us and of the answer, nobody sends it again.
      if (stored?.refreshToken)
        await tokens.keep(connectionId, slot, lease, { ...stored, refreshToken: null });
      const token = await obtain(stored);
      await tokens.keep(connectionId, slot, lease, token);
      return token;
    } catch (error) {
      if (error instanceof Refusal && !isHeld(error)) refusal = error;
      throw error;
    } finally {
      await tokens.settle(connectionId, slot, lease, refusal);
    }
  }

  /** Who waited while somebody else was refused has been refused as well. */
  private async shareFailure(waitsSince: Date | null): Promise<void> {
    if (waitsSince === null) return;
    const last = await this.tokens.lastRefusal(this.connectionId, this.slot);
    if (last !== null && last.at >= waitsSince) throw restored(last.refusal);
  }
}
