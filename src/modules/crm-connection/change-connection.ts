import { Command, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { ifVersion } from '../../shared/expected-version.ts';
import type { ExpectedVersions } from '../../shared/expected-version.ts';
import { changeSchedule, changeSettings, connection, connectionStream } from './connection.decider.ts';
import { GetConnection, connectionDisconnected } from './contract.ts';
import type { Connection, ConnectionSettings } from './contract.ts';
import { scheduleOf } from './schedule/wanted-schedule.ts';
import type { WantedSchedule } from './schedule/wanted-schedule.ts';

/** What is left out stays as it is. */
export type ConnectionChanges = { settings: Partial<ConnectionSettings>; schedule?: WantedSchedule | null };

/** Changes settings and schedule of a connection. Again changes nothing. */
export class ChangeConnection extends Command<Connection> {
  constructor(
    readonly connectionId: string,
    readonly changes: ConnectionChanges,
    readonly expected: ExpectedVersions,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(ChangeConnection)
export class ChangeConnectionHandler implements ICommandHandler<ChangeConnection> {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
  ) {}

  async execute({ connectionId, changes, expected, by }: ChangeConnection): Promise<Connection> {
    const { status, timezone } = await this.queries.execute(new GetConnection(connectionId));
    if (status === 'disconnected') throw connectionDisconnected();
    const { settings, schedule } = changes;
    const stream = connectionStream(connectionId);
    const decisions = [decision(stream, connection, changeSettings(connectionId, settings))];
    if (schedule !== undefined) {
      const wanted = scheduleOf(schedule, timezone);
      decisions.push(decision(stream, connection, changeSchedule(connectionId, wanted)));
    }
    const [first, ...others] = decisions;
    await this.events.transact([ifVersion(expected, first!), ...others], { ...by, causationId: null });
    return this.queries.execute(new GetConnection(connectionId));
  }
}
