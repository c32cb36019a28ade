import { Command, Query } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import type { Event } from '../../shared/event-store/event.ts';
import type { CrmBooking, CrmClient, UnreadableRecord, UnusableBooking } from '../crm-connection/contract.ts';

export type RecordKind = 'client' | 'booking';

/**
 * To be called first in a transaction that takes what a run has listed: until that has ended, nothing that was looked at by
 * itself is taken for this connection. Returns the records that were looked at since then: what a run that began to read
 * before has listed of them may be older.
 */
export class HoldLooks extends Command<ReadonlySet<string>> {
  constructor(
    readonly connectionId: string,
    readonly kind: RecordKind,
    readonly since: string,
  ) {
    super();
  }
}

/** Has records looked at once more, within seconds. Joins the open transaction. */
export class LookAgain extends Command<void> {
  constructor(
    readonly connectionId: string,
    readonly kind: RecordKind,
    readonly externalIds: readonly string[],
    readonly correlationId: string,
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

/**
 * Ends all webhooks of a connection here: whatever the CRM still sends finds no address. Joins the open transaction. Returns
 * whether there were any.
 */
export class ForgetWebhooks extends Command<boolean> {
  constructor(
    readonly connectionId: string,
    readonly by: Caller,
  ) {
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

/**
 * One client as the CRM has it at the moment. `gone`: there is none with this id, or it is marked as deleted. `unknown`: the
 * CRM says neither, for example because this user may not see it.
 */
export type ClientRead = { client: CrmClient } | { unreadable: UnreadableRecord } | 'gone' | 'unknown';

/** One booking alike; `onlyKnown`: it is from before the window, and wanted only where it is known already. */
export type BookingRead =
  | { booking: CrmBooking; onlyKnown: boolean }
  | { unusable: UnusableBooking; onlyKnown: boolean }
  | 'gone'
  | 'unknown';

/** Single records of a connection, read by their id. Throws a Refusal `crm-…` when there is no answer to be had. */
export abstract class CrmRecords {
  abstract client(connectionId: string, externalId: string, signal: AbortSignal): Promise<ClientRead>;
  abstract booking(
    connectionId: string,
    externalId: string,
    since: Date,
    signal: AbortSignal,
  ): Promise<BookingRead>;
}

/**
 * What a webhook says: the company that it is about, if it says so, and the record that has changed. Null: nothing that
 * matters here. A hint and no more: whoever knows the address can say anything.
 */
export type CrmDelivery = {
  company: string | null;
  about: { kind: 'client' | 'booking'; externalId: string } | 'something' | null;
};

/** The CRM's own register of addresses that want to hear of changes. */
export abstract class CrmWebhooks {
  /**
   * Has the CRM tell `address` of changes, and no longer those others that contain `ours`. Returns what it
   * will tell of, in its own words; null when it has no such register.
   */
  abstract register(
    connectionId: string,
    address: string,
    ours: string,
    signal: AbortSignal,
  ): Promise<string[] | null>;
  /** Takes every address that contains `ours` off the register. */
  abstract remove(connectionId: string, ours: string, signal: AbortSignal): Promise<void>;
  /** What was delivered, as its members came. */
  abstract read(body: Record<string, unknown>): CrmDelivery;
}

type Facts = { connectionId: string };

/** The CRM's deliveries have an address (again): `registered` by us, for these events, or to be entered by a person. */
export type CrmWebhooksRegistered = Event<
  'CrmWebhooksRegistered',
  Facts & { registered: boolean; events: string[] }
>;
export type CrmWebhooksRemoved = Event<'CrmWebhooksRemoved', Facts>;
export type WebhooksEvent = CrmWebhooksRegistered | CrmWebhooksRemoved;
