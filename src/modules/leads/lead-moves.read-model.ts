import { sql } from 'kysely';
import type { Database } from '../../shared/database/database.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { LeadGone, LeadMerged, LeadRestored, LeadSplit, MovedSource } from './contract.ts';
import { keysOf } from './lead-identity.ts';
import type { KeyedSource } from './lead-identity.ts';
import { columns, flat } from './lead-details.ts';
import type { Columns } from './lead-details.ts';
import { derived } from './lead-search.ts';
import { isAlive, valuesOf } from './lead.decider.ts';
import type { LeadSource } from './lead.decider.ts';

type Filed = LeadSource & KeyedSource & { leadId: string };

export type Moved = LeadMerged | LeadSplit;
export type Announced = LeadGone | LeadRestored;

/**
 * What merges and splits do to the tables of the lead list, and announcements to the versions there. A merged lead keeps its row, which holds nothing but its
 * e-mail key: whoever comes with that e-mail belongs to the lead that it is a part of now.
 */
export class LeadMoves {
  constructor(private readonly database: Database) {}

  async move(event: Recorded<Moved>): Promise<void> {
    const { type, data, recordedAt, version } = event;
    const { leadId, otherId, role, sources } = data;
    // Both leads have the event: that of the one which goes or comes back moves the sources.
    if (role !== 'kept') {
      const owner = type === 'LeadMerged' ? otherId : leadId;
      await this.moveSources(owner, event, sources);
      const parts = [leadId, ...new Set(sources.flatMap(({ via = [] }) => via))];
      await this.database.execute(sql`
        update leads set merged_into = nullif(${owner}::uuid, id) where id = any(${parts}::uuid[])`);
    }
    await this.refresh(leadId, version, recordedAt);
  }

  /** What they announce stands in the row already; as events of the lead they count. */
  async count(events: readonly Recorded<Announced>[]): Promise<void> {
    if (events.length === 0) return;
    const rows = events.map(({ data, version, recordedAt }) => ({
      id: data.leadId,
      version,
      at: recordedAt,
    }));
    await this.database.execute(sql`
      update leads l set version = a.version, updated_at = a.at
        from (select distinct on (id) * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
                as r (id uuid, version int, at timestamptz) order by id, version desc) a
       where l.id = a.id and l.version < a.version`);
  }

  /** Gives these leads, and each lead that was merged into one of them, the key that is theirs. */
  async rekey(leadIds: readonly string[]): Promise<void> {
    const parts = new Map<string, string | null>(leadIds.map((id) => [id, null]));
    const sources = Map.groupBy(await this.sourcesOf(leadIds), ({ leadId }) => leadId);
    for (const [leadId, own] of sources) {
      for (const { home } of own) parts.set(home, null);
      for (const [key, home] of keysOf(leadId, own)) parts.set(home, key);
    }
    await this.database.execute(sql`
      update leads set email_key = p.key
        from unnest(${[...parts.keys()]}::uuid[], ${[...parts.values()]}::text[]) as p (id, key)
       where leads.id = p.id`);
  }

  /** Behind the sources that are there when merged, in the order they had; on its way back each keeps its place. */
  private async moveSources(
    owner: string,
    { type, data, position }: Recorded<Moved>,
    sources: readonly MovedSource[],
  ): Promise<void> {
    const isMerge = type === 'LeadMerged';
    const rows = sources.map(({ connectionId, externalId, via = [] }, index) => ({
      connectionId,
      externalId,
      home: via.at(-1) ?? (isMerge ? data.leadId : null),
      position: isMerge ? position + index : null,
    }));
    await this.database.execute(sql`
      update lead_sources s set lead_id = ${owner}, home_id = m.home, linked_position = coalesce(m.position, linked_position)
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as m ("connectionId" uuid, "externalId" text, home uuid, position bigint)
       where s.connection_id = m."connectionId" and s.external_id = m."externalId"`);
  }

  private async refresh(leadId: string, version: number, updatedAt: string): Promise<void> {
    const sources = await this.sourcesOf([leadId]);
    const values = valuesOf(sources);
    const { search, sortName } = derived(values);
    const { details } = columns(values);
    await this.database.execute(sql`
      update leads set name = ${values.name}, email = ${values.email}, phone = ${values.phone},
        details = ${details === null ? null : JSON.stringify(details)}::jsonb, search = ${search},
        sort_name = ${sortName}, status = ${isAlive(sources) ? 'active' : 'gone'}, updated_at = ${updatedAt}, version = ${version} where id = ${leadId}`);
    await this.rekey([leadId]);
  }

  private async sourcesOf(leadIds: readonly string[]): Promise<Filed[]> {
    const rows = await this.database.rows(sql<Columns & KeyedSource & { leadId: string }>`
      select lead_id as "leadId", connection_id as "connectionId", external_id as "externalId", name, email, phone, details,
             email_key as "emailKey", coalesce(home_id, lead_id) as home, iso_utc(gone_at) as gone
        from lead_sources where lead_id = any(${leadIds}::uuid[]) order by linked_position`);
    return rows.map(flat);
  }
}
