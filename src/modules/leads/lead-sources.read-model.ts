import { sql } from 'kysely';
import type { Database } from '../../shared/database/database.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { LeadUpserted } from './contract.ts';
import { emailKey } from './email-key.ts';
import { columns } from './lead-details.ts';
import { NOTHING } from './lead.decider.ts';

/** What each source says, beside the leads of the lead list. */
export class LeadSources {
  constructor(private readonly database: Database) {}

  async write(events: Recorded<LeadUpserted>[]): Promise<void> {
    const rows = new Map<string, { position: number }>();
    for (const { data, personal, position: own } of events) {
      const { connectionId, externalId } = data.source;
      const name = `${connectionId}/${externalId}`;
      const values = { ...NOTHING, ...personal };
      const key = emailKey(values.email);
      // Where it was linked first, should the same source stand in the batch more than once.
      const position = rows.get(name)?.position ?? own;
      const home = data.via?.at(-1) ?? null;
      const gone = data.gone ?? null;
      const source = { connectionId, externalId, leadId: data.leadId, home, gone, ...columns(values) };
      const row = { position, ...source, emailKey: 'key' in key ? key.key : null };
      rows.set(name, row);
    }
    await this.database.execute(sql`
      insert into lead_sources (connection_id, external_id, lead_id, home_id, linked_position, name, email, email_key, phone,
        details, gone_at)
      select "connectionId", "externalId", "leadId", home, position, name, email, "emailKey", phone, details, gone
        from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as s ("connectionId" uuid,
          "externalId" text, "leadId" uuid, home uuid, position bigint, name text, email text, "emailKey" text, phone text,
          details jsonb, gone timestamptz)
      on conflict (connection_id, external_id) do update set name = excluded.name, email = excluded.email,
        email_key = excluded.email_key, phone = excluded.phone, details = excluded.details, gone_at = excluded.gone_at`);
  }
}
