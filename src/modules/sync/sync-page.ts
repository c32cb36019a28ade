import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { storable } from '../../shared/storable.ts';
import type { ClientPage, Connection, CrmClient, UnreadableRecord } from '../crm-connection/contract.ts';
import { MatchLeads, UpsertLeads } from '../leads/contract.ts';
import type { LeadOutcome } from '../leads/contract.ts';
import { ActiveRuns } from './active-runs.store.ts';
import type { Progress } from './active-runs.store.ts';
import { client, clientStream, importClient, quarantineClient } from './client.decider.ts';
import type { QuarantineReason } from './client.decider.ts';
import type { ClientValues, SyncCounts } from './contract.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import type { KnownClient } from './crm-clients.read-model.ts';
import { fingerprint } from './fingerprint.ts';
import { Quarantine } from './quarantine.read-model.ts';
import { NO_COUNTS, add } from './sync-run.decider.ts';

/** A run with all that its worker needs to know. */
export type RunTask = { runId: string; connection: Connection; by: Caller };

/** A record on its way: good so far, or with the reason why it is not. */
type Candidate = { externalId: string } & (
  | { values: ClientValues; record: unknown }
  | { reason: QuarantineReason }
);
type Sorted = { candidates: Candidate[]; unchanged: number; waiting: string[] };

/** Takes what a few requests have brought, in one transaction: each client becomes a lead, stays as it is, or waits. */
@Injectable()
export class SyncPage {
  constructor(
    private readonly events: EventStore,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly clients: CrmClientList,
    private readonly quarantine: Quarantine,
    private readonly activeRuns: ActiveRuns,
  ) {}

  /** Returns the outcomes of these pages alone. */
  async write(task: RunTask, pages: readonly ClientPage[], before: Progress): Promise<SyncCounts> {
    const { connection } = task;
    const arrived = pages.flatMap((page) => [
      ...page.clients.map(asCandidate),
      ...page.unreadable.map(asUnreadable),
    ]);
    const ids = arrived.map(({ externalId }) => externalId);
    const known = await this.clients.known(connection.id, ids);
    const { candidates, unchanged, waiting } = sort(arrived, known, connection.clientsWithoutEmail);
    const fetched = arrived.length;
    const counts = { ...NO_COUNTS, fetched, unchanged, quarantined: waiting.length };
    if (candidates.length === 0 && waiting.length === 0) return counts;
    return this.events.transaction(async () => {
      const taken = candidates.length === 0 ? NO_COUNTS : await this.take(task, candidates);
      await this.quarantine.sighted(connection.id, waiting);
      const all = add(counts, taken);
      const done = before.done + fetched;
      await this.activeRuns.advance(task.runId, { ...before, counts: add(before.counts, all), done });
      return all;
    });
  }

  private async take({ runId, connection, by }: RunTask, candidates: Candidate[]): Promise<SyncCounts> {
    const connectionId = connection.id;
    const good = candidates.filter((one) => 'values' in one);
    const sources = good.map(({ externalId, values }) => ({ connectionId, externalId, values }));
    const matches = await this.queries.execute(new MatchLeads(sources, connection.clientsWithoutEmail));
    const leadIds = new Map<string, string>();
    const reasons = new Map<string, QuarantineReason>();
    good.forEach(({ externalId, values, record }, index) => {
      const match = matches[index]!;
      if ('leadId' in match) leadIds.set(externalId, match.leadId);
      else
        reasons.set(externalId, {
          code: match.code,
          detail: sentence(externalId, values, match.detail),
          values,
          record: storable(record),
        });
    });
    const recorded = await this.events.transact(
      candidates.map((one) => {
        const facts = { connectionId, externalId: one.externalId, runId };
        const reason = 'reason' in one ? one.reason : reasons.get(one.externalId);
        return decision(
          clientStream(facts),
          client,
          reason !== undefined || !('values' in one)
            ? quarantineClient(facts, reason!)
            : importClient(facts, leadIds.get(one.externalId)!, one.values),
        );
      }),
      { ...by, causationId: null, runId },
    );
    const positions = new Map(
      candidates.map(({ externalId }, index) => [externalId, recorded[index]?.[0]?.position]),
    );
    const stillWaiting = candidates.filter(
      ({ externalId }) => !leadIds.has(externalId) && positions.get(externalId) === undefined,
    );
    await this.quarantine.sighted(
      connectionId,
      stillWaiting.map(({ externalId }) => externalId),
    );
    const upserts = sources
      .filter(({ externalId }) => leadIds.has(externalId))
      .map((source) => {
        const position = positions.get(source.externalId);
        const causationId = position === undefined ? null : `event:${position}`;
        return { ...source, leadId: leadIds.get(source.externalId)!, causationId };
      });
    const outcomes =
      upserts.length === 0 ? [] : await this.commands.execute(new UpsertLeads(upserts, runId, by));
    return tally(outcomes, candidates.length - upserts.length);
  }
}

const tally = (outcomes: readonly LeadOutcome[], quarantined: number): SyncCounts => {
  const counts = { ...NO_COUNTS, quarantined };
  for (const outcome of outcomes) counts[outcome] += 1;
  return counts;
};

const asCandidate = ({ externalId, name, email, phone, record }: CrmClient): Candidate => ({
  externalId,
  values: { name, email, phone },
  record,
});

/** A record without an id is known by its content, so that meeting it again is not a second one. */
const asUnreadable = ({ externalId, detail, record: received }: UnreadableRecord): Candidate => {
  const record = storable(received);
  return {
    externalId: externalId ?? `unreadable-${hash('sha256', JSON.stringify(record)).slice(0, 32)}`,
    reason: {
      code: 'record.unreadable',
      detail: externalId === null ? `A client ${detail}.` : `Client ${externalId} ${detail}.`,
      values: null,
      record,
    },
  };
};

/** Whether looking at a waiting client again can have another result although it has not changed. */
const mayBeReleased = (code: string, clientsWithoutEmail: 'quarantine' | 'import'): boolean =>
  code === 'email.taken' || (code === 'email.missing' && clientsWithoutEmail === 'import');

const sort = (
  arrived: readonly Candidate[],
  known: ReadonlyMap<string, KnownClient>,
  clientsWithoutEmail: 'quarantine' | 'import',
): Sorted => {
  const sorted: Sorted = { candidates: [], unchanged: 0, waiting: [] };
  for (const one of arrived) {
    const before = known.get(one.externalId);
    const isSame = before !== undefined && 'values' in one && before.fingerprint === fingerprint(one.values);
    if (!isSame || (before.code !== null && mayBeReleased(before.code, clientsWithoutEmail)))
      sorted.candidates.push(one);
    else if (before.code === null) sorted.unchanged += 1;
    else sorted.waiting.push(one.externalId);
  }
  return sorted;
};

const sentence = (externalId: string, { name }: ClientValues, detail: string): string =>
  name === null ? `Client ${externalId} ${detail}.` : `Client ${externalId} (${name}) ${detail}.`;
