import { setTimeout as pause } from 'node:timers/promises';
import type { Company } from '../sandbox/companies.ts';
import type { Connection } from './contract.ts';
import type { World } from './world.ts';

export type Address = { url: string; registered: boolean; events: string[]; how: string | null };

export type Webhooks = {
  registered: boolean;
  events: string[];
  registeredAt: string;
  waiting: number;
  lastDeliveryAt: string | null;
  changes: { since: string; byWebhook: number; bySync: number } | null;
};

export type Hooked = { company: Company; connection: Connection; address: Address };

/** Waits until it is so; the test's own timeout ends what never comes. */
export const until = async (isSo: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await isSo())) await pause(25);
};

export const register = async ({ api }: World, { id }: Connection): Promise<Address> => {
  const answer = await api<Address>('POST', `/api/connections/${id}/webhooks`);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
};

export const webhooksOf = async ({ api }: World, { id }: Connection): Promise<Webhooks> =>
  (await api<Webhooks>('GET', `/api/connections/${id}/webhooks`)).body;

/** A delivery as the CRM sends it: without any key. */
export const deliver = (
  url: string,
  body: unknown,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers,
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
  });

/** Waits until the CRM has told everything, and everything that it has told of has been looked at. */
export const lookedAt = async (world: World, { company, connection }: Hooked): Promise<void> => {
  await company.webhooks.settled();
  await until(async () => (await webhooksOf(world, connection)).waiting === 0);
};
