import { Command, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../../shared/caller.ts';
import { Refusal } from '../../../shared/errors.ts';
import { decision } from '../../../shared/event-store/decider.ts';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { GetConnection } from '../../crm-connection/contract.ts';
import { client, clientStream } from '../client.decider.ts';
import { REPLAYS, TakeClients } from '../take-clients.ts';
import { ClientFixes } from './client-fixes.ts';
import { FindQuarantined } from './find-quarantined.ts';
import { adviceOn } from './quarantine-advice.ts';
import { Quarantine } from './quarantine.read-model.ts';
import type { QuarantinedRecord } from './quarantine.read-model.ts';
import { fixClient } from './waiting-client.decider.ts';
import type { Fix } from './waiting-client.decider.ts';

/** Takes a waiting client once more, as it came last and with the fix laid over it. Returns its lead. */
export class ReplayClient extends Command<string> {
  constructor(
    readonly id: string,
    readonly fix: Fix,
    readonly by: Caller,
  ) {
    super();
  }
}

/** Thrown within the transaction, so that a fix that does not help is not kept. The attempt counts. */
class StillWaiting extends Refusal {}

@CommandHandler(ReplayClient)
export class ReplayClientHandler implements ICommandHandler<ReplayClient> {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly find: FindQuarantined,
    private readonly quarantine: Quarantine,
    private readonly fixes: ClientFixes,
    private readonly taking: TakeClients,
  ) {}

  async execute({ id, fix, by }: ReplayClient): Promise<string> {
    const waiting = await this.find.one(id);
    try {
      return await this.events.oneAtATime(REPLAYS, () => this.replay(waiting, fix, by));
    } catch (error) {
      if (error instanceof StillWaiting)
        await this.quarantine.tried(waiting.connectionId, [waiting.externalId]);
      throw error;
    }
  }

  private async replay(record: QuarantinedRecord, fix: Fix, by: Caller): Promise<string> {
    const { connectionId, externalId } = await this.find.one(record.id);
    const identity = { connectionId, externalId };
    const connection = await this.queries.execute(new GetConnection(connectionId));
    const fixing = decision(clientStream(identity), client, fixClient(identity, fix));
    await this.events.transact([fixing], { ...by, causationId: null });
    const [state] = await this.fixes.statesOf([identity]);
    const waiting = state?.quarantined ?? null;
    if (waiting === null || waiting.values === null) throw stillWaiting(record, record, fix);
    const { values, record: received } = waiting;
    const [judged] = await this.taking.again(
      connection,
      [{ externalId, values, record: received, waiting }],
      by,
    );
    if (judged === undefined || 'reason' in judged) throw stillWaiting(record, judged?.reason ?? record, fix);
    return judged.leadId;
  }
}

type Reason = { code: string; leads?: readonly string[] };

const stillWaiting = (record: QuarantinedRecord, { code, leads }: Reason, fix: Fix): Refusal => {
  if (code === 'email.invalid' && fix.email !== undefined) {
    const errors = [{ pointer: '/fix/email', detail: 'must be an e-mail address that mail can reach' }];
    return new Refusal('invalid', 'invalid-request', 'The fix cannot be used: see "errors".', { errors });
  }
  const detail = `The record still cannot be taken (${code}). ${adviceOn({ ...record, code })}`;
  return new StillWaiting('unprocessable', 'still-in-quarantine', detail, {
    members: { code, leads: leads ?? [] },
  });
};
