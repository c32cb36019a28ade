import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { CrmConnectionModule } from '../crm-connection/crm-connection.module.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import { ApproveDeletionsHandler } from './deletions/approve-deletions.ts';
import { LoseClients } from './deletions/lose-clients.ts';
import { MissedClients } from './deletions/missed-clients.store.ts';
import { MissingClients } from './deletions/missing-clients.ts';
import { Overtaken } from './overtaken.ts';
import { ClientFixes } from './quarantine/client-fixes.ts';
import { DismissQuarantinedHandler } from './quarantine/dismiss-quarantined.ts';
import { FindQuarantined } from './quarantine/find-quarantined.ts';
import { FreedAddresses } from './quarantine/freed-addresses.ts';
import { QuarantineController } from './quarantine/quarantine.controller.ts';
import { Quarantine } from './quarantine/quarantine.read-model.ts';
import { ReplayBookingHandler } from './quarantine/replay-booking.ts';
import { ReplayClientHandler } from './quarantine/replay-client.ts';
import { SweepQuarantineHandler } from './quarantine/sweep-quarantine.ts';
import { RunWorker } from './run-worker.ts';
import { ActiveRuns } from './runs/active-runs.store.ts';
import { CancelRunHandler } from './runs/cancel-run.ts';
import { EndRun } from './runs/end-run.ts';
import { MetSinceHandler } from './runs/met-since.ts';
import { RunChangesController } from './runs/run-changes.controller.ts';
import { RunsMet } from './runs/runs-met.store.ts';
import { SummarizeSyncHandler } from './runs/summarize-sync.ts';
import { SyncMetrics } from './runs/sync-metrics.read-model.ts';
import { GetRunHandler, SyncRuns } from './runs/sync-runs.read-model.ts';
import { SyncController } from './runs/sync.controller.ts';
import { WaitForRun } from './runs/wait-for-run.ts';
import { SyncBookings } from './sync-bookings.ts';
import { SyncClients } from './sync-clients.ts';
import { SyncCrmHandler } from './sync-crm.ts';
import { SyncPage } from './sync-page.ts';
import { TakeBookingHandler } from './take-booking.ts';
import { TakeClientHandler } from './take-client.ts';
import { TakeClients } from './take-clients.ts';

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
