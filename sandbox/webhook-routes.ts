import { failure, json, members, notFoundPage, type Answer, type Ask } from './answers.ts';
import type { Switches } from './faults.ts';
import { WEBHOOK_EVENTS } from './webhooks.ts';
import type { World } from './world.ts';

const isAddress = (url: unknown): url is string => typeof url === 'string' && /^https?:\/\/\S+$/.test(url);

const OFFERED: Record<Switches['webhookRegister'], readonly string[]> = {
  all: WEBHOOK_EVENTS,
  'vendor-node': WEBHOOK_EVENTS.filter((event) => event !== 'change_client' && event !== 'delete_client'),
  none: [],
  missing: [],
  forbidden: [],
};

const isEvent = (event: unknown, { faults }: World): event is string =>
  OFFERED[faults.switches.webhookRegister].some((one) => one === event);

/** Where there is no register, or none for this role. */
const shut = ({ faults }: World): Answer | null => {
  const { webhookRegister } = faults.switches;
  faults.strikeIfSet(['webhookRegister']);
  if (webhookRegister === 'missing') return notFoundPage();
  return webhookRegister === 'forbidden' ? failure(403, 'Access denied') : null;
};

/** GET /admin/webhooks: an array, as the vendor's node reads it. */
export const listWebhooks = (world: World): Answer => {
  const { webhooks, faults } = world;
  const refused = shut(world);
  if (refused !== null) return refused;
  faults.strikeIfSet(['webhookList']);
  const list = webhooks.all();
  return json(200, faults.switches.webhookList === 'wrapped' ? { data: list } : list);
};

/** POST /admin/webhooks */
export const addWebhook = (world: World, ask: Ask): Answer => {
  const { webhooks } = world;
  const refused = shut(world);
  if (refused !== null) return refused;
  const { url, event } = members(ask.body);
  const data = {
    ...(isAddress(url) ? {} : { url: ['Invalid url'] }),
    ...(isEvent(event, world) ? {} : { event: ['Invalid event'] }),
  };
  return isAddress(url) && isEvent(event, world)
    ? json(200, webhooks.add(url, event))
    : failure(400, '', { data });
};

/** DELETE /admin/webhooks/{id} */
export const removeWebhook = ({ webhooks }: World, _ask: Ask, id: string): Answer =>
  webhooks.remove(Number(id)) ? json(200, []) : failure(404, 'Webhook not found');
