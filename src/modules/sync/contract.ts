import { Command, Query } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import type { Event } from '../../shared/event-store/event.ts';
import type { Address, CustomField } from '../crm-connection/contract.ts';

export type SyncTrigger = 'api' | 'schedule' | 'webhook' | 'cli';

/** How many bookings a run met, each under exactly one outcome: `fetched` is the sum of the others. */
export type BookingCounts = {
  fetched: number;
  created: number;
  updated: number;
  unchanged: number;
  quarantined: number;
};

/** How many clients a run met, each under exactly one outcome: `fetched` is the sum of the others. And the bookings. */
export type SyncCounts = {
  fetched: number;
  created: number;
  updated: number;
  linked: number;
  unchanged: number;
  quarantined: number;
  erased: number;
  bookings: BookingCounts;
};

/** What a person should know of a run although it came to its end. */
export type SyncWarning = { code: string; detail: string };

/** Why a run is not what it should be; `phase` is where it failed. */
export type RunError = { code: string; detail: string; phase: 'clients' | 'bookings' | null };

/** How a run ended. `suspicious`: it ended well, but what the CRM said cannot be believed or is not all. */
export type SyncEnd =
  | 'succeeded'
  | 'succeeded-with-errors'
  | 'suspicious'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

export type SyncRun = {
  id: string;
  connectionId: string;
  trigger: SyncTrigger;
  status: 'running' | SyncEnd;
  counts: SyncCounts;
  startedAt: string;
  finishedAt: string | null;
  error: RunError | null;
  warnings: SyncWarning[];
  progress: { phase: string; done: number; total: number | null };
};

/** Starts a run of this connection, or joins the one that is going on: there is never more than one. */
export class SyncCrm extends Command<{ runId: string; joined: boolean }> {
  constructor(
    readonly connectionId: string,
    readonly trigger: SyncTrigger,
    readonly by: Caller,
  ) {
    super();
  }
}

/** Asks for the end of a run: it stops at the next page, and what was written stays. Refuses one that has ended. */
export class CancelRun extends Command<SyncRun> {
  constructor(
    readonly runId: string,
    readonly by: Caller,
  ) {
    super();
  }
}

/** The run, or a refusal `not-found`. */
export class GetRun extends Query<SyncRun> {
  constructor(readonly runId: string) {
    super();
  }
}

/** The last run of each connection, the newest first, and what waits in quarantine, the most frequent reason first. */
export class SummarizeSync extends Query<{
  lastRuns: SyncRun[];
  quarantine: { total: number; byCode: { code: string; count: number }[] };
}> {}

type RunFacts = { runId: string; connectionId: string };
export type SyncStarted = Event<'SyncStarted', RunFacts & { trigger: SyncTrigger }>;
export type SyncCompleted = Event<
  'SyncCompleted',
  RunFacts & {
    status: 'succeeded' | 'succeeded-with-errors' | 'suspicious';
    counts: SyncCounts;
    /** Why the run is suspicious, for people; null otherwise. */
    reason: string | null;
    warnings: SyncWarning[];
  }
>;
export type SyncFailed = Event<'SyncFailed', RunFacts & { counts: SyncCounts; reason: RunError }>;
export type SyncInterrupted = Event<'SyncInterrupted', RunFacts & { counts: SyncCounts; reason: string }>;
/** Whoever wanted it is the event's actor. */
export type SyncCancelled = Event<'SyncCancelled', RunFacts & { counts: SyncCounts }>;
export type SyncEvent = SyncStarted | SyncCompleted | SyncFailed | SyncInterrupted | SyncCancelled;

/** `runId` is null when a person took the client out of quarantine, outside of any run. */
type ClientFacts = { connectionId: string; externalId: string; runId: string | null };
export type ClientField = 'name' | 'email' | 'phone';
/** What the CRM tells beside these. Absent: not told, or none in what is recorded. */
export type ClientDetails = { address?: Address | null; fields?: readonly CustomField[] };
export type ClientValues = Record<ClientField, string | null> & ClientDetails;

/** `personal` is what the CRM says; what a person has put right is laid over it (ClientFixed). */
export type ClientImported = Event<
  'ClientImported',
  ClientFacts & { leadId: string; change: 'new' | 'changed'; changed: (keyof ClientValues)[] },
  ClientValues
>;
/** `leads`: those that want the same e-mail. */
export type ClientQuarantined = Event<
  'ClientQuarantined',
  ClientFacts & { code: string; leads?: readonly [string, string] },
  /** `values` is null when the record cannot be read; `record` is as received, made safe to store. */
  { detail: string; values: ClientValues | null; record: unknown }
>;
type FixFacts = { connectionId: string; externalId: string; fields: ClientField[] };

/** A person has put these fields right: `fix` counts for as long as the CRM says what it is laid `over`. */
export type ClientFixed = Event<
  'ClientFixed',
  FixFacts,
  { fix: Partial<Record<ClientField, string>>; over: Partial<Record<ClientField, string | null>> }
>;
/** The CRM says something else in these fields now, and is believed. */
export type ClientFixEnded = Event<'ClientFixEnded', FixFacts & { runId: string | null }>;
/** A person has said "never mind": the record waits no longer, until the CRM changes it. */
export type ClientDismissed = Event<
  'ClientDismissed',
  { connectionId: string; externalId: string; code: string }
>;
export type ClientEvent = ClientImported | ClientQuarantined | ClientFixed | ClientFixEnded | ClientDismissed;
