import { BookingList } from './modules/bookings/booking-list.read-model.ts';
import { Connections } from './modules/crm-connection/connections.read-model.ts';
import { SyncTimeTable } from './modules/crm-connection/schedule/sync-times.read-model.ts';
import { LeadList } from './modules/leads/lead-list.read-model.ts';
import { CrmClientList } from './modules/sync/crm-clients.read-model.ts';
import { Quarantine } from './modules/sync/quarantine/quarantine.read-model.ts';
import { SyncRuns } from './modules/sync/runs/sync-runs.read-model.ts';
import { WebhookList } from './modules/webhooks/webhooks.read-model.ts';
import type { Database } from './shared/database/database.ts';
import type { ReadModel } from './shared/event-store/event-store.ts';

/** Every read model there is, for whoever makes one anew without starting the service. */
const READ_MODELS = [
  Connections,
  SyncTimeTable,
  SyncRuns,
  CrmClientList,
  Quarantine,
  LeadList,
  BookingList,
  WebhookList,
] as const;

export const readModels = (database: Database): ReadModel[] =>
  // A read model gets the events that it is for, which lets this one cast stand for a check of each.
  READ_MODELS.map((One) => new One(database) as unknown as ReadModel);
