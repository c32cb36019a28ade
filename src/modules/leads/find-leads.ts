import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { FindLeads } from './contract.ts';
import { LeadList } from './lead-list.read-model.ts';

@QueryHandler(FindLeads)
export class FindLeadsHandler implements IQueryHandler<FindLeads> {
  constructor(private readonly leads: LeadList) {}

  execute({ connectionId, externalIds }: FindLeads): Promise<ReadonlyMap<string, string>> {
    return this.leads.bySource(connectionId, externalIds);
  }
}
