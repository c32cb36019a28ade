import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { CONFIG } from '../../shared/config.ts';
import type { Config } from '../../shared/config.ts';
import { Database } from '../../shared/database/database.ts';
import { Keyring } from '../../shared/secrets.ts';
import { connectionDisconnected } from './contract.ts';
import { CrmTokens } from './crm-provider.ts';
import type { CrmToken } from './crm-provider.ts';

/** How long whoever asks the CRM for a token may take before others try. */
const TOKEN_LEASE = sql`clock_timestamp() + interval '2 minutes'`;
const TOKEN_POLL = 200; // ms

/** What a connection signs in with: sealed in the database, for this connection's row and nothing else. */
@Injectable()
export class ConnectionSecrets {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Stores or replaces. Drops the token: it came from other credentials. */
  async put(connectionId: string, secret: string, token: CrmToken): Promise<void> {
    const sealed = this.keyring.seal(secret, place(connectionId, 'secret'));
    await this.database.execute(sql`
      insert into connection_secrets (connection_id, secret, token)
      values (${connectionId}, ${sealed}, ${this.sealToken(connectionId, token)})
      on conflict (connection_id) do update set secret = excluded.secret, token = excluded.token,
        token_lease = null, token_lease_until = null`);
  }

  async remove(connectionId: string): Promise<void> {
    await this.database.execute(sql`delete from connection_secrets where connection_id = ${connectionId}`);
  }

  async secret(connectionId: string): Promise<string> {
    const row = await this.database.row(sql<{ secret: Buffer }>`
      select secret from connection_secrets where connection_id = ${connectionId}`);
    if (row === undefined) throw connectionDisconnected();
    return this.keyring.open(row.secret, place(connectionId, 'secret')).toString();
  }

  /** The token that all instances share for this connection. */
  tokens(connectionId: string): CrmTokens {
    return new StoredTokens(connectionId, this);
  }

  /** Takes the next free place in the line of requests to this company, which all instances share, and waits for it. */
  async pace(connectionId: string, signal: AbortSignal): Promise<void> {
    const perSecond = this.config.simplybook.maxRequestsPerSecond;
    if (perSecond === 0) return;
    const row = await this.database.row(sql<{ wait: number }>`
      update connection_secrets
         set next_request_at = greatest(next_request_at, clock_timestamp()) + make_interval(secs => ${1 / perSecond})
       where connection_id = ${connectionId}
      returning extract(epoch from next_request_at - clock_timestamp())::float8 * 1000 - ${1000 / perSecond} as wait`);
    if (row === undefined) throw connectionDisconnected();
    if (row.wait > 0) await sleep(row.wait, undefined, { signal });
  }

  async token(connectionId: string): Promise<CrmToken | null> {
    const row = await this.database.row(sql<{ token: Buffer | null }>`
      select token from connection_secrets where connection_id = ${connectionId}`);
    if (row === undefined) throw connectionDisconnected();
    if (row.token === null) return null;
    return JSON.parse(this.keyring.open(row.token, place(connectionId, 'token')).toString()) as CrmToken;
  }

  async claimToken(connectionId: string): Promise<string | null> {
    const lease = randomUUID();
    const claimed = await this.database.execute(sql`
      update connection_secrets set token_lease = ${lease}, token_lease_until = ${TOKEN_LEASE}
       where connection_id = ${connectionId} and (token_lease_until is null or token_lease_until < clock_timestamp())`);
    return claimed === 1 ? lease : null;
  }

  /** Ends the lease; a null token leaves the stored one as it is. */
  async settleToken(connectionId: string, lease: string, token: CrmToken | null): Promise<void> {
    const sealed = token === null ? sql`token` : sql`${this.sealToken(connectionId, token)}`;
    await this.database.execute(sql`
      update connection_secrets set token = ${sealed}, token_lease = null, token_lease_until = null
       where connection_id = ${connectionId} and token_lease = ${lease}`);
  }

  private sealToken(connectionId: string, token: CrmToken): Buffer {
    return this.keyring.seal(JSON.stringify(token), place(connectionId, 'token'));
  }
}

/** For one visit: remembers the token between its requests. A token that has been replaced meanwhile is refused, and asked for again. */
class StoredTokens extends CrmTokens {
  private last: CrmToken | null = null;

  constructor(
    private readonly connectionId: string,
    private readonly secrets: ConnectionSecrets,
  ) {
    super();
  }

  async current(): Promise<CrmToken | null> {
    this.last ??= await this.secrets.token(this.connectionId);
    return this.last;
  }

  async replace(stale: CrmToken | null, obtain: () => Promise<CrmToken>): Promise<CrmToken> {
    for (;;) {
      const lease = await this.secrets.claimToken(this.connectionId);
      const stored = await this.secrets.token(this.connectionId);
      if (stored !== null && stored.token !== stale?.token) {
        if (lease !== null) await this.secrets.settleToken(this.connectionId, lease, null);
        return (this.last = stored);
      }
      if (lease !== null) return (this.last = await this.obtain(lease, obtain));
      await sleep(TOKEN_POLL);
    }
  }

  private async obtain(lease: string, obtain: () => Promise<CrmToken>): Promise<CrmToken> {
    let token: CrmToken | null = null;
    try {
      token = await obtain();
      return token;
    } finally {
      await this.secrets.settleToken(this.connectionId, lease, token);
    }
  }
}

const place = (connectionId: string, what: 'secret' | 'token'): string =>
  `connection_secrets/${connectionId}/${what}`;
