import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { storable } from '../../shared/storable.ts';
import { CountBookings, KnownBookings, TakeBookings } from '../bookings/contract.ts';
import type { TakenBookings } from '../bookings/contract.ts';
import { CrmBookings } from '../crm-connection/contract.ts';
import type { BookingPage, CrmWarning, UnusableBooking } from '../crm-connection/contract.ts';
import { batches } from './batches.ts';
import { BOOKING_WINDOW } from './contract.ts';
import type { BookingCounts } from './contract.ts';
import { Overtaken } from './overtaken.ts';
import { Quarantine } from './quarantine/quarantine.read-model.ts';
import { ActiveRuns } from './runs/active-runs.store.ts';
import type { Found } from './runs/active-runs.store.ts';
import type { Progress, RunTask } from './runs/run-task.ts';
import { NO_COUNTS, add } from './runs/sync-run.decider.ts';
import type { Doubt } from './runs/sync-run.decider.ts';

const BATCH = 1_000; // bookings a transaction

/** The second half of a run: what the clients have booked. */
@Injectable()
export class SyncBookings {
  constructor(
    private readonly events: EventStore,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly crm: CrmBookings,
    private readonly quarantine: Quarantine,
    private readonly activeRuns: ActiveRuns,
    private readonly overtaken: Overtaken,
  ) {}

  /** Takes every booking of the window, and keeps `progress` up to date. */
  async sync(task: RunTask, progress: Progress): Promise<Found> {
    const { runId, connection, signal } = task;
    const since = new Date(Date.now() - BOOKING_WINDOW);
    const readSince = await this.activeRuns.now();
    const known = await this.queries.execute(new CountBookings(connection.id, since));
    const { externalIds, others } = await this.activeRuns.seen(runId, 'booking');
    const met = { seen: new Set([...externalIds, ...others]), readSince };
    const warnings: CrmWarning[] = [];
    let end: BookingPage['end'] = null;
    const before = progress.counts.fetched;
    progress.total = null;
    for await (const batch of batches(this.crm.bookingPages(connection.id, since, signal), BATCH)) {
      signal.throwIfAborted();
      const announced = batch.at(-1)?.announced ?? null;
      if (announced !== null) progress.total = before + announced;
      end = batch.at(-1)?.end ?? null;
      warnings.push(...batch.flatMap((page) => page.warnings));
      await this.write(task, await this.wanted(connection.id, batch), met, progress);
    }
    return { doubt: doubtOf(end, progress.counts.bookings.fetched, known, warnings), warnings };
  }

  /** Without what happened before the window to bookings that nobody knows here. */
  private async wanted(connectionId: string, pages: readonly BookingPage[]): Promise<readonly BookingPage[]> {
    const old = pages.filter(({ onlyKnown }) => onlyKnown === true);
    if (old.length === 0) return pages;
    const ids = old.flatMap((page) =>
      [...page.bookings, ...page.unreadable].flatMap(({ externalId }) => externalId ?? []),
    );
    const taken = await this.queries.execute(new KnownBookings(connectionId, ids));
    const known = new Set([...taken, ...(await this.quarantine.bookings(connectionId, ids))]);
    const isKnown = ({ externalId }: { externalId: string | null }): boolean =>
      externalId !== null && known.has(externalId);
    return pages.map((page) =>
      page.onlyKnown === true
        ? { ...page, bookings: page.bookings.filter(isKnown), unreadable: page.unreadable.filter(isKnown) }
        : page,
    );
  }

  /**
   * What a few requests have brought, in one transaction. `seen`: what the run has counted before; `readSince`: the database's
   * time before the list was begun to be read.
   */
  private async write(
    task: RunTask,
    pages: readonly BookingPage[],
    { seen, readSince }: { seen: ReadonlySet<string>; readSince: string },
    progress: Progress,
  ): Promise<void> {
    const { runId, connection, by } = task;
    const bookings = pages.flatMap((page) => page.bookings).filter((one) => !seen.has(one.externalId));
    const unusable = pages.flatMap((page) => page.unreadable).filter((one) => !seen.has(nameOf(one)));
    if (bookings.length + unusable.length === 0) return;
    const ids = [...bookings, ...unusable].flatMap(({ externalId }) => externalId ?? []);
    const taken = await this.events.transaction(async () => {
      const older = await this.overtaken.ofBookings({ connection, by, since: readSince }, ids);
      const isNews = ({ externalId }: { externalId: string | null }): boolean =>
        externalId === null || !older.has(externalId);
      const [news, unread] = [bookings.filter(isNews), unusable.filter(isNews)];
      const command = new TakeBookings(connection.id, news, unread, runId, by);
      const { waiting, ...outcomes } = await this.commands.execute(command);
      const still = await this.quarantine.sighted(connection.id, [...waiting, ...older], 'booking');
      const dismissed = waiting.filter((externalId) => !still.has(externalId)).length;
      const left = [...older].filter((externalId) => still.has(externalId)).length;
      const counts = { ...NO_COUNTS, bookings: tally(news.length + unread.length, outcomes, dismissed) };
      counts.bookings = addLeft(counts.bookings, older.size, left);
      await this.activeRuns.advance(task, {
        counts,
        phase: 'bookings',
        total: progress.total,
        externalIds: bookings.map(({ externalId }) => externalId),
        others: unusable.map(nameOf),
        warnings: pages.flatMap((page) => page.warnings),
      });
      return counts;
    });
    progress.counts = add(progress.counts, taken);
  }
}

/** What tells an unusable record apart: its id, or else what it holds. */
const nameOf = ({ externalId, record }: UnusableBooking): string =>
  externalId ?? `no id: ${hash('sha256', JSON.stringify(storable(record)))}`;

/** Bookings that were dismissed and have not changed since are as they shall be. */
const tally = (
  fetched: number,
  { created, updated, unchanged, quarantined }: Omit<TakenBookings, 'waiting'>,
  dismissed: number,
): BookingCounts => ({
  fetched,
  created,
  updated,
  unchanged: unchanged + dismissed,
  quarantined: quarantined - dismissed,
});

/** What is known better already stays as it is, or waits. */
const addLeft = (counts: BookingCounts, left: number, waiting: number): BookingCounts => ({
  ...counts,
  fetched: counts.fetched + left,
  unchanged: counts.unchanged + left - waiting,
  quarantined: counts.quarantined + waiting,
});

/** Nothing where there was something is no news to act on, unless the CRM says why. */
const doubtOf = (
  end: BookingPage['end'],
  fetched: number,
  known: number,
  warnings: readonly CrmWarning[],
): Doubt => {
  const isForbidden = warnings.some(({ code }) => code === 'bookings-forbidden');
  if (fetched === 0 && known > 0 && !isForbidden) {
    return `The CRM listed no bookings, although ${known} of the last 30 days or to come are known. Nothing was changed; see whether the account is the right one and may see all bookings.`;
  }
  if (end === null) return 'The CRM stopped listing bookings without saying that it had listed them all.';
  return end.complete ? null : end.reason;
};
