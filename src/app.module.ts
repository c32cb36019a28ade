import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { ScheduleModule } from '@nestjs/schedule';
import type { Logger } from 'pino';
import { AccessModule } from './modules/access/access.module.ts';
import { AuditModule } from './modules/audit/audit.module.ts';
import { BookingsModule } from './modules/bookings/bookings.module.ts';
import { ConsoleModule } from './modules/console/console.module.ts';
import { CrmConnectionModule } from './modules/crm-connection/crm-connection.module.ts';
import { LeadsModule } from './modules/leads/leads.module.ts';
import { SummaryModule } from './modules/summary/summary.module.ts';
import { SyncModule } from './modules/sync/sync.module.ts';
import { WebhooksModule } from './modules/webhooks/webhooks.module.ts';
import { CONFIG } from './shared/config.ts';
import type { Config } from './shared/config.ts';
import { DatabaseModule } from './shared/database/database.module.ts';
import { VersionCheck } from './shared/database/version-check.ts';
import { EventStoreModule } from './shared/event-store/event-store.module.ts';
import { EdgeModule } from './shared/http/edge.module.ts';
import { JobsModule } from './shared/jobs/jobs.module.ts';
import type { Keyring } from './shared/secrets.ts';
import { Shutdown } from './shared/shutdown.ts';

export type AppOptions = {
  config: Config;
  databaseUrl: string;
  pooled: boolean;
  keyring: Keyring;
  logId: string;
  apiKey: string;
  logger: Logger;
};

/** The table of contents. Read models are fed in the order in which these modules subscribe them. */
@Global()
@Module({})
export class AppModule {
  static forRoot({ config, databaseUrl, pooled, keyring, logId, apiKey, logger }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot(databaseUrl, pooled),
        EventStoreModule.forRoot(keyring),
        JobsModule,
        EdgeModule.forRoot({ logger, publicUrl: config.publicUrl }),
        AccessModule.forRoot(apiKey, config.publicUrl),
        CqrsModule.forRoot(),
        ScheduleModule.forRoot(),
        CrmConnectionModule,
        SyncModule,
        LeadsModule,
        BookingsModule,
        WebhooksModule,
        AuditModule.forRoot(logId),
        SummaryModule,
        ConsoleModule,
      ],
      providers: [{ provide: CONFIG, useValue: config }, Shutdown, VersionCheck],
      exports: [CONFIG, Shutdown, VersionCheck],
    };
  }
}
