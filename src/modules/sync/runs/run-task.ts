import type { Caller } from '../../../shared/caller.ts';
import type { Connection } from '../../crm-connection/contract.ts';
import type { SyncCounts } from '../contract.ts';
import type { Claim, Phase } from './active-runs.store.ts';

/** A run with all that its worker needs to know. `signal` ends the work early. */
export type RunTask = Claim & { connection: Connection; by: Caller; signal: AbortSignal };

/** How far the run has come; `total` is how many records the CRM has announced, null when it has not. */
export type Progress = { counts: SyncCounts; total: number | null; phase: Phase };
