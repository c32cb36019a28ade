import { Global, Module } from '@nestjs/common';
import { DatabaseMetrics } from '../database/database-metrics.ts';
import { gauge, Metrics } from './metrics.ts';
import { MetricsController } from './metrics.controller.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';

/** What an operator can watch. Modules count in `Metrics`, and have `DatabaseMetrics` ask for what the database knows. */
@Global()
@Module({
  controllers: [MetricsController],
  providers: [Metrics, DatabaseMetrics, ProcessMetrics, RequestMetrics],
  exports: [Metrics, DatabaseMetrics, RequestMetrics],
})
export class MetricsModule {
  constructor(metrics: Metrics, database: DatabaseMetrics) {
    metrics.from(async () => {
      const found = await database.families();
      const up = gauge('crm_sync_up', 'Whether the database answered: 1 or 0.', found === null ? 0 : 1);
      return [up, ...(found ?? []), ...(await database.pool())];
    });
  }
}
