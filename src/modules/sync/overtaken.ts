import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { HoldLooks, LookAgain } from '../webhooks/contract.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import type { Look } from './crm-clients.read-model.ts';
import type { RunTask } from './runs/run-task.ts';

/** Where a listing was read, and since when: the database's time before its first page was asked for. */
export type ReadSince = Pick<RunTask, 'connection' | 'by'> & { since: string };

/**
 * Keeps what a run has listed from overwriting what was read later: a record that a webhook has had looked at since the
 * listing began, and that is listed otherwise, stays as it is and is looked at once more. To be asked first in the transaction
 * that takes what was listed; no look is recorded until that has ended.
 */
@Injectable()
export class Overtaken {
  constructor(
    private readonly commands: CommandBus,
    private readonly clients: CrmClientList,
  ) {}

  /**
   * The clients that must not be taken as they are listed, with the code for which they wait in quarantine. Custom fields are
   * not part of how a client looks: where they are wanted, nobody can tell which are newer.
   */
  async ofClients(
    { connection, by, since }: ReadSince,
    listed: readonly Look[],
  ): Promise<ReadonlyMap<string, string | null>> {
    const looked = await this.commands.execute(new HoldLooks(connection.id, 'client', since));
    const doubtful = listed.filter(({ externalId }) => looked.has(externalId));
    if (doubtful.length === 0) return new Map();
    const changed = await this.clients.changed(connection.id, doubtful);
    const ids = doubtful.map(({ externalId }) => externalId);
    const again = connection.clientFields ? ids : ids.filter((id) => changed.has(id));
    await this.again(connection.id, 'client', again, by);
    return new Map(ids.map((id) => [id, changed.get(id)?.code ?? null]));
  }

  /** The bookings that must not be taken as they are listed. */
  async ofBookings({ connection, by, since }: ReadSince, listed: readonly string[]): Promise<Set<string>> {
    const looked = await this.commands.execute(new HoldLooks(connection.id, 'booking', since));
    const doubtful = listed.filter((externalId) => looked.has(externalId));
    await this.again(connection.id, 'booking', doubtful, by);
    return new Set(doubtful);
  }

  private async again(
    connectionId: string,
    kind: 'client' | 'booking',
    ids: string[],
    { correlationId }: Caller,
  ): Promise<void> {
    if (ids.length > 0) await this.commands.execute(new LookAgain(connectionId, kind, ids, correlationId));
  }
}
