import { Command, CommandBus, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../../shared/caller.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { GetConnection } from '../../crm-connection/contract.ts';
import type { Good } from '../sort-clients.ts';
import { REPLAYS, TakeClients } from '../take-clients.ts';
import { ClientFixes } from './client-fixes.ts';
import { DismissQuarantined } from './dismiss-quarantined.ts';
import { Quarantine } from './quarantine.read-model.ts';
import type { QuarantineFilter, QuarantinePlace, QuarantinedRecord } from './quarantine.read-model.ts';

/** `remaining`: matching records that were not looked at, because one sweep is bounded. */
export type Swept = { done: number; left: number; remaining: number };

/** Replays every waiting client that matches, or dismisses every record; `done` counts those that wait no longer. */
export class SweepQuarantine extends Command<Swept> {
  constructor(
    readonly action: 'replay' | 'dismiss',
    readonly filter: Pick<QuarantineFilter, 'connectionId' | 'code' | 'kind'>,
    readonly by: Caller,
  ) {
    super();
  }
}

const BATCH = 200; // records a transaction
const MOST = 10_000; // records a sweep
const CLIENTS = { kind: 'client' } as const;
const BOOKINGS = { kind: 'booking' } as const;

@CommandHandler(SweepQuarantine)
export class SweepQuarantineHandler implements ICommandHandler<SweepQuarantine> {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
    private readonly events: EventStore,
    private readonly quarantine: Quarantine,
    private readonly fixes: ClientFixes,
    private readonly taking: TakeClients,
  ) {}

  async execute({ action, filter, by }: SweepQuarantine): Promise<Swept> {
    const swept = { done: 0, left: 0, remaining: 0 };
    // Bookings are left to the next sync, which reads each of them anew: they go on waiting, and are counted.
    if (action === 'replay' && filter.kind !== 'client') {
      swept.left = await this.quarantine.count({ ...filter, ...BOOKINGS, status: 'waiting' }, null);
    }
    if (action === 'replay' && filter.kind === 'booking') return swept;
    const which = { ...filter, ...(action === 'replay' && CLIENTS), status: 'waiting' } as const;
    let after: QuarantinePlace | null = null;
    for (let seen = 0; seen < MOST; seen += BATCH) {
      const records: QuarantinedRecord[] = await this.quarantine.page({ ...which, after, limit: BATCH });
      const last = records.at(-1);
      if (last === undefined) return swept;
      after = [last.firstSeenAt, last.id];
      const done =
        action === 'replay'
          ? await this.replay(records, by)
          : await this.commands.execute(new DismissQuarantined(records, by));
      swept.done += done;
      swept.left += records.length - done;
    }
    return { ...swept, remaining: await this.quarantine.count(which, after) };
  }

  private async replay(records: readonly QuarantinedRecord[], by: Caller): Promise<number> {
    let released = 0;
    for (const [connectionId, some] of Map.groupBy(records, (record) => record.connectionId)) {
      const connection = await this.queries.execute(new GetConnection(connectionId));
      released += await this.events.oneAtATime(REPLAYS, async () => {
        const judged = await this.taking.again(connection, await this.readable(some), by);
        return judged.filter((one) => 'leadId' in one).length;
      });
    }
    return released;
  }

  private async readable(records: readonly QuarantinedRecord[]): Promise<Good[]> {
    const states = await this.fixes.statesOf(records);
    return records.flatMap(({ externalId }, index) => {
      const waiting = states[index]?.quarantined ?? null;
      if (waiting === null || waiting.values === null || waiting.dismissed) return [];
      return [{ externalId, values: waiting.values, record: waiting.record, waiting }];
    });
  }
}
