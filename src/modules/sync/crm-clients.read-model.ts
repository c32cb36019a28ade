import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { ClientIdentity } from './client.decider.ts';
import type {
  ClientEvent,
  ClientGone,
  ClientImported,
  ClientMissing,
  ClientQuarantined,
  ClientReturned,
} from './contract.ts';
import { fingerprint } from './fingerprint.ts';

/**
 * What a client looked like when it was last taken or put aside; `code` is set while it waits in quarantine (not dismissed),
 * `absence` while the CRM does not show it.
 */
export type KnownClient = {
  fingerprint: string | null;
  code: string | null;
  absence: 'missing' | 'gone' | null;
};

/** How a client looks now; null when its record cannot be read. */
export type Look = { externalId: string; fingerprint: string | null };

/** In base64 as well, and nobody's fingerprint: it is too short. */
const NONE = 'AAAA';

/** An array as one text: neither ids nor fingerprints hold line ends, and quoting a thousand elements costs more. */
const lines = (texts: readonly string[]): RawBuilder<string[]> =>
  sql`string_to_array(${texts.join('\n')}, E'\n')`;

type Presence = ClientMissing | ClientGone | ClientReturned;

type Row = {
  connectionId: string;
  externalId: string;
  fingerprint: string | null;
  code: string | null;
};

/** How each client looked last: what tells an unchanged one by a single look-up. */
@Injectable()
export class CrmClientList implements ReadModel<ClientEvent> {
  readonly name = 'crm-clients';
  readonly tables = ['crm_clients'] as const;
  readonly on = [
    'ClientImported',
    'ClientQuarantined',
    'ClientFixed',
    'ClientDismissed',
    'ClientMissing',
    'ClientGone',
    'ClientReturned',
  ] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<ClientEvent>[]): Promise<void> => {
    const rows = new Map<string, Row>();
    const fixed: ClientIdentity[] = [];
    /** Those that wait no longer: dismissed, or gone. */
    const released = new Map<string, ClientIdentity>();
    const present = new Map<string, Recorded<Presence>>();
    for (const event of events) {
      const { connectionId, externalId } = event.data;
      const name = `${connectionId}/${externalId}`;
      if (event.type === 'ClientImported' || event.type === 'ClientQuarantined') {
        rows.set(name, rowOf(event));
        // A newer version of a dismissed client waits again.
        released.delete(name);
      } else if (event.type === 'ClientFixed') fixed.push({ connectionId, externalId });
      else if (event.type !== 'ClientFixEnded' && event.type !== 'ClientDismissed') present.set(name, event);
      if (event.type === 'ClientDismissed' || event.type === 'ClientGone')
        released.set(name, { connectionId, externalId });
    }
    if (rows.size > 0) await this.write([...rows.values()]);
    await this.set(sql`fixed = true`, fixed);
    await this.set(sql`code = null`, [...released.values()]);
    await this.note([...present.values()]);
  };

  private async write(rows: Row[]): Promise<void> {
    await this.database.execute(sql`
      insert into crm_clients (connection_id, external_id, fingerprint, code)
      select "connectionId", "externalId", decode(fingerprint, 'base64'), code
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as c ("connectionId" uuid, "externalId" text, fingerprint text, code text)
      on conflict (connection_id, external_id) do update set fingerprint = excluded.fingerprint, code = excluded.code`);
  }

  /** Whether the CRM shows them. */
  private async note(events: readonly Recorded<Presence>[]): Promise<void> {
    if (events.length === 0) return;
    const rows = events.map(({ type, data, recordedAt }) => ({
      connectionId: data.connectionId,
      externalId: data.externalId,
      absence: ABSENCE[type],
      at: type === 'ClientReturned' ? null : recordedAt,
      run: data.runId,
      approved: 'approvedIn' in data,
    }));
    await this.database.execute(sql`
      update crm_clients c set absence = p.absence, absent_at = p.at, absence_run = p.run, approved = p.approved
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as p ("connectionId" uuid, "externalId" text, absence text, at timestamptz, run uuid, approved boolean)
       where c.connection_id = p."connectionId" and c.external_id = p."externalId"`);
  }

  private async set(what: RawBuilder<unknown>, clients: readonly ClientIdentity[]): Promise<void> {
    if (clients.length === 0) return;
    await this.database.execute(sql`
      update crm_clients c set ${what} from jsonb_to_recordset(${JSON.stringify(clients)}::jsonb)
          as i ("connectionId" uuid, "externalId" text)
       where c.connection_id = i."connectionId" and c.external_id = i."externalId"`);
  }

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
             encode(c.fingerprint, 'base64') as fingerprint, c.code, c.absence
        from unnest(${lines(clients.map(({ externalId }) => externalId))},
                    ${lines(clients.map((look) => look.fingerprint ?? NONE))}) as i (external_id, fingerprint)
        left join lateral (select * from crm_clients
          where connection_id = ${connectionId} and external_id = i.external_id limit 1) c on true
       where c.fingerprint is distinct from decode(i.fingerprint, 'base64') or c.code is not null
          or c.absence is not null`);
    return new Map(rows.map(({ externalId, isKnown, ...known }) => [externalId, isKnown ? known : null]));
  }

  /** Those of these clients of which somebody has put something right: their streams say what. */
  async fixed(connectionId: string, externalIds: readonly string[]): Promise<string[]> {
    const rows = await this.database.rows(sql<{ externalId: string }>`
      select external_id as "externalId" from crm_clients
       where connection_id = ${connectionId} and fixed and external_id = any(${externalIds}::text[])`);
    return rows.map(({ externalId }) => externalId);
  }
}

const ABSENCE = { ClientMissing: 'missing', ClientGone: 'gone', ClientReturned: null } as const;

const rowOf = (event: Recorded<ClientImported | ClientQuarantined>): Row => {
  const { connectionId, externalId } = event.data;
  const values = event.type === 'ClientImported' ? event.personal : (event.personal?.values ?? null);
  return {
    connectionId,
    externalId,
    fingerprint: values === null ? null : fingerprint(values),
    code: event.type === 'ClientQuarantined' ? event.data.code : null,
  };
};
