import type { Decider } from '../../shared/event-store/decider.ts';
import type { CrmWebhooksRegistered, CrmWebhooksRemoved, WebhooksEvent } from './contract.ts';

/** Whether deliveries have an address. */
export type WebhooksState = 'off' | 'on';

export const webhooks: Decider<WebhooksState, WebhooksEvent> = {
  initial: 'off',
  evolve: (_, event) => (event.type === 'CrmWebhooksRegistered' ? 'on' : 'off'),
};

/** Each address is a new one: that it replaces another is a fact, too. */
export const register = (data: CrmWebhooksRegistered['data']) => (): CrmWebhooksRegistered[] => [
  { type: 'CrmWebhooksRegistered', data },
];

export const remove =
  (connectionId: string) =>
  (state: WebhooksState): CrmWebhooksRemoved[] =>
    state === 'off' ? [] : [{ type: 'CrmWebhooksRemoved', data: { connectionId } }];

export const webhooksStream = (connectionId: string): string => `webhooks-${connectionId}`;
