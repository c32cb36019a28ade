/** What outside programs rely on, as far as the tests read it: names and shapes of the HTTP contract. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  correlationId: string;
  errors?: { pointer: string; detail: string }[];
};

export type Page<Row> = { data: Row[]; page: { nextCursor: string | null; limit: number } };

export type Connection = {
  id: string;
  provider: string;
  name: string;
  company: string;
  login: string;
  domain: string;
  timezone: string | null;
  country: string | null;
  clientFields: boolean;
  clientsWithoutEmail: string;
  status: 'connected' | 'needs-attention' | 'disconnected';
  attention: { code: string; detail: string } | null;
  schedule: { cron: string; timezone: string } | null;
  nextSyncAt: string | null;
  nextSyncs: string[];
  scheduleState: { code: 'waiting' | 'due' | 'retrying' | 'paused'; detail: string } | null;
  lastSyncedAt: string | null;
  createdAt: string;
  version: number;
};

export type CheckReport = {
  ok: boolean;
  way: string | null;
  checks: { tried: string; ok: boolean; answered: string; advice: string | null }[];
};

export type SyncStats = {
  leads_created: number;
  leads_updated: number;
  bookings_found: number;
  errors_count: number;
  clients_fetched: number;
  leads_unchanged: number;
  leads_linked: number;
  clients_quarantined: number;
  clients_erased: number;
  clients_missing: number;
  clients_gone: number;
  clients_returned: number;
  bookings_created: number;
  bookings_updated: number;
  bookings_unchanged: number;
  bookings_quarantined: number;
};

export type HeldDeletions = {
  count: number;
  reason: string;
  approved: boolean;
  approvedAt: string | null;
  approvedBy: string | null;
};

export type SyncAnswer = {
  success: true;
  message: string;
  lastSynced: string;
  runId: string;
  status: string;
  stats: SyncStats;
  errors: { externalId: string; code: string; message: string }[];
  warnings: { code: string; detail: string }[];
  heldDeletions: HeldDeletions | null;
};

export type FailedSync = Problem & { success: false; error: string; runId: string };

export type Run = {
  id: string;
  connectionId: string;
  trigger: string;
  status: string;
  counts: {
    fetched: number;
    created: number;
    updated: number;
    linked: number;
    unchanged: number;
    quarantined: number;
    erased: number;
    bookings: {
      fetched: number;
      created: number;
      updated: number;
      unchanged: number;
      quarantined: number;
    };
  };
  startedAt: string;
  finishedAt: string | null;
  error: { code: string; detail: string; phase: string | null } | null;
  warnings: { code: string; detail: string }[];
  absences: { missing: number; gone: number; returned: number };
  heldDeletions: HeldDeletions | null;
  progress: { phase: string; done: number; total: number | null };
};

export type LeadSource = {
  connectionId: string;
  externalId: string;
  primary: boolean;
  status: string;
  goneAt: string | null;
  name: string | null;
  email: string | null;
  phone: string | null;
  fields: { id: string; title: string; value: string }[];
} & Details;

type Details = {
  phoneE164: string | null;
  phoneExtension: string | null;
  address: Record<'line1' | 'line2' | 'city' | 'zip' | 'country' | 'state', string | null> | null;
};

export type Lead = Details & {
  id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  source: string;
  status: string;
  notes: string;
  sources: LeadSource[];
  mergedLeads: string[];
  createdAt: string;
  updatedAt: string;
  lastSyncedAt: string;
  version: number;
};

export type Booking = {
  id: string;
  connectionId: string;
  externalId: string;
  code: string | null;
  clientId: string | null;
  leadId: string | null;
  leadName: string | null;
  status: string;
  startAt: string | null;
  endAt: string | null;
  startLocal: string | null;
  endLocal: string | null;
  timezone: string | null;
  service: string | null;
  serviceId: string | null;
  provider: string | null;
  providerId: string | null;
  recordedAt: string | null;
  recordedLocal: string | null;
  createdAt: string;
  updatedAt: string;
  version: number;
};

export type LeadDetail = Lead & {
  bookings: {
    total: number;
    upcoming: {
      id: string;
      status: string;
      startAt: string;
      endAt: string;
      service: string | null;
      provider: string | null;
    }[];
  };
};

export type Waiting = {
  id: string;
  connectionId: string;
  externalId: string;
  kind: string;
  status: string;
  code: string;
  detail: string;
  advice: string;
  leads: string[];
  record: unknown;
  firstSeenAt: string;
  lastSeenAt: string;
  attempts: number;
};

export type LogEvent = {
  position: number;
  stream: string;
  version: number;
  type: string;
  data: Record<string, unknown>;
  personal: Record<string, unknown> | null;
  erased: boolean;
  meta: { actor: string; correlationId: string; causationId: string | null; runId?: string };
  recordedAt: string;
  hash: string;
};
