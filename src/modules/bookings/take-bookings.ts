import { hash } from 'node:crypto';
import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { storable } from '../../shared/storable.ts';
import type { CrmBooking, UnusableBooking } from '../crm-connection/contract.ts';
import { bookingFacts } from './booking-facts.ts';
import { bookingFingerprint } from './booking-fingerprint.ts';
import { BookingList } from './booking-list.read-model.ts';
import { booking, bookingStream, quarantineBooking, upsertBooking } from './booking.decider.ts';
import type { BookingFacts } from './booking.decider.ts';
import { TakeBookings } from './contract.ts';
import type { BookingLinks, BookingUpserted, BookingValues, TakenBookings } from './contract.ts';
import { LeadsOfClients } from './leads-of-clients.ts';
import type { LeadsByClient } from './leads-of-clients.ts';

type Arrived = {
  facts: BookingFacts;
  links: BookingLinks;
  status: CrmBooking['status'];
  values: BookingValues;
};
type Waiting = { facts: BookingFacts; reason: UnusableBooking };

@CommandHandler(TakeBookings)
export class TakeBookingsHandler implements ICommandHandler<TakeBookings> {
  constructor(
    private readonly leads: LeadsOfClients,
    private readonly events: EventStore,
    private readonly list: BookingList,
  ) {}

  async execute(command: TakeBookings): Promise<TakenBookings> {
    const { connectionId, bookings, unusable, runId, by } = command;
    const clients = [...new Set(bookings.flatMap(({ clientId }) => clientId ?? []))];
    const leads = await this.leads.find(connectionId, clients);
    const arrived = linked(command, leads);
    const known = await this.list.fingerprints(
      connectionId,
      arrived.map(({ facts }) => facts.externalId),
    );
    const fresh = arrived.filter(
      ({ facts, links, status, values }) =>
        known.get(facts.externalId) !== bookingFingerprint({ ...links, status }, values),
    );
    const waiting = unusable.map((one) => waitingOf(connectionId, one));
    const decisions = [
      ...fresh.map(({ facts, links, status, values }) =>
        decision(streamOf(facts), booking, upsertBooking(facts, { ...links, status, values })),
      ),
      ...waiting.map(({ facts, reason }) =>
        decision(streamOf(facts), booking, quarantineBooking(facts, runId, reason)),
      ),
    ];
    if (decisions.length === 0) return tally(arrived.length, [], []);
    const recorded = await this.events.transact(decisions, {
      ...by,
      causationId: null,
      ...(runId !== null && { runId }),
    });
    if (fresh.length > 0) await this.leads.prove(connectionId, clients, leads);
    const changes = fresh.map(
      (_, index) => recorded[index]?.[0]?.data as BookingUpserted['data'] | undefined,
    );
    const still = waiting.map(({ facts }, index) => ({
      externalId: facts.externalId,
      isNew: recorded[fresh.length + index]?.[0] !== undefined,
    }));
    return tally(arrived.length, changes, still);
  }
}

/** Each booking with the lead that its client is now. */
const linked = ({ connectionId, bookings }: TakeBookings, leads: LeadsByClient): Arrived[] =>
  bookings.map(({ externalId, clientId, status, ...values }) => ({
    facts: bookingFacts(connectionId, externalId),
    links: { clientId, leadId: clientId === null ? null : (leads.get(clientId) ?? null) },
    status,
    values,
  }));

const streamOf = ({ bookingId }: BookingFacts): string => bookingStream(bookingId);

/** A record without an id is known by its content, so that meeting it again is not a second one. */
const waitingOf = (connectionId: string, reason: UnusableBooking): Waiting => {
  const record = storable(reason.record);
  const id = reason.externalId ?? `unreadable-${hash('sha256', JSON.stringify(record)).slice(0, 32)}`;
  return { facts: bookingFacts(connectionId, id), reason: { ...reason, record } };
};

const tally = (
  arrived: number,
  changes: readonly (BookingUpserted['data'] | undefined)[],
  waiting: readonly { externalId: string; isNew: boolean }[],
): TakenBookings => {
  const created = changes.filter((data) => data?.change === 'created').length;
  const updated = changes.filter((data) => data?.change === 'updated').length;
  return {
    created,
    updated,
    unchanged: arrived - created - updated,
    quarantined: waiting.length,
    waiting: waiting.filter(({ isNew }) => !isNew).map(({ externalId }) => externalId),
  };
};
