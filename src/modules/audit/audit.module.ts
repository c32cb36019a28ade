import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.ts';
import { LiveEvents } from './live-events.ts';

@Module({ controllers: [AuditController], providers: [LiveEvents] })
export class AuditModule {}
