import { Command, Query } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import type { Event } from '../../shared/event-store/event.ts';

export type RecordKind = 'client' | 'booking';

/**
 * To be called first in a transaction that takes what a run has listed: until it has committed, nothing that a webhook has
 * had looked at is taken for this connection.
 */
export class HoldLooks extends Command<void> {
  constructor(readonly connectionId: string) {
    super();
  }
}

/**
 * Those of these records that were looked at by themselves since then: what a run that began before has listed of them may be
 * older, and is not to be taken. Each of them is looked at once more. Joins the open transaction.
 */
export class LookedAtSince extends Command<ReadonlySet<string>> {
  constructor(
    readonly connectionId: string,
    readonly kind: RecordKind,
    readonly externalIds: readonly string[],
    readonly since: string,
  ) {
    super();
  }
}

/** The clients that the CRM did not have any more when a webhook had them looked at: a hint, and no more than that. */
export class SaidToBeGone extends Query<string[]> {
  constructor(readonly connectionId: string) {
    super();
  }
}

/** Ends all webhooks of a connection, at the CRM as far as it can be reached. Again changes nothing. */
export class RemoveWebhooks extends Command<void> {
  constructor(
    readonly connectionId: string,
    readonly by: Caller,
  ) {
    super();
  }
}

type Facts = { connectionId: string };

/** The CRM's deliveries have an address (again): `registered` by us, for these events, or to be entered by a person. */
export type CrmWebhooksRegistered = Event<
  'CrmWebhooksRegistered',
  Facts & { registered: boolean; events: string[] }
>;
export type CrmWebhooksRemoved = Event<'CrmWebhooksRemoved', Facts>;
export type WebhooksEvent = CrmWebhooksRegistered | CrmWebhooksRemoved;
