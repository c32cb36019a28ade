import { hash } from 'node:crypto';
import type { Account } from './credentials.ts';
import type { Faults } from './faults.ts';

/** What can be listened to; the vendor's own node offers six of them (simplybook-api notes, section 9.4). */
export const WEBHOOK_EVENTS = [
  'new_booking',
  'change_booking',
  'cancel_booking',
  'new_client',
  'change_client',
  'delete_client',
  'new_invoice',
  'new_offer',
] as const;

export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export type Webhook = { id: number; url: string; event: string };

/** A change that an address is told of. `statuses`: what each try was answered; 0 when nobody answered. */
export type Delivery = {
  url: string;
  contentType: string;
  body: string;
  event: WebhookEvent;
  recordId: number;
  statuses: number[];
};

const isDone = ({ statuses }: Delivery): boolean => statuses.some((status) => status >= 200 && status < 300);

const CALLBACK: Partial<Record<WebhookEvent, string>> = {
  new_booking: 'create',
  change_booking: 'change',
  cancel_booking: 'cancel',
};

/** Which addresses want to hear of what, and what they were told. */
export class Webhooks {
  #account: Account;
  #faults: Faults;
  #list: Webhook[] = [];
  #nextId = 1;
  #nextNotification = 1;
  #deliveries: Delivery[] = [];
  #underWay = new Set<Promise<void>>();

  constructor(account: Account, faults: Faults) {
    this.#account = account;
    this.#faults = faults;
  }

  all(): readonly Webhook[] {
    return this.#list;
  }

  add(url: string, event: string): Webhook {
    const webhook = { id: this.#nextId, url, event };
    this.#nextId += 1;
    this.#list.push(webhook);
    return webhook;
  }

  /** False when there is none with this id. */
  remove(id: number): boolean {
    const before = this.#list.length;
    this.#list = this.#list.filter((webhook) => webhook.id !== id);
    return this.#list.length < before;
  }

  /** In the order in which they were made, also those that were never sent. */
  get deliveries(): readonly Delivery[] {
    return this.#deliveries;
  }

  /** Something has changed: whoever has registered for it is told, unless a switch wants it otherwise. */
  tell(event: WebhookEvent, recordId: number): void {
    const { webhookDelivery } = this.#faults.switches;
    this.#faults.strikeIfSet(['webhookDelivery', 'webhookBody']);
    for (const { url } of this.#list.filter((one) => one.event === event)) {
      const delivery = this.#delivery(url, event, recordId);
      if (webhookDelivery !== 'dropped') this.#deliveries.push(delivery);
      const times = { sent: 1, twice: 2, held: 0, dropped: 0 }[webhookDelivery];
      for (let sent = 0; sent < times; sent += 1) this.#begin(delivery);
    }
  }

  /** Sends again what has not been taken yet, as late as this is called, in the order that is wanted. */
  async deliver(order: (held: Delivery[]) => Delivery[] = (held) => held): Promise<void> {
    for (const delivery of order(this.#deliveries.filter((one) => !isDone(one)))) await this.#send(delivery);
  }

  /** Waits until everything that is under way has been answered. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #begin(delivery: Delivery): void {
    const sending = this.#send(delivery).finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }

  async #send(delivery: Delivery): Promise<void> {
    const { url, body, contentType } = delivery;
    // A connection that is kept may be closed by the other side at the very moment at which it is used again.
    const headers = { 'content-type': contentType, connection: 'close' };
    const status = await fetch(url, { method: 'POST', headers, body, redirect: 'manual' }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => 0,
    );
    delivery.statuses.push(status);
  }

  #delivery(url: string, event: WebhookEvent, recordId: number): Delivery {
    const members = this.#members(event, recordId);
    const isForm = this.#faults.switches.webhookBody === 'form';
    const texts = Object.entries(members).map(([name, value]): [string, string] => [name, String(value)]);
    return {
      url,
      event,
      recordId,
      statuses: [],
      contentType: isForm ? 'application/x-www-form-urlencoded' : 'application/json',
      body: isForm ? new URLSearchParams(texts).toString() : JSON.stringify(members),
    };
  }

  #members(event: WebhookEvent, recordId: number): Record<string, unknown> {
    const { webhookBody } = this.#faults.switches;
    const name = event.endsWith('_client') ? 'client_id' : 'booking_id';
    const notification_id = this.#nextNotification;
    this.#nextNotification += 1;
    const type = CALLBACK[event];
    if (webhookBody === 'callback' && type !== undefined) return this.#callback(type, recordId);
    if (webhookBody === 'data') return { event, data: { [name]: recordId } };
    if (webhookBody === 'bare') return { event, id: recordId };
    if (webhookBody === 'no-id') return { notification_id, event };
    return { notification_id, event, [name]: recordId };
  }

  /** The older mechanism's body, whose newer members say that it is signed, and not by what. */
  #callback(type: string, recordId: number): Record<string, unknown> {
    return {
      booking_id: String(recordId),
      booking_hash: hash('md5', `booking ${recordId}`),
      company: this.#account.company,
      notification_type: type,
      webhook_timestamp: Math.floor(Date.now() / 1000),
      signature_algo: 'sha256',
    };
  }
}
