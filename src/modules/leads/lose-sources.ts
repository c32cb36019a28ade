import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { LoseSources } from './contract.ts';
import type { LeadLoss, LostSource } from './contract.ts';
import { loseAll } from './lead-identity.ts';
import type { KnownLeads } from './lead-identity.ts';
import { LeadList } from './lead-list.read-model.ts';
import { lead, leadStream, loseSource } from './lead.decider.ts';

@QueryHandler(LoseSources)
export class LoseSourcesHandler implements IQueryHandler<LoseSources> {
  constructor(private readonly leads: LeadList) {}

  async execute({ lost }: LoseSources): Promise<LeadLoss[]> {
    const verdicts = loseAll(lost, await this.knownTo(lost));
    return lost.map((one, index) => {
      const verdict = verdicts[index]!;
      if (verdict === null) return { decisions: [] };
      return 'leads' in verdict ? verdict : { decisions: [losing(verdict.leadId, one)] };
    });
  }

  /** The leads of these clients, and whoever has an e-mail that one of those could fall back to. */
  private async knownTo(lost: readonly LostSource[]): Promise<KnownLeads> {
    const sources = await this.leads.keyedSources([...new Set(await this.leads.leadsOf(lost))]);
    const keys = [...sources.values()].flat().flatMap(({ emailKey }) => emailKey ?? []);
    return { sources, owners: await this.leads.ownersOf([...new Set(keys)]) };
  }
}

const losing = (leadId: string, { connectionId, externalId, at, cause }: LostSource) =>
  decision(leadStream(leadId), lead, loseSource(leadId, { connectionId, externalId }, at), cause);
