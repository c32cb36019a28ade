import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import { storable } from '../../shared/storable.ts';
import type { ClientPage, Connection, CrmClient, UnreadableRecord } from '../crm-connection/contract.ts';
import { MatchLeads, UpsertLeads } from '../leads/contract.ts';
import type { LeadMatch, LeadUpserted } from '../leads/contract.ts';
import { ActiveRuns } from './active-runs.store.ts';
import type { Step } from './active-runs.store.ts';
import { ClientFixes } from './client-fixes.ts';
import {
  assuming,
  client,
  clientStream,
  importClient,
  quarantineClient,
  withFixes,
} from './client.decider.ts';
import type { Basis, Fixes, QuarantineReason, Waiting } from './client.decider.ts';
import type { ClientValues, SyncCounts } from './contract.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import type { KnownClient, Look } from './crm-clients.read-model.ts';
import { fingerprint } from './fingerprint.ts';
import { NO_ID } from './quarantine-advice.ts';
import { Quarantine } from './quarantine.read-model.ts';
import { NO_COUNTS, add } from './sync-run.decider.ts';

/** A run with all that its worker needs to know. */
export type RunTask = { runId: string; connection: Connection; by: Caller };

/** `values` and `record` are the CRM's; `waiting` is set for one that is replayed. */
export type Good = { externalId: string; values: ClientValues; record: unknown; waiting?: Waiting };
type Bad = { externalId: string; reason: QuarantineReason };
/** A record on its way: good so far, or with the reason why it is not. */
type Candidate = Good | Bad;
/** What it was judged with: `fixed` are the CRM's values with the fixes laid over them. */
type Verdict = { fixes: Fixes; fixed: ClientValues };
type Taken = Good & Verdict & Extract<LeadMatch, { leadId: string }>;
export type Judged = Taken | (Bad & Basis);
type Sorted = { candidates: Candidate[]; unchanged: number; waiting: string[] };

/**
 * What to do with a client whose e-mail another lead has. That lead may give it up later in the same listing, so such a
 * client is held back, neither taken nor counted, until everything has been listed.
 */
export type Contested = 'hold' | 'quarantine';
/** `saved`: whether the run's row says so already, which it need not for pages that changed nothing. */
export type Written = { counts: SyncCounts; held: CrmClient[]; saved: boolean };

/** Takes what a few requests have brought, in one transaction: each client becomes a lead, stays as it is, or waits. */
@Injectable()
export class SyncPage {
  constructor(
    private readonly events: EventStore,
    private readonly queries: QueryBus,
    private readonly clients: CrmClientList,
    private readonly fixes: ClientFixes,
    private readonly quarantine: Quarantine,
    private readonly activeRuns: ActiveRuns,
  ) {}

  /** Returns the outcomes of these pages alone. Records nothing before its `turn`, so that clients are linked in order. */
  async write(
    task: RunTask,
    pages: readonly ClientPage[],
    at: Omit<Step, 'counts'>,
    contested: Contested,
    turn?: Promise<void>,
  ): Promise<Written> {
    const { connection } = task;
    const arrived = pages.flatMap((page) => [
      ...page.clients.map(asCandidate),
      ...page.unreadable.map(asUnreadable),
    ]);
    const looks = arrived.map(lookOf);
    const changed = await this.clients.changed(connection.id, looks);
    const { candidates, unchanged, waiting } = sort(arrived, looks, changed, connection.clientsWithoutEmail);
    const counts = { ...NO_COUNTS, fetched: arrived.length, unchanged, quarantined: waiting.length };
    if (candidates.length === 0 && waiting.length === 0) return { counts, held: [], saved: false };
    const met = candidates
      .map(({ externalId }) => externalId)
      .filter((id) => (changed.get(id) ?? null) !== null);
    return this.events.transaction(async () => {
      let judged = await this.judge(connection, candidates, met);
      if (turn !== undefined && judged.some(dependsOnOthers)) {
        await turn;
        judged = await this.judge(connection, candidates, met);
      }
      const held = contested === 'hold' ? judged.filter(isContested) : [];
      const rest = held.length === 0 ? judged : judged.filter((one) => !isContested(one));
      const { leads, again } = await this.take(task, rest, turn);
      const dismissed = again.filter((id) => changed.get(id)?.code === null);
      await this.quarantine.sighted(connection.id, [...waiting, ...again]);
      const taken = tally(leads, rest.length - leads.length, dismissed.length);
      const all = add(add(counts, taken), { ...NO_COUNTS, fetched: -held.length });
      await this.activeRuns.advance(task.runId, { ...at, counts: all });
      const names = new Set(held.map(({ externalId }) => externalId));
      return {
        counts: all,
        saved: true,
        held: pages.flatMap((page) => page.clients.filter((one) => names.has(one.externalId))),
      };
    });
  }

  /** Takes clients once more as they came last, outside of any run. Joins the open transaction. */
  async again(connection: Connection, waiting: readonly Good[], by: Caller): Promise<Judged[]> {
    const ids = waiting.map(({ externalId }) => externalId);
    const judged = await this.judge(connection, waiting, ids);
    const { again } = await this.take({ runId: null, connection, by }, judged);
    await this.quarantine.tried(connection.id, again);
    return judged;
  }

  /** Whose lead each client is, or why it is nobody's. `met`: those that were there before, which alone can have fixes. */
  private async judge(
    { id, clientsWithoutEmail }: Connection,
    candidates: readonly Candidate[],
    met: readonly string[],
  ): Promise<Judged[]> {
    const fixes = await this.fixes.of(id, met);
    const good = candidates
      .filter((one) => 'values' in one)
      .map((one) => ({ one, ...verdictOn(one, fixes.get(one.externalId) ?? {}) }));
    if (good.length === 0) return candidates.filter((one) => 'reason' in one);
    const sources = good.map(({ one: { externalId }, fixed }) => ({
      connectionId: id,
      externalId,
      values: fixed,
    }));
    const matches = await this.queries.execute(new MatchLeads(sources, clientsWithoutEmail));
    const judged = new Map<Candidate, Judged>();
    good.forEach(({ one, ...verdict }, index) => {
      const match = matches[index]!;
      const { externalId, values } = one;
      if ('leadId' in match) return judged.set(one, { ...one, ...verdict, ...match });
      const detail = sentence(externalId, verdict.fixed, match.detail);
      const reason = { ...match, detail, values, record: storable(one.record) };
      const { fixes: laid } = verdict;
      const { waiting } = one;
      return judged.set(one, { externalId, reason, fixes: laid, ...(waiting && { waiting }) });
    });
    return candidates.map((one) => ('reason' in one ? one : judged.get(one)!));
  }

  /** Per taken client what was recorded of its lead; `again` names those that were put aside before, just as they are now. */
  private async take(
    { runId, connection, by }: Omit<RunTask, 'runId'> & { runId: string | null },
    judged: readonly Judged[],
    turn?: Promise<void>,
  ): Promise<{ leads: Recorded[][]; again: string[] }> {
    const connectionId = connection.id;
    const clients = judged.map((one) => {
      const facts = { connectionId, externalId: one.externalId, runId };
      const decide =
        'reason' in one ? quarantineClient(facts, one.reason) : importClient(facts, one.leadId, one.values);
      return decision(clientStream(facts), client, assuming(one, decide));
    });
    const upserts = judged.flatMap((one, index) =>
      'leadId' in one ? [{ ...one, values: one.fixed, connectionId, cause: clients[index]! }] : [],
    );
    const leads = upserts.length === 0 ? [] : await this.queries.execute(new UpsertLeads(upserts));
    const recorded = await this.events.transact(
      [...clients, ...leads],
      { ...by, causationId: null, ...(runId !== null && { runId }) },
      turn,
    );
    const again = judged.filter((one, index) => 'reason' in one && recorded[index]!.length === 0);
    return {
      leads: recorded.slice(clients.length),
      again: again.map(({ externalId }) => externalId),
    };
  }
}

const verdictOn = ({ values }: Good, fixes: Fixes): Verdict => ({ fixes, fixed: withFixes(values, fixes) });

const isContested = (one: Judged): boolean => 'reason' in one && one.reason.code === 'email.taken';

/** Whether the batches before, which are not recorded yet, can make it another verdict without anything noticing. */
const dependsOnOthers = (one: Judged): boolean => ('reason' in one ? isContested(one) : one.unsure === true);

/** Clients that were dismissed and have not changed since are as they shall be. */
const tally = (leads: readonly Recorded[][], aside: number, dismissed: number): SyncCounts => {
  const counts = { ...NO_COUNTS, quarantined: aside - dismissed, unchanged: dismissed };
  for (const [event] of leads)
    counts[event === undefined ? 'unchanged' : (event.data as LeadUpserted['data']).change] += 1;
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
    externalId: externalId ?? `${NO_ID}${hash('sha256', JSON.stringify(record)).slice(0, 32)}`,
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

const lookOf = (one: Candidate): Look => ({
  externalId: one.externalId,
  fingerprint: 'values' in one ? fingerprint(one.values) : null,
});

const sort = (
  arrived: readonly Candidate[],
  looks: readonly Look[],
  changed: ReadonlyMap<string, KnownClient | null>,
  clientsWithoutEmail: 'quarantine' | 'import',
): Sorted => {
  const sorted: Sorted = { candidates: [], unchanged: 0, waiting: [] };
  for (const [index, one] of arrived.entries()) {
    const before = changed.get(one.externalId);
    if (before === undefined) sorted.unchanged += 1;
    else if (isStillWaiting(before, looks[index]!, clientsWithoutEmail)) sorted.waiting.push(one.externalId);
    else sorted.candidates.push(one);
  }
  return sorted;
};

/** Whether a client waits in quarantine, looks as it did then, and looking at it again can have no other result. */
const isStillWaiting = (
  before: KnownClient | null,
  look: Look,
  clientsWithoutEmail: 'quarantine' | 'import',
): boolean =>
  before !== null &&
  before.code !== null &&
  look.fingerprint !== null &&
  before.fingerprint === look.fingerprint &&
  !mayBeReleased(before.code, clientsWithoutEmail);

const sentence = (externalId: string, { name }: ClientValues, detail: string): string =>
  name === null ? `Client ${externalId} ${detail}.` : `Client ${externalId} (${name}) ${detail}.`;
