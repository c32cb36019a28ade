import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Collision, decision } from '../../../shared/event-store/decider.ts';
import type { Decision } from '../../../shared/event-store/decider.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { LoseSources } from '../../leads/contract.ts';
import { client, clientStream } from '../client.decider.ts';
import type { Client } from '../client.decider.ts';
import type { ClientGone } from '../contract.ts';
import { ClientFixes } from '../quarantine/client-fixes.ts';
import type { RunTask } from '../runs/run-task.ts';
import { loseClient } from './absent-client.decider.ts';
import type { Proof } from './absent-client.decider.ts';
import { MissedClients } from './missed-clients.store.ts';

/** A client that the CRM has no more, as it says itself. */
export type Lost = { externalId: string; proof: Proof };

/** Who cannot go, and the two leads that would have one e-mail address then. */
export type Blocked = { externalId: string; leads: [string, string] };

/** Records that clients are gone, and what that does to their leads. */
@Injectable()
export class LoseClients {
  constructor(
    private readonly events: EventStore,
    private readonly queries: QueryBus,
    private readonly clients: ClientFixes,
    private readonly missed: MissedClients,
  ) {}

  /** Joins the open transaction. Returns who cannot go. */
  async lose({ connection, runId, by }: RunTask, candidates: readonly Lost[]): Promise<Blocked[]> {
    if (candidates.length === 0) return [];
    const connectionId = connection.id;
    const identities = candidates.map(({ externalId }) => ({ connectionId, externalId }));
    const states = await this.clients.statesOf(identities);
    const all = candidates.map(({ externalId, proof }, index) => {
      const facts = { connectionId, externalId, runId };
      return { externalId, decide: loseClient(facts, proof), state: states[index]! };
    });
    // Who has been met meanwhile, or was missed by this run for the first time, is not among them.
    const lost = all.filter(({ decide, state }) => decide(state).length > 0);
    const clients = lost.map(({ externalId, decide, state }) =>
      decision(clientStream({ connectionId, externalId }), client, stillFrom(state, decide)),
    );
    const losses = await this.leadsWithout(connectionId, lost, clients);
    const blocked = losses.flatMap((loss, index) =>
      'leads' in loss ? [{ externalId: lost[index]!.externalId, leads: loss.leads }] : [],
    );
    const decisions = losses.flatMap((loss, index) =>
      'leads' in loss ? [] : [clients[index]!, ...loss.decisions],
    );
    await this.events.transact(decisions, { ...by, causationId: null, runId });
    const gone = lost.filter((_, index) => !('leads' in losses[index]!)).map(({ externalId }) => externalId);
    await this.missed.forget(connectionId, gone);
    return blocked;
  }

  private async leadsWithout(
    connectionId: string,
    lost: readonly { externalId: string }[],
    clients: readonly Decision[],
  ) {
    const at = await this.missed.now();
    const sources = lost.map(({ externalId }, index) => ({
      connectionId,
      externalId,
      at,
      cause: clients[index]!,
    }));
    return this.queries.execute(new LoseSources(sources));
  }
}

/** What its lead loses was found out for the client as it was: it must not have returned, or got a lead. @throws Collision */
const stillFrom =
  (before: Client, decide: (state: Client) => ClientGone[]) =>
  (state: Client): ClientGone[] => {
    if (!isDeepStrictEqual(state, before)) throw new Collision('A client');
    return decide(state);
  };
