import { failure, json, members, type Answer, type Ask } from './answers.ts';
import { WEBHOOK_EVENTS } from './webhooks.ts';
import type { World } from './world.ts';

const isAddress = (url: unknown): url is string => typeof url === 'string' && /^https?:\/\/\S+$/.test(url);

const isEvent = (event: unknown): event is string => WEBHOOK_EVENTS.some((one) => one === event);

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
