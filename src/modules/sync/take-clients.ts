import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import type { Decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import { storable } from '../../shared/storable.ts';
import type { Connection } from '../crm-connection/contract.ts';
import { MatchLeads, UpsertLeads } from '../leads/contract.ts';
import type { LeadMatch } from '../leads/contract.ts';
import {
  assuming,
  client,
  clientStream,
  importClient,
  quarantineClient,
  withFixes,
} from './client.decider.ts';
import type { Basis, Fixes } from './client.decider.ts';
import type { ClientValues } from './contract.ts';
import { returnClient } from './deletions/absent-client.decider.ts';
import { ClientFixes } from './quarantine/client-fixes.ts';
import { FreedAddresses } from './quarantine/freed-addresses.ts';
import { Quarantine } from './quarantine/quarantine.read-model.ts';
import type { Bad, Candidate, Good } from './sort-clients.ts';

/** What it was judged with: `fixed` are the CRM's values with the fixes laid over them. */
type Verdict = { fixes: Fixes; fixed: ClientValues };
type Taken = Good & Verdict & Extract<LeadMatch, { leadId: string }>;
export type Judged = Taken | (Bad & Basis);

/** Replays wait for each other: several can want to become one lead. */
export const REPLAYS = 'replays';

/** For whom clients are taken: for a run, or for a person who replays them. */
export type Taking = { runId: string | null; connection: Connection; by: Caller };

/** Takes clients, in a run or out of quarantine: each becomes a lead, stays as it is, or is put aside. */
@Injectable()
export class TakeClients {
  constructor(
    private readonly events: EventStore,
    private readonly queries: QueryBus,
    private readonly fixes: ClientFixes,
    private readonly quarantine: Quarantine,
    private readonly freed: FreedAddresses,
  ) {}

  /** Takes clients once more as they came last, outside of any run. Joins the open transaction. */
  async again(connection: Connection, waiting: readonly Good[], by: Caller): Promise<Judged[]> {
    const ids = waiting.map(({ externalId }) => externalId);
    const judged = await this.judge(connection, waiting, ids);
    const { again } = await this.take({ runId: null, connection, by }, judged);
    await this.quarantine.tried(connection.id, again);
    return judged;
  }

  /** Whose lead each client is, or why it is nobody's. `met`: those that were there before, which alone can have fixes. */
  async judge(
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
      const { waiting, isBack } = one;
      const known = { ...(waiting && { waiting }), ...(isBack && { isBack }) };
      return judged.set(one, { externalId, reason, fixes: laid, ...known });
    });
    return candidates.map((one) => ('reason' in one ? one : judged.get(one)!));
  }

  /**
   * Per taken client what was recorded of its lead; `again` names those that were put aside before, just as they are now,
   * `returned` says how many were missing or gone.
   */
  async take(
    { runId, connection, by }: Taking,
    judged: readonly Judged[],
    turn?: Promise<void>,
  ): Promise<{ leads: Recorded[][]; again: string[]; returned: number }> {
    const connectionId = connection.id;
    const returns = new Map<Judged, Decision>();
    for (const one of judged.filter(({ isBack }) => isBack)) {
      const facts = { connectionId, externalId: one.externalId, runId };
      returns.set(one, decision(clientStream(facts), client, returnClient(facts)));
    }
    const clients = judged.map((one) => {
      const facts = { connectionId, externalId: one.externalId, runId };
      const decide =
        'reason' in one ? quarantineClient(facts, one.reason) : importClient(facts, one.leadId, one.values);
      return decision(clientStream(facts), client, assuming(one, decide));
    });
    const upserts = judged.flatMap((one, index) =>
      'leadId' in one
        ? [{ ...one, values: one.fixed, connectionId, cause: returns.get(one) ?? clients[index]! }]
        : [],
    );
    const leads =
      upserts.length === 0 ? [] : await this.queries.execute(new UpsertLeads(upserts, connection.country));
    const all = await this.events.transact(
      [...returns.values(), ...clients, ...leads],
      { ...by, causationId: null, ...(runId !== null && { runId }) },
      turn,
    );
    const recorded = all.slice(returns.size);
    if (runId === null) await this.freed.lookAgain(recorded.slice(clients.length).flat(), by.correlationId);
    const again = judged.filter((one, index) => 'reason' in one && recorded[index]!.length === 0);
    return {
      leads: recorded.slice(clients.length),
      again: again.map(({ externalId }) => externalId),
      returned: all.slice(0, returns.size).flat().length,
    };
  }
}

const verdictOn = ({ values }: Good, fixes: Fixes): Verdict => ({ fixes, fixed: withFixes(values, fixes) });

/** Whether it wants an e-mail address that another lead has. */
export const isContested = (one: Judged): boolean => 'reason' in one && one.reason.code === 'email.taken';

const sentence = (externalId: string, { name }: ClientValues, detail: string): string =>
  name === null ? `Client ${externalId} ${detail}.` : `Client ${externalId} (${name}) ${detail}.`;
