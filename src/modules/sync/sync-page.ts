import { Injectable } from '@nestjs/common';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import { failpoint } from '../../shared/failpoint.ts';
import { CrmClients } from '../crm-connection/contract.ts';
import type { ClientPage, Connection, CrmClient, CrmWarning } from '../crm-connection/contract.ts';
import type { LeadUpserted } from '../leads/contract.ts';
import type { SyncCounts } from './contract.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import { Overtaken } from './overtaken.ts';
import { Quarantine } from './quarantine/quarantine.read-model.ts';
import { ActiveRuns } from './runs/active-runs.store.ts';
import type { RunTask } from './runs/run-task.ts';
import { NO_COUNTS, add } from './runs/sync-run.decider.ts';
import { asCandidate, asUnreadable, leaveOut, lookOf, sort } from './sort-clients.ts';
import type { Candidate } from './sort-clients.ts';
import { TakeClients, isContested } from './take-clients.ts';
import type { Judged } from './take-clients.ts';

/**
 * What to do with a client whose e-mail another lead has. That lead may give it up later in the same listing, so such a
 * client is held back, neither taken nor counted, until everything has been listed.
 */
export type Contested = 'hold' | 'quarantine';

/** What a few requests have brought. `seen`: whom the run has met before its worker took it up, and counted. */
export type Listed = Pick<ClientPage, 'clients' | 'unreadable' | 'others'> & {
  seen: ReadonlySet<string>;
  /** The database's time before the list was begun to be read. */
  since: string;
  total: number | null;
  /** What was heard with these pages. */
  warnings: readonly CrmWarning[];
};
/** `warnings`: what a person should know although nobody was lost by it. */
export type Written = { counts: SyncCounts; held: CrmClient[]; warnings: CrmWarning[] };

/** Where the list can be read on after these pages, when so many of them are held back. */
type CursorWith = (held: number) => string | null | undefined;

/** Takes what a few requests have brought, in one transaction: each client becomes a lead, stays as it is, or waits. */
@Injectable()
export class SyncPage {
  constructor(
    private readonly events: EventStore,
    private readonly clients: CrmClientList,
    private readonly taking: TakeClients,
    private readonly quarantine: Quarantine,
    private readonly activeRuns: ActiveRuns,
    private readonly crm: CrmClients,
    private readonly overtaken: Overtaken,
  ) {}

  /** Returns the outcomes of these pages alone. Records nothing before its `turn`, so that clients are linked in order. */
  async write(
    task: RunTask,
    listed: Listed,
    contested: Contested,
    turn: Promise<void> = Promise.resolve(),
    cursorWith: CursorWith = () => undefined,
  ): Promise<Written> {
    const { connection } = task;
    const arrived = [
      ...listed.clients.map(asCandidate),
      ...listed.unreadable.map(asUnreadable).filter(({ externalId }) => !listed.seen.has(externalId)),
    ];
    const looks = arrived.map(lookOf);
    const changed = await this.clients.changed(connection.id, looks);
    const sorted = sort(arrived, looks, changed, connection.clientsWithoutEmail);
    const warnings = [...listed.warnings];
    const open = await this.withFields(task, sorted.candidates, warnings);
    const met = open.map(({ externalId }) => externalId).filter((id) => (changed.get(id) ?? null) !== null);
    failpoint('before-transaction');
    return this.events.transaction(async () => {
      const overtaken = await this.overtaken.ofClients(
        { connection, by: task.by, since: listed.since },
        looks,
      );
      const { candidates, unchanged, waiting } = leaveOut({ ...sorted, candidates: open }, overtaken);
      const judged = await this.judge(connection, candidates, met, turn);
      const held = contested === 'hold' ? judged.filter(isContested) : [];
      const rest = held.length === 0 ? judged : judged.filter((one) => !isContested(one));
      const { leads, again } = await this.taking.take(task, rest, turn);
      const dismissed = again.filter((id) => changed.get(id)?.code === null);
      await this.quarantine.sighted(connection.id, [...waiting, ...again]);
      const names = new Set(held.map(({ externalId }) => externalId));
      const counts = add(tally(leads, rest.length - leads.length, dismissed.length), {
        ...NO_COUNTS,
        fetched: arrived.length - held.length,
        unchanged,
        quarantined: waiting.length,
      });
      await turn;
      const cursor = cursorWith(held.length);
      await this.activeRuns.advance(task, {
        counts,
        phase: 'clients',
        total: listed.total,
        externalIds: arrived.map(({ externalId }) => externalId).filter((id) => !names.has(id)),
        others: listed.others,
        warnings,
        ...(cursor !== undefined && { cursor }),
      });
      return { counts, held: listed.clients.filter(({ externalId }) => names.has(externalId)), warnings };
    });
  }

  private async judge(
    connection: Connection,
    candidates: readonly Candidate[],
    met: readonly string[],
    turn: Promise<void>,
  ): Promise<Judged[]> {
    const judged = await this.taking.judge(connection, candidates, met);
    if (!judged.some(dependsOnOthers)) return judged;
    await turn;
    return this.taking.judge(connection, candidates, met);
  }

  /** Custom fields cost a request for each client, hence only where they are wanted and the client has changed. */
  private async withFields(
    { connection, signal }: RunTask,
    candidates: Candidate[],
    warnings: CrmWarning[],
  ): Promise<Candidate[]> {
    const good = candidates.filter((one) => 'values' in one);
    if (!connection.clientFields || good.length === 0) return candidates;
    const ids = good.map(({ externalId }) => externalId);
    const fields = await this.crm.fieldsOf(connection.id, ids, signal, (warning) => warnings.push(warning));
    return candidates.map((one) => {
      const told = fields.get(one.externalId);
      return 'reason' in one || told === undefined
        ? one
        : { ...one, values: { ...one.values, fields: told } };
    });
  }
}

/** Whether the batches before, which are not recorded yet, can make it another verdict without anything noticing. */
const dependsOnOthers = (one: Judged): boolean => ('reason' in one ? isContested(one) : one.unsure === true);

/** Clients that were dismissed and have not changed since are as they shall be. */
const tally = (leads: readonly Recorded[][], aside: number, dismissed: number): SyncCounts => {
  const counts = { ...NO_COUNTS, quarantined: aside - dismissed, unchanged: dismissed };
  for (const [event] of leads)
    counts[event === undefined ? 'unchanged' : (event.data as LeadUpserted['data']).change] += 1;
  return counts;
};
