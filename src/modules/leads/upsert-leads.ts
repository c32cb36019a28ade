import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import type { Decision } from '../../shared/event-store/decider.ts';
import { UpsertLeads } from './contract.ts';
import type { LeadUpsert } from './contract.ts';
import { lead, upsert } from './lead.decider.ts';

@QueryHandler(UpsertLeads)
export class UpsertLeadsHandler implements IQueryHandler<UpsertLeads> {
  async execute({ upserts }: UpsertLeads): Promise<Decision[]> {
    return upserts.map((one) =>
      decision(
        `lead-${one.leadId}`,
        lead,
        upsert(one.leadId, sourceOf(one), one.values, subjectOf(one)),
        one.cause,
      ),
    );
  }
}

const sourceOf = ({ connectionId, externalId }: LeadUpsert) => ({ connectionId, externalId });

/** The values are the client's, so they are sealed with the client's key: forgetting the client forgets them here too. */
const subjectOf = ({ connectionId, externalId }: LeadUpsert): string =>
  `crm-client-${connectionId}-${externalId}`;
