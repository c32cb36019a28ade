import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { BookingUpserted } from '../bookings/contract.ts';
import type { ClientImported, SyncCompleted } from '../sync/contract.ts';
import type { WebhooksEvent } from './contract.ts';

/** `changes`: who was first to bring each change since `since`; null before that. */
export type WebhooksRow = {
  registered: boolean;
  events: string[];
  registeredAt: string;
  changes: { since: string; byWebhook: number; bySync: number } | null;
};

type Change = ClientImported | BookingUpserted;
/** By connection. */
type Counts = Map<string, { byWebhook: number; bySync: number }>;
type ListEvent = WebhooksEvent | SyncCompleted | Change;

/** Which connections have webhooks, and how much of what has changed they have told. */
@Injectable()
export class WebhookList implements ReadModel<ListEvent> {
  readonly name = 'webhooks';
  readonly tables = ['webhooks'] as const;
  readonly on = [
    'CrmWebhooksRegistered',
    'CrmWebhooksRemoved',
    'SyncCompleted',
    'ClientImported',
    'BookingUpserted',
  ] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<ListEvent>[]): Promise<void> => {
    const counts: Counts = new Map();
    for (const event of events) {
      if (event.type === 'ClientImported' || event.type === 'BookingUpserted') count(counts, event);
      else {
        // What was before counts as it did then.
        await this.count(counts);
        if (event.type === 'CrmWebhooksRegistered') await this.add(event);
        else if (event.type === 'CrmWebhooksRemoved') await this.remove(event.data.connectionId);
        else await this.countFrom(event);
      }
    }
    await this.count(counts);
  };

  async one(connectionId: string): Promise<WebhooksRow | undefined> {
    return this.database.row(sql<WebhooksRow>`
      select registered, events, iso_utc(registered_at) as "registeredAt",
             case when counted_since is not null then json_build_object('since', iso_utc(counted_since),
               'byWebhook', by_webhook, 'bySync', by_sync) end as changes
        from webhooks where connection_id = ${connectionId}`);
  }

  private async add({ data, recordedAt }: Recorded<WebhooksEvent & { type: 'CrmWebhooksRegistered' }>) {
    await this.database.execute(sql`
      insert into webhooks (connection_id, registered, events, registered_at)
      values (${data.connectionId}, ${data.registered}, ${data.events}::text[], ${recordedAt})
      on conflict (connection_id) do update set registered = excluded.registered, events = excluded.events,
        registered_at = excluded.registered_at`);
  }

  private async remove(connectionId: string): Promise<void> {
    await this.database.execute(sql`delete from webhooks where connection_id = ${connectionId}`);
  }

  /** Everything was known then: whatever a later sync finds has changed since. */
  private async countFrom({ data, recordedAt }: Recorded<SyncCompleted>): Promise<void> {
    if (data.status === 'suspicious') return;
    await this.database.execute(sql`
      update webhooks set counted_since = ${recordedAt}
       where connection_id = ${data.connectionId} and counted_since is null`);
  }

  private async count(counts: Counts): Promise<void> {
    if (counts.size === 0) return;
    const rows = [...counts].map(([id, count]) => ({ id, ...count }));
    await this.database.execute(sql`
      update webhooks w set by_webhook = by_webhook + c."byWebhook", by_sync = by_sync + c."bySync"
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as c (id uuid, "byWebhook" int, "bySync" int)
       where w.connection_id = c.id and w.counted_since is not null`);
    counts.clear();
  }
}

/** What people have done, and what a merge of leads has done to bookings, is no change in the CRM. */
const count = (counts: Counts, { data, meta }: Recorded<Change>): void => {
  const isOurs = data.changed.length === 0 || data.changed.every((field) => field === 'leadId');
  const who = meta.actor === 'webhook' ? 'byWebhook' : meta.runId === undefined ? null : 'bySync';
  if (isOurs || who === null) return;
  const { connectionId } = data;
  const before = counts.get(connectionId) ?? { byWebhook: 0, bySync: 0 };
  counts.set(connectionId, { ...before, [who]: before[who] + 1 });
};
