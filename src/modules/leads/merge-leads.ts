import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { Refusal } from '../../shared/errors.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { LeadBooks, MOVES } from './lead-books.ts';
import { mergeInto, takeIn } from './lead-merge.decider.ts';
import { lead, leadStream } from './lead.decider.ts';

/** Makes one lead of two: `otherId` becomes a part of `leadId`. SplitLead undoes it. */
export class MergeLeads extends Command<void> {
  constructor(
    readonly leadId: string,
    readonly otherId: string,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(MergeLeads)
export class MergeLeadsHandler implements ICommandHandler<MergeLeads> {
  constructor(
    private readonly events: EventStore,
    private readonly books: LeadBooks,
  ) {}

  async execute({ leadId, otherId, by }: MergeLeads): Promise<void> {
    if (leadId === otherId) throw withItself();
    await this.events.oneAtATime(MOVES, async () => {
      const { other } = await this.books.pair(leadId, otherId);
      if (other.mergedInto !== undefined) throw await this.books.merged(otherId, 'conflict');
      const decisions = [
        decision(leadStream(otherId), lead, mergeInto(otherId, leadId, other.sources)),
        decision(leadStream(leadId), lead, takeIn(leadId, otherId, other.sources)),
      ];
      await this.events.transact(decisions, { ...by, causationId: null });
    });
  }
}

const withItself = (): Refusal =>
  new Refusal('invalid', 'invalid-request', 'A lead cannot be merged with itself: see "errors".', {
    errors: [{ pointer: '/leadId', detail: 'must be another lead than the one in the address' }],
  });
