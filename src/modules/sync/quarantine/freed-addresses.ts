import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Recorded } from '../../../shared/event-store/event.ts';
import type { LeadUpserted } from '../../leads/contract.ts';
import { LookAgain } from '../../webhooks/contract.ts';
import { Quarantine } from './quarantine.read-model.ts';

/**
 * A client waits because another lead has its e-mail address, and that lead has another one now: the client is looked at
 * again, whichever company it is from. A run needs no such thing: it meets its clients again, those of other companies wait
 * for theirs.
 */
@Injectable()
export class FreedAddresses {
  constructor(
    private readonly commands: CommandBus,
    private readonly quarantine: Quarantine,
  ) {}

  /** Joins the open transaction. */
  async lookAgain(leads: readonly Recorded[], correlationId: string): Promise<void> {
    const moved = leads.filter(hasMoved).map(({ data }) => (data as LeadUpserted['data']).leadId);
    if (moved.length === 0) return;
    const waiting = await this.quarantine.wantingAddressOf(moved);
    for (const [connectionId, some] of Map.groupBy(waiting, (one) => one.connectionId)) {
      const ids = some.map(({ externalId }) => externalId);
      await this.commands.execute(new LookAgain(connectionId, 'client', ids, correlationId));
    }
  }
}

const hasMoved = ({ type, data }: Recorded): boolean => {
  if (type !== 'LeadUpserted') return false;
  const { change, changed } = data as LeadUpserted['data'];
  return change === 'updated' && changed.includes('email');
};
