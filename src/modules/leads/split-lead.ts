import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { Refusal } from '../../shared/errors.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { LeadBooks, MOVES } from './lead-books.ts';
import { broughtBy, comeBack, giveBack } from './lead-merge.decider.ts';
import { keysIn } from './lead-identity.ts';
import { lead, leadStream } from './lead.decider.ts';
import type { FiledSource } from './lead.decider.ts';

/** Undoes a merge: `otherId` comes back as a lead of its own, with its sources and what they say by now. */
export class SplitLead extends Command<void> {
  constructor(
    readonly leadId: string,
    readonly otherId: string,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(SplitLead)
export class SplitLeadHandler implements ICommandHandler<SplitLead> {
  constructor(
    private readonly events: EventStore,
    private readonly books: LeadBooks,
  ) {}

  async execute({ leadId, otherId, by }: SplitLead): Promise<void> {
    await this.events.oneAtATime(MOVES, async () => {
      const { one } = await this.books.pair(leadId, otherId);
      const sources = broughtBy(otherId, one.sources);
      if (sources.length === 0) throw notMerged(leadId, otherId);
      const rest = one.sources.filter(({ via = [] }) => !via.includes(otherId));
      refuseShared({ leadId, sources: rest }, { leadId: otherId, sources });
      const decisions = [
        decision(leadStream(otherId), lead, comeBack(otherId, leadId, sources)),
        decision(leadStream(leadId), lead, giveBack(leadId, otherId, sources)),
      ];
      await this.events.transact(decisions, { ...by, causationId: null });
    });
  }
}

type Part = { leadId: string; sources: readonly FiledSource[] };

/** One e-mail address belongs to one lead. */
const refuseShared = (one: Part, other: Part): void => {
  const keys = keysIn(other.leadId, other.sources);
  if (![...keysIn(one.leadId, one.sources).keys()].some((key) => keys.has(key))) return;
  throw new Refusal(
    'conflict',
    'leads-share-email',
    'Both leads would have the same e-mail address, which belongs to one lead only. Give one of their clients another address in the CRM, sync, and split then.',
  );
};

const notMerged = (leadId: string, otherId: string): Refusal =>
  new Refusal(
    'conflict',
    'lead-not-merged',
    `Lead ${otherId} is not a part of lead ${leadId}. The member mergedLeads of a lead names those that are.`,
  );
