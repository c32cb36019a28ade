import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { TakeClient } from './contract.ts';
import { CrmClientList } from './crm-clients.read-model.ts';
import { Quarantine } from './quarantine/quarantine.read-model.ts';
import { asCandidate, asUnreadable, lookOf, sort } from './sort-clients.ts';
import type { Candidate } from './sort-clients.ts';
import { TakeClients } from './take-clients.ts';

/** What a run does with a page, done with one client that was read by itself. */
@CommandHandler(TakeClient)
export class TakeClientHandler implements ICommandHandler<TakeClient> {
  constructor(
    private readonly clients: CrmClientList,
    private readonly quarantine: Quarantine,
    private readonly taking: TakeClients,
  ) {}

  async execute({ connection, read, fields, by }: TakeClient): Promise<void> {
    const arrived = 'client' in read ? asCandidate(read.client) : asUnreadable(read.unreadable);
    const looks = [lookOf(arrived)];
    const changed = await this.clients.changed(connection.id, looks);
    const { candidates, waiting } = sort([arrived], looks, changed, connection.clientsWithoutEmail);
    // Custom fields are not part of how a client looks: where they are wanted they are compared each time.
    const wanted = candidates[0] ?? arrived;
    const open = fields === null || waiting.length > 0 ? candidates : [withFields(wanted, fields)];
    const met = open.map(({ externalId }) => externalId).filter((id) => changed.get(id) !== null);
    const judged = await this.taking.judge(connection, open, met);
    const { again } =
      judged.length === 0 ? { again: [] } : await this.taking.take({ runId: null, connection, by }, judged);
    await this.quarantine.sighted(connection.id, [...waiting, ...again]);
  }
}

const withFields = (one: Candidate, fields: NonNullable<TakeClient['fields']>): Candidate =>
  'values' in one ? { ...one, values: { ...one.values, fields } } : one;
