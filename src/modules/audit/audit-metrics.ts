import { Injectable } from '@nestjs/common';
import { StoredLog } from '../../shared/event-store/stored-log.ts';
import { gauge, Metrics } from '../../shared/metrics/metrics.ts';
import { DatabaseMetrics } from '../../shared/database/database-metrics.ts';
import { Checkpoints } from './checkpoints.ts';

/** How long the log is, and how far it is signed. */
@Injectable()
export class AuditMetrics {
  constructor(metrics: Metrics, questions: DatabaseMetrics, log: StoredLog, checkpoints: Checkpoints) {
    questions.ask(
      { name: 'crm_sync_log_position', help: 'The position of the newest event.', type: 'gauge' },
      log.position,
    );
    metrics.from(() => {
      const { newest, isContradicted } = checkpoints.state();
      return [
        gauge(
          'crm_sync_checkpoint_position',
          'Up to where the log has been signed by this instance; 0: nowhere yet.',
          newest?.position ?? 0,
        ),
        gauge(
          'crm_sync_checkpoint_contradicted',
          'Whether the log does not hold any more what this instance has signed last: 1 or 0.',
          isContradicted ? 1 : 0,
        ),
      ];
    });
  }
}
