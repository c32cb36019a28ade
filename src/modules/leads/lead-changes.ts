import { isDeepStrictEqual } from 'node:util';
import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import type { Recorded } from '../../shared/event-store/event.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { DescribeLeadChanges } from './contract.ts';
import type { LeadChange, LeadEvent, LeadView } from './contract.ts';
import { lead, valuesOf } from './lead.decider.ts';
import type { Lead } from './lead.decider.ts';

/** How a lead looked with this state; null before there was one. */
const viewOf = (state: Lead, status: LeadView['status']): LeadView | null => {
  if (state === null) return null;
  const { phoneE164 = null, phoneExtension = null, address = null, ...values } = valuesOf(state.sources);
  return { ...values, phoneE164, phoneExtension, address, status, mergedInto: state.mergedInto ?? null };
};

/** What each event of one lead's stream has changed, the oldest first. */
export const changesOf = (events: readonly Recorded<LeadEvent>[]): LeadChange[] => {
  let state = lead.initial;
  // As announced: it follows from the sources, and is said in the event after that which changes them.
  let status: LeadView['status'] = 'active';
  return events.map((event) => {
    const before = viewOf(state, status);
    state = lead.evolve(state, event);
    if (event.type === 'LeadGone') status = 'gone';
    if (event.type === 'LeadRestored') status = 'active';
    const after = viewOf(state, status);
    const fields = differing(before, after);
    const others = kindOf(event) === 'created' ? [] : ['sources'];
    return {
      leadId: event.data.leadId,
      change: kindOf(event),
      changed: fields.length > 0 ? fields : others,
      before,
      after,
      event,
    };
  });
};

const kindOf = (event: LeadEvent): LeadChange['change'] => {
  switch (event.type) {
    case 'LeadUpserted':
      return event.data.change;
    case 'LeadMerged':
      return 'merged';
    case 'LeadSplit':
      return 'split';
    case 'LeadGone':
      return 'gone';
    case 'LeadRestored':
      return 'restored';
  }
};

/** What a number is read as is no field of its own. */
const fieldOf = (name: string): string => (name.startsWith('phone') ? 'phone' : name);

/** To be there is no change of a lead that was not. */
const UNBORN: Partial<LeadView> = { status: 'active' };

const differing = (before: LeadView | null, after: LeadView | null): string[] => {
  const names = Object.entries(after ?? {}).flatMap(([name, value]) =>
    isDeepStrictEqual((before ?? UNBORN)[name as keyof LeadView] ?? null, value) ? [] : [fieldOf(name)],
  );
  return [...new Set(names)];
};

@QueryHandler(DescribeLeadChanges)
export class DescribeLeadChangesHandler implements IQueryHandler<DescribeLeadChanges> {
  constructor(private readonly events: EventStore) {}

  async execute({ events }: DescribeLeadChanges): Promise<LeadChange[]> {
    const streams = await this.events.read([...new Set(events.map(({ stream }) => stream))]);
    const described = new Map<number, LeadChange>();
    for (const past of streams.values())
      for (const change of changesOf(past as readonly Recorded<LeadEvent>[]))
        described.set(change.event.position, change);
    return events.flatMap(({ position }) => described.get(position) ?? []);
  }
}
