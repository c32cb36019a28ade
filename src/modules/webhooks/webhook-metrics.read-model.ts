import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseMetrics } from '../../shared/database/database-metrics.ts';

/** What the inbox holds, and how much the webhooks tell. */
@Injectable()
export class WebhookMetrics {
  constructor(questions: DatabaseMetrics) {
    questions.ask(
      {
        name: 'crm_sync_webhook_inbox_waiting',
        help: 'Records that webhooks told of and that have not been looked at yet.',
        type: 'gauge',
      },
      sql`select jsonb_build_object('connection', w.connection_id),
                 (select count(*) from looks l where l.connection_id = w.connection_id and l.due_at is not null)
            from webhooks w`,
    );
    questions.ask(
      {
        name: 'crm_sync_changes_total',
        help: 'Changes in the CRM since the webhooks were made, by who brought them; by="sync": no webhook had announced it.',
        type: 'counter',
      },
      sql`select jsonb_build_object('connection', connection_id, 'by', who.name),
                 case who.name when 'sync' then by_sync else by_webhook end
            from webhooks, (values ('sync'), ('webhook')) as who (name) where counted_since is not null`,
    );
  }
}
