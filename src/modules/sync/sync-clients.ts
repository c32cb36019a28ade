import { Injectable } from '@nestjs/common';
import { failpoint } from '../../shared/failpoint.ts';
import { CrmClients } from '../crm-connection/contract.ts';
import type { ClientPage, CrmClient, CrmWarning } from '../crm-connection/contract.ts';
import { batches } from './batches.ts';
import { MissingClients } from './deletions/missing-clients.ts';
import { overlap } from './overlap.ts';
import { ActiveRuns } from './runs/active-runs.store.ts';
import type { Found } from './runs/active-runs.store.ts';
import type { Progress, RunTask } from './runs/run-task.ts';
import { add } from './runs/sync-run.decider.ts';
import type { Doubt } from './runs/sync-run.decider.ts';
import { SyncPage } from './sync-page.ts';
import type { Listed } from './sync-page.ts';

const AT_A_TIME = 2; // batches: one is decided and sealed while the other is written
const BATCH = 1_000; // clients a transaction: larger ones gain nothing, smaller ones cost (bench/)

/** What one worker's reading of the list has come to. */
type Reading = Progress & {
  /** Whom the run has met before this worker took it up. */
  seen: ReadonlySet<string>;
  /** Who wants an e-mail that another lead has: looked at again when everything has been listed. */
  held: CrmClient[];
  /** Whether all that the run has met was met in one reading: only then can that be read on. */
  isOneReading: boolean;
  /** Each once, however often it was heard. */
  warnings: Map<string, CrmWarning>;
  /** The database's time before this worker began to read. */
  since: string;
};

/** The first half of a run: who the clients are. */
@Injectable()
export class SyncClients {
  constructor(
    private readonly crm: CrmClients,
    private readonly page: SyncPage,
    private readonly missing: MissingClients,
    private readonly activeRuns: ActiveRuns,
  ) {}

  /** Takes every client, from where `cursor` says, and keeps `progress` up to date. */
  async sync(task: RunTask, progress: Progress, cursor: string | null): Promise<Found> {
    const { connection, runId, signal } = task;
    const since = await this.activeRuns.now();
    const { externalIds, others } = await this.activeRuns.seen(runId, 'client');
    const met = [...externalIds, ...others];
    const from = cursor === null ? undefined : { cursor, met };
    const isOneReading = from !== undefined || met.length === 0;
    const seen = new Set(externalIds);
    const warnings = new Map<string, CrmWarning>();
    const reading: Reading = Object.assign(progress, { seen, held: [], isOneReading, warnings, since });
    let end: ClientPage['end'] = null;
    const arrived = batches(this.crm.pages(connection.id, signal, from), BATCH);
    // Custom fields are many requests: those of one batch at a time.
    await overlap(arrived, connection.clientFields ? 1 : AT_A_TIME, async (batch, turn) => {
      signal.throwIfAborted();
      end = batch.at(-1)?.end ?? null;
      await this.take(task, batch, reading, turn);
    });
    await this.settle(task, reading);
    const doubt = doubtOf(end);
    const listed = { ...task, isComplete: isProven(end), since, fetched: progress.counts.fetched };
    const found = await this.missing.settle(listed);
    return {
      ...found,
      doubt: doubt ?? found.doubt,
      warnings: [...warnings.values(), ...found.warnings],
    };
  }

  private async take(
    task: RunTask,
    batch: ClientPage[],
    reading: Reading,
    turn: Promise<void>,
  ): Promise<void> {
    failpoint('after-fetch');
    const last = batch.at(-1);
    const listed: Listed = {
      clients: fresh(
        batch.flatMap(({ clients }) => clients),
        reading.seen,
      ),
      unreadable: batch.flatMap(({ unreadable }) => unreadable),
      others: batch.flatMap(({ others }) => others),
      seen: reading.seen,
      since: reading.since,
      total: last?.announced ?? reading.total,
      warnings: batch.flatMap((page) => page.warnings ?? []),
    };
    reading.total = listed.total;
    const cursor = reading.isOneReading ? (last?.cursor ?? null) : null;
    // Whoever is held back is known to this worker alone, so another one must meet them again.
    const cursorWith = (held: number): string | null | undefined =>
      cursor !== null && reading.held.length + held > 0 ? undefined : cursor;
    const { counts, held, warnings } = await this.page.write(task, listed, 'hold', turn, cursorWith);
    warn(reading, warnings);
    reading.counts = add(reading.counts, counts);
    reading.held.push(...held);
  }

  /** Looks at the clients that were held back until looking again frees none of them any more; the rest must wait. */
  private async settle(task: RunTask, reading: Reading): Promise<void> {
    const again = async (clients: CrmClient[], contested: 'hold' | 'quarantine'): Promise<CrmClient[]> => {
      const listed = {
        clients,
        unreadable: [],
        others: [],
        seen: NOBODY,
        since: reading.since,
        total: reading.total,
        warnings: [],
      };
      const { counts, held, warnings } = await this.page.write(task, listed, contested);
      warn(reading, warnings);
      reading.counts = add(reading.counts, counts);
      return held;
    };
    let open = reading.held;
    for (let before = Infinity; open.length > 0 && open.length < before;) {
      before = open.length;
      open = await again(open, 'hold');
    }
    if (open.length > 0) await again(open, 'quarantine');
  }
}

const warn = ({ warnings }: Reading, heard: readonly CrmWarning[]): void => {
  for (const warning of heard) warnings.set(warning.code, warning);
};

const NOBODY: ReadonlySet<string> = new Set();

const fresh = (clients: CrmClient[], seen: ReadonlySet<string>): CrmClient[] =>
  seen.size === 0 ? clients : clients.filter(({ externalId }) => !seen.has(externalId));

/** Only who is not on a list that has provably been seen whole can be missing. */
const isProven = (end: ClientPage['end']): boolean => end !== null && end.complete && end.unproven !== true;

const doubtOf = (end: ClientPage['end']): Doubt => {
  if (end === null) return 'The CRM stopped listing without saying that it had listed everything.';
  return end.complete ? null : end.reason;
};
