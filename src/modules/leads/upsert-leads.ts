import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { UpsertLeads } from './contract.ts';
import type { LeadEvent, LeadOutcome, LeadUpsert } from './contract.ts';
import { lead, upsert } from './lead.decider.ts';

@CommandHandler(UpsertLeads)
export class UpsertLeadsHandler implements ICommandHandler<UpsertLeads> {
  constructor(private readonly events: EventStore) {}

  async execute({ upserts, runId, by }: UpsertLeads): Promise<LeadOutcome[]> {
    const recorded = await this.events.transact(
      upserts.map((one) =>
        decision(
          `lead-${one.leadId}`,
          lead,
          upsert(one.leadId, sourceOf(one), one.values, subjectOf(one)),
          one.causationId ?? undefined,
        ),
      ),
      { ...by, causationId: null, runId },
    );
    return recorded.map(([event]) =>
      event === undefined ? 'unchanged' : (event.data as LeadEvent['data']).change,
    );
  }
}

const sourceOf = ({ connectionId, externalId }: LeadUpsert) => ({ connectionId, externalId });

/** The values are the client's, so they are sealed with the client's key: forgetting the client forgets them here too. */
const subjectOf = ({ connectionId, externalId }: LeadUpsert): string =>
  `crm-client-${connectionId}-${externalId}`;
