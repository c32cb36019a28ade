import { Injectable } from '@nestjs/common';
import { Refusal } from '../../shared/errors.ts';
import type { RefusalKind } from '../../shared/errors.ts';
import { fold } from '../../shared/event-store/decider.ts';
import type { Event } from '../../shared/event-store/event.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { LeadEvent } from './contract.ts';
import { LeadList } from './lead-list.read-model.ts';
import type { LeadRow } from './lead-list.read-model.ts';
import { lead, leadStream } from './lead.decider.ts';
import type { Lead } from './lead.decider.ts';

type Known = NonNullable<Lead>;

/** Merges and splits wait for each other. */
export const MOVES = 'lead-moves';

/** Looks leads up for people, and says in words why one is not to be had. */
@Injectable()
export class LeadBooks {
  constructor(
    private readonly events: EventStore,
    private readonly leads: LeadList,
  ) {}

  /** A lead that is one of its own. @throws Refusal `lead-not-found`, `lead-merged` */
  async one(id: string): Promise<LeadRow> {
    const row = await this.leads.one(id);
    if (row === undefined) throw notFound();
    if (row.mergedInto !== null) throw mergedInto(row.mergedInto, 'not-found');
    return row;
  }

  /** The lead of the address, which must be one of its own, and the one of the body, as the log has them. */
  async pair(id: string, otherId: string): Promise<{ one: Known; other: Known }> {
    const history = await this.events.read([leadStream(id), leadStream(otherId)]);
    const stateOf = (of: string): Lead =>
      fold(lead, (history.get(leadStream(of)) ?? []) as readonly Event[] as readonly LeadEvent[]);
    const [one, other] = [stateOf(id), stateOf(otherId)];
    if (one === null) throw notFound();
    if (one.mergedInto !== undefined) throw await this.merged(id, 'not-found');
    if (other === null) throw unknownOther();
    return { one, other };
  }

  /** Says into which lead this one was merged. */
  async merged(id: string, kind: RefusalKind): Promise<Refusal> {
    const row = await this.leads.one(id);
    return mergedInto(row?.mergedInto ?? id, kind);
  }
}

const notFound = (): Refusal => new Refusal('not-found', 'lead-not-found', 'There is no lead with this id.');

const mergedInto = (leadId: string, kind: RefusalKind): Refusal =>
  new Refusal(
    kind,
    'lead-merged',
    `This lead has been merged into lead ${leadId}: use that one, or split it.`,
    {
      members: { mergedInto: leadId },
    },
  );

const unknownOther = (): Refusal =>
  new Refusal('unprocessable', 'lead-not-found', 'There is no lead with the id in the body: see "errors".', {
    errors: [{ pointer: '/leadId', detail: 'is not the id of a lead' }],
  });
