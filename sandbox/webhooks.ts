import { failure, json, members, type Answer, type Ask } from './answers.ts';
import type { World } from './world.ts';

/** What can be listened to; the vendor's own node offers six of them (simplybook-api notes, section 9.4). */
const EVENTS = [
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

const isAddress = (url: unknown): url is string => typeof url === 'string' && /^https?:\/\/\S+$/.test(url);

const isEvent = (event: unknown): event is string => EVENTS.some((one) => one === event);

/** GET /admin/webhooks: an array, as the vendor's node reads it. */
export const listWebhooks = ({ webhooks, faults }: World): Answer => {
  faults.strikeIfSet(['webhookList']);
  const list = webhooks.all();
  return json(200, faults.switches.webhookList === 'wrapped' ? { data: list } : list);
};

/** POST /admin/webhooks */
export const addWebhook = ({ webhooks }: World, ask: Ask): Answer => {
  const { url, event } = members(ask.body);
  const data = {
    ...(isAddress(url) ? {} : { url: ['Invalid url'] }),
    ...(isEvent(event) ? {} : { event: ['Invalid event'] }),
  };
  return isAddress(url) && isEvent(event) ? json(200, webhooks.add(url, event)) : failure(400, '', { data });
};

/** DELETE /admin/webhooks/{id} */
export const removeWebhook = ({ webhooks }: World, _ask: Ask, id: string): Answer =>
  webhooks.remove(Number(id)) ? json(200, []) : failure(404, 'Webhook not found');
