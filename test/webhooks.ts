import { setTimeout as pause } from 'node:timers/promises';
import type { Company, CompanyOptions } from '../sandbox/companies.ts';
import type { Connection } from './contract.ts';
import { ownConnection } from './service.ts';
import type { World } from './world.ts';

export type Address = { url: string; registered: boolean; events: string[]; how: string | null };

export type Webhooks = {
  on: boolean;
  registered: boolean;
  events: string[];
  registeredAt: string | null;
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
): Promise<Response> => {
  const sent =
    typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body);
  return fetch(url, { method: 'POST', headers: { ...ownConnection(sent), ...headers }, body: sent });
};

/** As if the seconds were over in which a record that was looked at just now is left alone. */
const quietIsOver = async ({ rows }: World, { id }: Connection): Promise<void> => {
  await rows(
    'update looks set due_at = clock_timestamp() where connection_id = $1 and lease is null and due_at > clock_timestamp()',
    [id],
  );
  await rows(
    `update jobs.job set start_after = clock_timestamp()
      where name = 'looks' and singleton_key = $1 and state = 'created' and start_after > clock_timestamp()`,
    [`${id} later`],
  );
};

/** Waits until the CRM has told everything, and everything that it has told of has been looked at. */
export const lookedAt = async (world: World, { company, connection }: Hooked): Promise<void> => {
  await company.webhooks.settled();
  await until(async () => {
    await quietIsOver(world, connection);
    return (await webhooksOf(world, connection)).waiting === 0;
  });
};

/** A company with clients, synced once, that tells of its changes from now on. */
export const hooked = async (
  world: World,
  options: CompanyOptions = {},
  more: object = {},
): Promise<Hooked> => {
  const company = await world.companies.open({ clean: true, clients: 3, ...options });
  const connection = await world.connect(company, more);
  await world.sync(connection);
  return { company, connection, address: await register(world, connection) };
};

/** How often single records were asked for. */
export const readsOf = ({ company }: Hooked): number =>
  company.requests.list.filter(({ route }) => route === 'client' || route === 'booking').length;

export const permutations = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((first, index) =>
        permutations(items.filter((_, other) => other !== index)).map((rest) => [first, ...rest]),
      );
