import { Command, Query } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import type { Event } from '../../shared/event-store/event.ts';
import type { Address, Connection, CustomField } from '../crm-connection/contract.ts';
import type { BookingRead, ClientRead } from '../webhooks/contract.ts';

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

/** How many known clients a run was the first to miss, has found to be gone, and has met again. */
export type Absences = { missing: number; gone: number; returned: number };

/** So many clients are not in the list any more that nobody is marked as missing or gone until a person has approved it. */
export type HeldDeletions = { count: number; reason: string };

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
  absences: Absences;
  heldDeletions:
    | (HeldDeletions & { approved: boolean; approvedAt: string | null; approvedBy: string | null })
    | null;
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

/** Bookings that were made or start so many milliseconds ago, or later, are wanted. */
export const BOOKING_WINDOW = 30 * 86_400_000;

/** Takes one client that was read by itself, as a run would. `fields` is null where they were not asked for. Joins the open transaction. */
export class TakeClient extends Command<void> {
  constructor(
    readonly connection: Connection,
    readonly read: Exclude<ClientRead, string>,
    readonly fields: readonly CustomField[] | null,
    readonly by: Caller,
  ) {
    super();
  }
}

/** Takes one booking alike; one of long ago only where it is known. Joins the open transaction. */
export class TakeBooking extends Command<void> {
  constructor(
    readonly connectionId: string,
    readonly read: Exclude<BookingRead, string>,
    readonly by: Caller,
  ) {
    super();
  }
}

/** Whether a run may know better since then: it has met the record, has found it to be missing or gone, or has ended. */
export class MetSince extends Query<boolean> {
  constructor(
    readonly connectionId: string,
    readonly kind: 'client' | 'booking',
    readonly externalId: string,
    readonly since: string,
  ) {
    super();
  }
}

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
    /** Absent when there were none. */
    absences?: Absences;
    /** Absent when nothing is held. */
    heldDeletions?: HeldDeletions;
  }
>;
/** A person has said that the deletions which this run has held are right; the next runs apply them. */
export type DeletionsApproved = Event<'DeletionsApproved', RunFacts & { count: number }>;
/** What a run has come to that was not brought to its end. `warnings`: what it had heard until then; absent when nothing. */
type Unfinished = RunFacts & { counts: SyncCounts; warnings?: SyncWarning[] };
export type SyncFailed = Event<'SyncFailed', Unfinished & { reason: RunError }>;
export type SyncInterrupted = Event<'SyncInterrupted', Unfinished & { reason: string }>;
/** Whoever wanted it is the event's actor. */
export type SyncCancelled = Event<'SyncCancelled', Unfinished>;
export type SyncEvent =
  | SyncStarted
  | SyncCompleted
  | SyncFailed
  | SyncInterrupted
  | SyncCancelled
  | DeletionsApproved;

/** `runId` is null outside of any run: a person took the client out of quarantine, or a webhook told of it. */
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
/** A complete listing did not show the client. It is the first one; nothing follows from that alone. */
export type ClientMissing = Event<'ClientMissing', ClientFacts & { code: 'not-listed' }>;
/**
 * A second complete listing did not show it either, and the CRM has said of this very client that it has it no more.
 * `approvedIn`: the run whose deletions a person has approved, where it took that.
 */
export type ClientGone = Event<
  'ClientGone',
  ClientFacts & { code: 'not-found' | 'marked-deleted'; approvedIn?: string }
>;
/** The CRM shows a client again that was missing or gone. */
export type ClientReturned = Event<'ClientReturned', ClientFacts & { code: 'missing' | 'gone' }>;
export type ClientEvent =
  | ClientImported
  | ClientQuarantined
  | ClientFixed
  | ClientFixEnded
  | ClientDismissed
  | ClientMissing
  | ClientGone
  | ClientReturned;
