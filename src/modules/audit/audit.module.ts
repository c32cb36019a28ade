import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuditController } from './audit.controller.ts';
import { AuditMetrics } from './audit-metrics.ts';
import { Checkpoints, LOG_ID } from './checkpoints.ts';
import { LiveEvents } from './live-events.ts';
import { VerificationController } from './verification.controller.ts';
import { Verifications } from './verifications.ts';
import { VerifyLog } from './verify-log.ts';

/** Questions over the log, and whether it can be believed. */
@Module({
  controllers: [AuditController, VerificationController],
  providers: [LiveEvents, AuditMetrics, Checkpoints, Verifications, VerifyLog],
})
export class AuditModule {
  static forRoot(logId: string): DynamicModule {
    return { module: AuditModule, providers: [{ provide: LOG_ID, useValue: logId }] };
  }
}
