import { Injectable } from '@nestjs/common';
import { Refusal } from '../../shared/errors.ts';
import type { RefusalKind } from '../../shared/errors.ts';
import { fold } from '../../shared/event-store/decider.ts';
import type { Event, Recorded } from '../../shared/event-store/event.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { LeadChange, LeadEvent } from './contract.ts';
import { changesOf } from './lead-changes.ts';
import { columns } from './lead-details.ts';
import { LeadList } from './lead-list.read-model.ts';
import type { LeadRow } from './lead-list.read-model.ts';
import { inOrder, isAlive, lead, leadStream, valuesOf } from './lead.decider.ts';
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

  /** Every change of a lead, the newest first, also of one that was merged. @throws Refusal `lead-not-found` */
  async history(id: string): Promise<LeadChange[]> {
    return changesOf(await this.recorded(id)).toReversed();
  }

  /**
   * A lead as it was at a position of the log, or at a time. What its sources said then is what the log says of them.
   * @throws Refusal `lead-not-found` when it was not there yet, `lead-merged`
   */
  async asOf(id: string, at: number | Date): Promise<LeadRow> {
    const past = (await this.recorded(id)).filter(({ position, recordedAt }) =>
      typeof at === 'number' ? position <= at : Date.parse(recordedAt) <= at.getTime(),
    );
    const state = fold(lead, past);
    const last = past.at(-1);
    if (state === null || last === undefined) throw notFoundThen();
    if (state.mergedInto !== undefined) throw mergedInto(state.mergedInto, 'not-found');
    return {
      id,
      ...columns(valuesOf(state.sources)),
      status: isAlive(state.sources) ? 'active' : 'gone',
      sources: inOrder(state.sources).map(({ connectionId, externalId, via, gone, ...values }, index) => ({
        connectionId,
        externalId,
        primary: index === 0,
        home: via?.at(-1) ?? null,
        gone: gone ?? null,
        ...columns(values),
      })),
      mergedInto: null,
      createdAt: past[0]!.recordedAt,
      updatedAt: last.recordedAt,
      lastSyncedAt: last.recordedAt,
      version: last.version,
    };
  }

  private async recorded(id: string): Promise<readonly Recorded<LeadEvent>[]> {
    const stream = leadStream(id);
    const past = (await this.events.read([stream])).get(stream);
    if (past === undefined) throw notFound();
    return past as readonly Recorded<LeadEvent>[];
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

const notFoundThen = (): Refusal =>
  new Refusal('not-found', 'lead-not-found', 'There was no lead with this id at that time.');

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
