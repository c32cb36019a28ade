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

export type Webhook = { id: number; url: string; event: string };

/** Which addresses want to hear of what. */
export class Webhooks {
  #list: Webhook[] = [];
  #nextId = 1;

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
}
