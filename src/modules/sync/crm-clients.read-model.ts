import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { ClientEvent } from './contract.ts';
import { fingerprint } from './fingerprint.ts';

/** What a client looked like when it was last taken or put aside; `code` is set while it waits in quarantine. */
export type KnownClient = { fingerprint: string | null; code: string | null };

/** How a client looks now; null when its record cannot be read. */
export type Look = { externalId: string; fingerprint: string | null };

/** In base64 as well, and nobody's fingerprint: it is too short. */
const NONE = 'AAAA';

/** An array as one text: neither ids nor fingerprints hold line ends, and quoting a thousand elements costs more. */
const lines = (texts: readonly string[]): RawBuilder<string[]> =>
  sql`string_to_array(${texts.join('\n')}, E'\n')`;

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

  /**
   * Which of these clients do not look exactly as they did when they were last taken, or wait in quarantine, with what is
   * known of them (null: nothing). Whoever is not in the answer has not changed.
   */
  async changed(
    connectionId: string,
    clients: readonly Look[],
  ): Promise<ReadonlyMap<string, KnownClient | null>> {
    const rows = await this.database.rows(sql<KnownClient & { externalId: string; isKnown: boolean }>`
      select i.external_id as "externalId", c.external_id is not null as "isKnown",
             encode(c.fingerprint, 'base64') as fingerprint, c.code
        from unnest(${lines(clients.map(({ externalId }) => externalId))},
                    ${lines(clients.map((look) => look.fingerprint ?? NONE))}) as i (external_id, fingerprint)
        left join lateral (select * from crm_clients
          where connection_id = ${connectionId} and external_id = i.external_id limit 1) c on true
       where c.fingerprint is distinct from decode(i.fingerprint, 'base64') or c.code is not null`);
    return new Map(rows.map(({ externalId, isKnown, ...known }) => [externalId, isKnown ? known : null]));
  }

  /** How many clients of this connection are known. */
  async count(connectionId: string): Promise<number> {
    const row = await this.database.row(sql<{ count: string }>`
      select count(*) from crm_clients where connection_id = ${connectionId}`);
    return Number(row?.count ?? 0);
  }
}
