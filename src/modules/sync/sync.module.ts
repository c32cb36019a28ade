import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { CrmConnectionModule } from '../crm-connection/crm-connection.module.ts';
import { ActiveRuns } from './active-runs.store.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import { EndRun } from './end-run.ts';
import { Quarantine } from './quarantine.read-model.ts';
import { RunWorker } from './run-worker.ts';
import { SyncBookings } from './sync-bookings.ts';
import { SyncCrmHandler } from './sync-crm.ts';
import { SyncPage } from './sync-page.ts';
import { GetRunHandler, SyncRuns } from './sync-runs.read-model.ts';
import { SyncController } from './sync.controller.ts';
import { WaitForRun } from './wait-for-run.ts';

/** One run, from "go" to its counts. */
@Module({
  imports: [CqrsModule, CrmConnectionModule],
  controllers: [SyncController],
  providers: [
    SyncCrmHandler,
    GetRunHandler,
    RunWorker,
    SyncPage,
    SyncBookings,
    EndRun,
    WaitForRun,
    ActiveRuns,
    SyncRuns,
    CrmClientList,
    Quarantine,
  ],
})
export class SyncModule {
  constructor(events: EventStore, runs: SyncRuns, clients: CrmClientList, quarantine: Quarantine) {
    events.subscribe(runs);
    events.subscribe(clients);
    events.subscribe(quarantine);
  }
}
