import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { CONFIG } from '../../../shared/config.ts';
import type { Config } from '../../../shared/config.ts';
import { decision } from '../../../shared/event-store/decider.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { CrmClients } from '../../crm-connection/contract.ts';
import type { ClientLook } from '../../crm-connection/contract.ts';
import { HoldLooks } from '../../webhooks/contract.ts';
import { client, clientStream } from '../client.decider.ts';
import type { HeldDeletions, SyncWarning } from '../contract.ts';
import { ActiveRuns } from '../runs/active-runs.store.ts';
import type { RunTask } from '../runs/run-task.ts';
import { NO_COUNTS } from '../runs/sync-run.decider.ts';
import type { Doubt, Missed } from '../runs/sync-run.decider.ts';
import { SyncRuns } from '../runs/sync-runs.read-model.ts';
import { missClient } from './absent-client.decider.ts';
import { overload, suspicion } from './deletion-fuse.ts';
import { LoseClients } from './lose-clients.ts';
import type { Blocked, Lost } from './lose-clients.ts';
import { MissedClients } from './missed-clients.store.ts';
import type { Doubtful } from './missed-clients.store.ts';

/** So many clients a run asks for by their ids, one request each; the others are the next run's. */
const MOST_LOOKS = 500;
const BATCH = 1_000;
/** So many answers are recorded at a time: few, so that what was asked is seldom asked again after a crash. */
const TOLD_AT_ONCE = 50;
const MOST_WARNINGS = 3;

/** What came of those that the listing did not show. */
export type Settled = { doubt: Doubt; missed: Missed; warnings: SyncWarning[] };

/**
 * `isComplete`: whether the list, which this worker has read `since` then, has provably been seen whole; `fetched` how many
 * clients it has brought.
 */
export type Listed = RunTask & { isComplete: boolean; since: string; fetched: number };

type Judged = { doubt: Doubt; held: HeldDeletions | null; warnings: SyncWarning[] };
const NOTHING_PROVEN: Judged = { doubt: null, held: null, warnings: [] };

type Told = [client: Doubtful, look: ClientLook];

/**
 * Those whom a complete listing did not show: missing by the first one; gone when a second one does not show them either
 * and the CRM says of each that it has it no more. Too many at once wait for a person.
 */
@Injectable()
export class MissingClients {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly events: EventStore,
    private readonly commands: CommandBus,
    private readonly crm: CrmClients,
    private readonly missed: MissedClients,
    private readonly losing: LoseClients,
    private readonly runs: SyncRuns,
    private readonly activeRuns: ActiveRuns,
  ) {}

  async settle(task: Listed): Promise<Settled> {
    const { connection, runId } = task;
    const { doubt, held, warnings } = task.isComplete ? await this.judge(task) : NOTHING_PROVEN;
    const absences = await this.missed.absences(connection.id, runId);
    const isSome = Object.values(absences).some((count) => count > 0);
    return { doubt, missed: { ...(isSome && { absences }), ...(held && { heldDeletions: held }) }, warnings };
  }

  private async judge(task: Listed): Promise<Judged> {
    const { connection, runId, fetched } = task;
    const { startedAt } = (await this.runs.one(runId))!;
    const losses = await this.events.transaction(async () => {
      // Whoever came while the list was read, by whichever worker, may stand on none of its pages, and was read by a webhook
      // all the same.
      const looked = await this.commands.execute(new HoldLooks(connection.id, 'client', startedAt));
      await this.prove(task);
      return this.missed.note(connection.id, runId, [...looked]);
    });
    const fuse = this.config.deletions;
    const lastRuns = await this.runs.believed(connection.id);
    const doubt = suspicion(fetched, lastRuns, losses.known, fuse) ?? overload(losses, fuse);
    if (doubt !== null) {
      return { doubt: `${doubt} ${HELD}`, held: { count: losses.missed, reason: doubt }, warnings: [] };
    }
    // Asked for is who was missing before.
    const doubtful = await this.missed.doubtful(connection.id, MOST_LOOKS);
    await this.miss(task);
    return { doubt: null, held: null, warnings: await this.lose(task, doubtful) };
  }

  private async miss(task: Listed): Promise<void> {
    const { connection, runId, by } = task;
    const connectionId = connection.id;
    const unnoticed = await this.missed.unnoticed(connectionId, runId);
    for (let from = 0; from < unnoticed.length; from += BATCH) {
      const decisions = unnoticed.slice(from, from + BATCH).map((one) => {
        const facts = { connectionId, ...one };
        return decision(clientStream(facts), client, missClient(facts));
      });
      await this.events.transaction(async () => {
        await this.prove(task);
        await this.events.transact(decisions, { ...by, causationId: null, runId });
      });
    }
  }

  /** @throws LeaseLost when the run is somebody else's by now. */
  private prove(task: Listed): Promise<void> {
    const { fetched: total } = task;
    return this.activeRuns.advance(task, { counts: NO_COUNTS, phase: 'clients', total, externalIds: [] });
  }

  private async lose(task: Listed, doubtful: readonly Doubtful[]): Promise<SyncWarning[]> {
    let unproven = doubtful.length;
    const blocked: Blocked[] = [];
    for await (const told of this.looks(task, doubtful)) {
      task.signal.throwIfAborted();
      unproven -= told.filter(([, look]) => look !== 'unknown').length;
      blocked.push(...(await this.record(task, told)));
    }
    const warnings = [...(unproven === 0 ? [] : [notTold(unproven)]), ...blocked.map(stuck)];
    return warnings.slice(0, MOST_WARNINGS);
  }

  /**
   * What the CRM says of them, some at a time. Somebody who has just been listed is asked for first: where even that one is
   * not found, "not found" means nothing. Where nobody is listed, a person must have approved it.
   */
  private async *looks(
    { connection, signal }: Listed,
    doubtful: readonly Doubtful[],
  ): AsyncGenerator<Told[], void, undefined> {
    if (doubtful.length === 0) return;
    const control = await this.missed.present(connection.id);
    const byId = new Map(doubtful.map((one) => [one.externalId, one]));
    const alone = doubtful
      .filter(({ approvedIn }) => approvedIn !== null)
      .map(({ externalId }) => externalId);
    const asked = control === undefined ? alone : [control, ...byId.keys()];
    let told: Told[] = [];
    for await (const [externalId, look] of this.crm.looks(connection.id, asked, signal)) {
      if (externalId === control && look !== 'present') return;
      const one = byId.get(externalId);
      if (one !== undefined) told.push([one, look]);
      if (told.length === TOLD_AT_ONCE) yield told.splice(0);
    }
    if (told.length > 0) yield told;
  }

  private record(task: Listed, told: readonly Told[]): Promise<Blocked[]> {
    const { connection, since } = task;
    return this.events.transaction(async () => {
      // Who is shown by a look that is going on has returned before he can be gone.
      await this.commands.execute(new HoldLooks(connection.id, 'client', since));
      await this.prove(task);
      const there = told.filter(([, look]) => look === 'present');
      await this.missed.looked(connection.id, told.map(idOf), there.map(idOf));
      return this.losing.lose(task, told.flatMap(asLost));
    });
  }
}

const idOf = ([{ externalId }]: Told): string => externalId;

const asLost = ([{ externalId, approvedIn }, look]: Told): Lost[] =>
  look === 'not-found' || look === 'marked-deleted'
    ? [{ externalId, proof: { code: look, ...(approvedIn !== null && { approvedIn }) } }]
    : [];

const HELD =
  'Nobody was marked as missing or gone. If it is right, approve it (POST /api/runs/{id}/approve-deletions).';

const notTold = (count: number): SyncWarning => ({
  code: 'deletions-unproven',
  detail: `${count} clients that are not in the list any more stay as they are: SimplyBook.me did not say of them that they are deleted. The next sync asks again.`,
});

const stuck = ({ externalId, leads: [leadId, other] }: Blocked): SyncWarning => ({
  code: 'deletion-blocked',
  detail: `Client ${externalId} is deleted in the CRM, but lead ${leadId} would be left with an e-mail address that belongs to lead ${other}. If both are one person, merge them; if not, give one of them another address in the CRM.`,
});
