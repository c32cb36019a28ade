import { isDeepStrictEqual } from 'node:util';
import { Command, CommandBus, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../../shared/caller.ts';
import { Refusal } from '../../../shared/errors.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { isWhole } from '../../../shared/storable.ts';
import { ReleaseBooking } from '../../bookings/contract.ts';
import type { ReleasedBooking } from '../../bookings/contract.ts';
import { CrmBookings } from '../../crm-connection/contract.ts';
import type { CrmBooking } from '../../crm-connection/contract.ts';
import { FindQuarantined } from './find-quarantined.ts';
import { adviceOn } from './quarantine-advice.ts';
import { Quarantine } from './quarantine.read-model.ts';
import type { QuarantinedRecord } from './quarantine.read-model.ts';

/** Looks at a waiting booking once more, as it came last: its zone may be known by now, or its status. */
export class ReplayBooking extends Command<ReleasedBooking> {
  constructor(
    readonly id: string,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(ReplayBooking)
export class ReplayBookingHandler implements ICommandHandler<ReplayBooking> {
  constructor(
    private readonly commands: CommandBus,
    private readonly events: EventStore,
    private readonly find: FindQuarantined,
    private readonly quarantine: Quarantine,
    private readonly crm: CrmBookings,
  ) {}

  async execute({ id, by }: ReplayBooking): Promise<ReleasedBooking> {
    const waiting = await this.find.one(id);
    const { connectionId, externalId } = waiting;
    const read = await this.read(waiting);
    if ('booking' in read) {
      return this.events.transaction(() => this.take(waiting, read.booking, by));
    }
    await this.quarantine.tried(connectionId, [externalId], 'booking');
    throw stillWaiting(waiting, read.code);
  }

  /** What a sync would make of the record today. */
  private async read(waiting: QuarantinedRecord): Promise<{ booking: CrmBooking } | { code: string }> {
    const { connectionId, externalId, record, code } = waiting;
    if (!isWhole(record)) return { code };
    const { bookings, unreadable } = await this.crm.readAgain(connectionId, [record]);
    const booking = bookings.find((one) => one.externalId === externalId);
    return booking === undefined ? { code: unreadable[0]?.code ?? code } : { booking };
  }

  private async take(waiting: QuarantinedRecord, booking: CrmBooking, by: Caller): Promise<ReleasedBooking> {
    const { id, connectionId } = waiting;
    const { record } = await this.find.one(id);
    if (!isDeepStrictEqual(record, waiting.record)) throw changedMeanwhile();
    return this.commands.execute(new ReleaseBooking(connectionId, booking, record, by));
  }
}

const changedMeanwhile = (): Refusal =>
  new Refusal(
    'conflict',
    'quarantine-changed',
    'A sync brought another version of this booking while the last one was looked at. Nothing was changed. Try again.',
  );

const stillWaiting = (waiting: QuarantinedRecord, code: string): Refusal =>
  new Refusal(
    'unprocessable',
    'still-in-quarantine',
    `The record still cannot be taken (${code}). ${adviceOn({ ...waiting, code })}`,
    { members: { code, leads: [] } },
  );
