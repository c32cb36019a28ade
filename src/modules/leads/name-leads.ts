import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { NameLeads } from './contract.ts';
import { LeadList } from './lead-list.read-model.ts';

@QueryHandler(NameLeads)
export class NameLeadsHandler implements IQueryHandler<NameLeads> {
  constructor(private readonly leads: LeadList) {}

  execute({ ids }: NameLeads): Promise<ReadonlyMap<string, string>> {
    return this.leads.names(ids);
  }
}
