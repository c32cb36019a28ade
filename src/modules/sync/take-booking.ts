import { CommandBus, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { KnownBookings, TakeBookings } from '../bookings/contract.ts';
import { TakeBooking } from './contract.ts';
import { Quarantine } from './quarantine/quarantine.read-model.ts';

/** What a run does with a page, done with one booking that was read by itself. */
@CommandHandler(TakeBooking)
export class TakeBookingHandler implements ICommandHandler<TakeBooking> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly quarantine: Quarantine,
  ) {}

  async execute({ connectionId, read, by }: TakeBooking): Promise<void> {
    const bookings = 'booking' in read ? [read.booking] : [];
    const unusable = 'unusable' in read ? [read.unusable] : [];
    const ids = [...bookings, ...unusable].flatMap(({ externalId }) => externalId ?? []);
    if (read.onlyKnown && !(await this.isKnown(connectionId, ids))) return;
    const command = new TakeBookings(connectionId, bookings, unusable, null, by);
    const { waiting } = await this.commands.execute(command);
    await this.quarantine.sighted(connectionId, waiting, 'booking');
  }

  private async isKnown(connectionId: string, ids: readonly string[]): Promise<boolean> {
    const taken = await this.queries.execute(new KnownBookings(connectionId, ids));
    return taken.size > 0 || (await this.quarantine.bookings(connectionId, ids)).length > 0;
  }
}
