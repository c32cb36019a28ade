import { Inject, Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { CONFIG } from '../../shared/config.ts';
import type { Config } from '../../shared/config.ts';
import { Database } from '../../shared/database/database.ts';
import { pause } from '../../shared/pause.ts';
import { Keyring } from '../../shared/secrets.ts';
import { connectionDisconnected } from './contract.ts';
import type { CrmToken } from './crm-provider.ts';

/** What a user signs in with; never the login, which is no secret. */
export type Credentials = { secret: string; totpSecret: string | null };

/** What a connection signs in with: sealed in the database, for this connection's row and nothing else. */
@Injectable()
export class ConnectionSecrets {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Stores or replaces. Drops the tokens and what was refused: they came from other credentials. */
  async put(
    connectionId: string,
    { secret, totpSecret }: Credentials,
    token: CrmToken,
    lastStep: number | null = null,
  ): Promise<void> {
    const sealed = this.keyring.seal(secret, place(connectionId, 'secret'));
    const totp =
      totpSecret === null ? null : this.keyring.seal(totpSecret, place(connectionId, 'totp_secret'));
    const sealedToken = this.keyring.seal(JSON.stringify(token), place(connectionId, 'token'));
    await this.database.execute(sql`
      with forgotten as (delete from login_refusals where connection_id = ${connectionId})
      insert into connection_secrets (connection_id, secret, totp_secret, totp_step, token)
      values (${connectionId}, ${sealed}, ${totp}, ${lastStep}, ${sealedToken})
      on conflict (connection_id) do update set secret = excluded.secret, totp_secret = excluded.totp_secret,
        token = excluded.token, other_token = null, token_lease = null, token_lease_until = null`);
  }

  async remove(connectionId: string): Promise<void> {
    await this.database.execute(sql`delete from connection_secrets where connection_id = ${connectionId}`);
  }

  async credentials(connectionId: string): Promise<Credentials> {
    const row = await this.database.row(sql<{ secret: Buffer; totp_secret: Buffer | null }>`
      select secret, totp_secret from connection_secrets where connection_id = ${connectionId}`);
    if (row === undefined) throw connectionDisconnected();
    const { secret, totp_secret: totp } = row;
    return {
      secret: this.keyring.open(secret, place(connectionId, 'secret')).toString(),
      totpSecret: totp && this.keyring.open(totp, place(connectionId, 'totp_secret')).toString(),
    };
  }

  /** Marks a time step of the authenticator as used, for all instances. False when it, or a later one, was. */
  async takeStep(connectionId: string, step: number): Promise<boolean> {
    const taken = await this.database.execute(sql`
      update connection_secrets set totp_step = ${step}
       where connection_id = ${connectionId} and (totp_step is null or totp_step < ${step})`);
    return taken === 1;
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
    if (row.wait > 0) await pause(row.wait, signal);
  }
}

/** Where a sealed value belongs; it opens nowhere else. */
export const place = (
  connectionId: string,
  what: 'secret' | 'totp_secret' | 'token' | 'other_token',
): string => `connection_secrets/${connectionId}/${what}`;
