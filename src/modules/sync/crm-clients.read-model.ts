import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { ClientEvent } from './contract.ts';
import { fingerprint } from './fingerprint.ts';

/** What a client looked like when it was last taken or put aside; `code` is set while it waits in quarantine. */
export type KnownClient = { fingerprint: string | null; code: string | null };

/** How each client looked last: what tells an unchanged one by a single look-up. */
@Injectable()
export class CrmClientList implements ReadModel<ClientEvent> {
  readonly name = 'crm-clients';
  readonly on = ['ClientImported', 'ClientQuarantined'] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<ClientEvent>[]): Promise<void> => {
    const rows = new Map<string, object>();
    for (const { type, data, personal } of events) {
      const { connectionId, externalId } = data;
      const values = type === 'ClientImported' ? personal : (personal?.values ?? null);
      rows.set(`${connectionId}/${externalId}`, {
        connectionId,
        externalId,
        fingerprint: values === null ? null : fingerprint(values),
        code: type === 'ClientQuarantined' ? data.code : null,
      });
    }
    await this.database.execute(sql`
      insert into crm_clients (connection_id, external_id, fingerprint, code)
      select "connectionId", "externalId", decode(fingerprint, 'base64'), code
        from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb)
          as c ("connectionId" uuid, "externalId" text, fingerprint text, code text)
      on conflict (connection_id, external_id) do update set fingerprint = excluded.fingerprint, code = excluded.code`);
  };

  async known(
    connectionId: string,
    externalIds: readonly string[],
  ): Promise<ReadonlyMap<string, KnownClient>> {
    const rows = await this.database.rows(sql<KnownClient & { externalId: string }>`
      select c.external_id as "externalId", encode(c.fingerprint, 'base64') as fingerprint, c.code
        from unnest(${externalIds}::text[]) as i (external_id)
       cross join lateral (select * from crm_clients
          where connection_id = ${connectionId} and external_id = i.external_id limit 1) c`);
    return new Map(rows.map(({ externalId, ...known }) => [externalId, known]));
  }

  /** How many clients of this connection are known. */
  async count(connectionId: string): Promise<number> {
    const row = await this.database.row(sql<{ count: string }>`
      select count(*) from crm_clients where connection_id = ${connectionId}`);
    return Number(row?.count ?? 0);
  }
}
