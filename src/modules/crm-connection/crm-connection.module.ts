import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CONFIG } from '../../shared/config.ts';
import type { Config } from '../../shared/config.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { ChangeConnectionHandler } from './change-connection.ts';
import { ConnectCrmHandler } from './connect-crm.ts';
import { Connecting } from './connecting.store.ts';
import { ConnectionMetrics } from './connection-metrics.read-model.ts';
import { ConnectionSecrets } from './connection-secrets.store.ts';
import { ConnectionTokens } from './connection-tokens.store.ts';
import { Connections, GetConnectionHandler } from './connections.read-model.ts';
import { CrmBookings, CrmClients } from './contract.ts';
import { CrmRecords, CrmWebhooks } from '../webhooks/contract.ts';
import { CrmConnectionController } from './crm-connection.controller.ts';
import { CrmProvider } from './crm-provider.ts';
import { RecordReader } from './record-reader.ts';
import { CrmSessions } from './crm-sessions.ts';
import { DisconnectCrmHandler } from './disconnect-crm.ts';
import { ListConnectionsHandler } from './list-connections.ts';
import { ReplaceCredentialsHandler } from './replace-credentials.ts';
import { FireSchedules } from './schedule/fire-schedules.ts';
import { SyncTimeTable } from './schedule/sync-times.read-model.ts';
import { UpcomingSyncs } from './schedule/upcoming-syncs.ts';
import { SharedFailures } from './shared-failures.ts';
import { SimplyBookSettings } from './simplybook/settings.ts';
import { SimplyBookProvider } from './simplybook/simplybook.provider.ts';
import { WebhookRegister } from './webhook-register.ts';

/** Who we may talk to, and how. A second CRM is a second provider here. */
@Module({
  imports: [CqrsModule, HttpModule],
  controllers: [CrmConnectionController],
  providers: [
    ConnectCrmHandler,
    ChangeConnectionHandler,
    DisconnectCrmHandler,
    ReplaceCredentialsHandler,
    GetConnectionHandler,
    ListConnectionsHandler,
    Connections,
    ConnectionSecrets,
    ConnectionMetrics,
    ConnectionTokens,
    Connecting,
    SyncTimeTable,
    UpcomingSyncs,
    FireSchedules,
    SharedFailures,
    CrmSessions,
    { provide: CrmClients, useExisting: CrmSessions },
    { provide: CrmBookings, useExisting: CrmSessions },
    { provide: CrmRecords, useClass: RecordReader },
    { provide: CrmWebhooks, useClass: WebhookRegister },
    { provide: CrmProvider, useClass: SimplyBookProvider },
    {
      provide: SimplyBookSettings,
      useFactory: ({ simplybook: { restUrl, rpcUrl } }: Config) =>
        new SimplyBookSettings({ restUrl, rpcUrl }),
      inject: [CONFIG],
    },
  ],
  exports: [CrmClients, CrmBookings, CrmRecords, CrmWebhooks],
})
export class CrmConnectionModule {
  constructor(events: EventStore, connections: Connections, times: SyncTimeTable) {
    events.subscribe(connections);
    events.subscribe(times);
  }
}
