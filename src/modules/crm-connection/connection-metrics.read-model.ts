import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseMetrics } from '../../shared/database/database-metrics.ts';

/** How each connection is; by its id, never by a name. */
@Injectable()
export class ConnectionMetrics {
  constructor(questions: DatabaseMetrics) {
    questions.ask(
      {
        name: 'crm_sync_connection_needs_attention',
        help: 'Whether a person has to do something about the connection: 1 or 0.',
        type: 'gauge',
      },
      sql`select jsonb_build_object('connection', id), case status when 'needs-attention' then 1 else 0 end
            from connections where status <> 'disconnected'`,
    );
    questions.ask(
      {
        name: 'crm_sync_connection_last_success_timestamp_seconds',
        help: 'When a sync of the connection last ended well; not there when none ever has.',
        type: 'gauge',
      },
      sql`select jsonb_build_object('connection', id), extract(epoch from last_synced_at)
            from connections where status <> 'disconnected' and last_synced_at is not null`,
    );
    questions.ask(
      {
        name: 'crm_sync_connection_next_sync_timestamp_seconds',
        help: 'When it syncs next by itself; not there without a schedule and while it pauses.',
        type: 'gauge',
      },
      sql`select jsonb_build_object('connection', connection_id), extract(epoch from least(regular_at, retry_at))
            from sync_times where not paused and least(regular_at, retry_at) is not null`,
    );
    questions.ask(
      {
        name: 'crm_sync_crm_pacing_seconds',
        help: 'How long the next request to the CRM would wait for its turn.',
        type: 'gauge',
      },
      sql`select jsonb_build_object('connection', connection_id),
                 greatest(extract(epoch from next_request_at - clock_timestamp()), 0) from connection_secrets`,
    );
  }
}
