import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import type { Decision } from '../../shared/event-store/decider.ts';
import { UpsertLeads } from './contract.ts';
import { lead, leadStream, upsert } from './lead.decider.ts';

@QueryHandler(UpsertLeads)
export class UpsertLeadsHandler implements IQueryHandler<UpsertLeads> {
  async execute({ upserts }: UpsertLeads): Promise<Decision[]> {
    return upserts.map((one) =>
      decision(leadStream(one.leadId), lead, upsert(one.leadId, one, one.values, one.home), one.cause),
    );
  }
}
