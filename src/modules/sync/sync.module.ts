import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { CrmConnectionModule } from '../crm-connection/crm-connection.module.ts';
import { ActiveRuns } from './active-runs.store.ts';
import { CancelRunHandler } from './cancel-run.ts';
import { ApproveDeletionsHandler } from './approve-deletions.ts';
import { ClientFixes } from './client-fixes.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import { DismissQuarantinedHandler } from './dismiss-quarantined.ts';
import { EndRun } from './end-run.ts';
import { FindQuarantined } from './find-quarantined.ts';
import { MetSinceHandler } from './met-since.ts';
import { QuarantineController } from './quarantine.controller.ts';
import { Overtaken } from './overtaken.ts';
import { Quarantine } from './quarantine.read-model.ts';
import { ReplayBookingHandler } from './replay-booking.ts';
import { ReplayClientHandler } from './replay-client.ts';
import { FreedAddresses } from './freed-addresses.ts';
import { LoseClients } from './lose-clients.ts';
import { MissedClients } from './missed-clients.store.ts';
import { MissingClients } from './missing-clients.ts';
import { RunChangesController } from './run-changes.controller.ts';
import { RunWorker } from './run-worker.ts';
import { RunsMet } from './runs-met.store.ts';
import { SyncBookings } from './sync-bookings.ts';
import { SweepQuarantineHandler } from './sweep-quarantine.ts';
import { SyncClients } from './sync-clients.ts';
import { SummarizeSyncHandler } from './summarize-sync.ts';
import { SyncCrmHandler } from './sync-crm.ts';
import { SyncMetrics } from './sync-metrics.read-model.ts';
import { SyncPage } from './sync-page.ts';
import { GetRunHandler, SyncRuns } from './sync-runs.read-model.ts';
import { SyncController } from './sync.controller.ts';
import { TakeBookingHandler } from './take-booking.ts';
import { TakeClientHandler } from './take-client.ts';
import { TakeClients } from './take-clients.ts';
import { WaitForRun } from './wait-for-run.ts';

/** One run, from "go" to its counts. */
@Module({
  imports: [CqrsModule, CrmConnectionModule],
  controllers: [SyncController, RunChangesController, QuarantineController],
  providers: [
    SyncCrmHandler,
    CancelRunHandler,
    GetRunHandler,
    SummarizeSyncHandler,
    ReplayBookingHandler,
    ReplayClientHandler,
    DismissQuarantinedHandler,
    SweepQuarantineHandler,
    ApproveDeletionsHandler,
    TakeClientHandler,
    TakeBookingHandler,
    MetSinceHandler,
    RunsMet,
    Overtaken,
    FindQuarantined,
    FreedAddresses,
    ClientFixes,
    RunWorker,
    SyncPage,
    SyncClients,
    SyncBookings,
    TakeClients,
    MissingClients,
    LoseClients,
    MissedClients,
    EndRun,
    WaitForRun,
    ActiveRuns,
    SyncRuns,
    CrmClientList,
    Quarantine,
    SyncMetrics,
  ],
})
export class SyncModule {
  constructor(events: EventStore, runs: SyncRuns, clients: CrmClientList, quarantine: Quarantine) {
    events.subscribe(runs);
    events.subscribe(clients);
    events.subscribe(quarantine);
  }
}
