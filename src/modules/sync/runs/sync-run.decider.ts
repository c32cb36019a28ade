import type { Decider } from '../../../shared/event-store/decider.ts';
import type {
  BookingCounts,
  RunError,
  SyncCancelled,
  SyncCompleted,
  SyncCounts,
  DeletionsApproved,
  SyncEvent,
  SyncFailed,
  SyncInterrupted,
  SyncStarted,
  SyncTrigger,
  SyncWarning,
} from '../contract.ts';

export type RunFacts = { runId: string; connectionId: string };

/** A run: before its start, going on, or at its one and only end; there it may hold deletions that nobody has approved. */
export type Run = 'new' | 'running' | 'ended' | { holds: number };

export const run: Decider<Run, SyncEvent> = {
  initial: 'new',
  evolve: (_, event) => {
    if (event.type === 'SyncStarted') return 'running';
    const held = event.type === 'SyncCompleted' ? event.data.heldDeletions : undefined;
    return held === undefined ? 'ended' : { holds: held.count };
  },
};

const NO_BOOKINGS: BookingCounts = { fetched: 0, created: 0, updated: 0, unchanged: 0, quarantined: 0 };

export const NO_COUNTS: SyncCounts = {
  fetched: 0,
  created: 0,
  updated: 0,
  linked: 0,
  unchanged: 0,
  quarantined: 0,
  erased: 0,
  bookings: NO_BOOKINGS,
};

const addBookings = (a: BookingCounts, b: BookingCounts): BookingCounts => ({
  fetched: a.fetched + b.fetched,
  created: a.created + b.created,
  updated: a.updated + b.updated,
  unchanged: a.unchanged + b.unchanged,
  quarantined: a.quarantined + b.quarantined,
});

export const add = (a: SyncCounts, b: SyncCounts): SyncCounts => ({
  fetched: a.fetched + b.fetched,
  created: a.created + b.created,
  updated: a.updated + b.updated,
  linked: a.linked + b.linked,
  unchanged: a.unchanged + b.unchanged,
  quarantined: a.quarantined + b.quarantined,
  erased: a.erased + b.erased,
  bookings: addBookings(a.bookings, b.bookings),
});

const balanceBookings = ({ fetched, created, updated, unchanged, quarantined }: BookingCounts): boolean =>
  fetched === created + updated + unchanged + quarantined;

/** Every fetched client and every fetched booking has exactly one outcome. */
export const balance = ({
  fetched,
  created,
  updated,
  linked,
  unchanged,
  quarantined,
  erased,
  bookings,
}: SyncCounts): boolean =>
  fetched === created + updated + linked + unchanged + quarantined + erased && balanceBookings(bookings);

export const start =
  (facts: RunFacts, trigger: SyncTrigger) =>
  (state: Run): SyncStarted[] =>
    state === 'new' ? [{ type: 'SyncStarted', data: { ...facts, trigger } }] : [];

/** What speaks against believing that the listing shows the company as it is; null when nothing does. */
export type Doubt = string | null;

/** What came of those that the listing did not show; nothing when there were none. */
export type Missed = Pick<SyncCompleted['data'], 'absences' | 'heldDeletions'>;

/** Warnings with which a run has not brought what it should. */
const KEEP_FROM_SUCCESS = new Set(['bookings-forbidden']);

export const complete =
  (facts: RunFacts, counts: SyncCounts, doubt: Doubt, warnings: SyncWarning[] = [], missed: Missed = {}) =>
  (state: Run): SyncCompleted[] => {
    if (state !== 'running') return [];
    if (!balance(counts)) throw new Error(`The counts of run ${facts.runId} do not balance.`);
    const isFlawed =
      counts.quarantined + counts.bookings.quarantined > 0 ||
      warnings.some(({ code }) => KEEP_FROM_SUCCESS.has(code));
    const status = doubt !== null ? 'suspicious' : isFlawed ? 'succeeded-with-errors' : 'succeeded';
    return [
      { type: 'SyncCompleted', data: { ...facts, status, counts, reason: doubt, warnings, ...missed } },
    ];
  };

/** A person says that the deletions which the run has held are right. Again changes nothing. */
export const approveDeletions =
  (facts: RunFacts) =>
  (state: Run): DeletionsApproved[] =>
    typeof state === 'object' ? [{ type: 'DeletionsApproved', data: { ...facts, count: state.holds } }] : [];

/** What was heard before a run ended too early. */
const heard = (warnings: SyncWarning[]): { warnings?: SyncWarning[] } =>
  warnings.length === 0 ? {} : { warnings };

export const fail =
  (facts: RunFacts, counts: SyncCounts, reason: RunError, warnings: SyncWarning[] = []) =>
  (state: Run): SyncFailed[] =>
    state === 'running'
      ? [{ type: 'SyncFailed', data: { ...facts, counts, reason, ...heard(warnings) } }]
      : [];

export const interrupt =
  (facts: RunFacts, counts: SyncCounts, reason: string, warnings: SyncWarning[] = []) =>
  (state: Run): SyncInterrupted[] =>
    state === 'running'
      ? [{ type: 'SyncInterrupted', data: { ...facts, counts, reason, ...heard(warnings) } }]
      : [];

export const cancel =
  (facts: RunFacts, counts: SyncCounts, warnings: SyncWarning[] = []) =>
  (state: Run): SyncCancelled[] =>
    state === 'running' ? [{ type: 'SyncCancelled', data: { ...facts, counts, ...heard(warnings) } }] : [];

export const runStream = (runId: string): string => `sync-run-${runId}`;
