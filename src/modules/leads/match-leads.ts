import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { MatchLeads } from './contract.ts';
import type { LeadMatch, SourceClient } from './contract.ts';
import { emailKey } from './email-key.ts';
import { matchAll } from './lead-identity.ts';
import type { KnownLeads } from './lead-identity.ts';
import { LeadList } from './lead-list.read-model.ts';

@QueryHandler(MatchLeads)
export class MatchLeadsHandler implements IQueryHandler<MatchLeads> {
  constructor(private readonly leads: LeadList) {}

  async execute({ clients, clientsWithoutEmail }: MatchLeads): Promise<LeadMatch[]> {
    return matchAll(clients, await this.knownTo(clients), clientsWithoutEmail);
  }

  /** The leads of these clients and of their e-mails, and whoever has an e-mail that one of those could fall back to. */
  private async knownTo(clients: readonly SourceClient[]): Promise<KnownLeads> {
    const keys = clients.map(({ values }) => emailKey(values.email));
    const owners = await this.leads.ownersOf(keys.flatMap((key) => ('key' in key ? [key.key] : [])));
    const holders = [...owners.values()].map(({ leadId }) => leadId);
    const leadIds = new Set([...(await this.leads.leadsOf(clients)), ...holders]);
    const sources = await this.leads.keyedSources([...leadIds]);
    const others = [...sources.values()].flat().flatMap((source) => source.emailKey ?? []);
    const unasked = [...new Set(others)].filter((key) => !owners.has(key));
    return { sources, owners: new Map([...owners, ...(await this.leads.ownersOf(unasked))]) };
  }
}
