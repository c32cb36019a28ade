import { afterEach, describe, expect, it } from '@jest/globals';
import { startCompanies } from '../sandbox/companies.ts';
import type { Connection, Lead } from './contract.ts';
import { startFaultProxy } from './faults/fault-proxy.ts';
import { startService, type Service } from './service.ts';
import { freshDatabase } from './shared/database.ts';
import {
  deliver,
  hooked,
  lookedAt,
  readsOf,
  until,
  webhooksOf,
  type Address,
  type Hooked,
} from './webhooks.ts';
import { startWorld, type World } from './world.ts';

/** Milliseconds: bursts on a busy machine, and workers that are found dead. */
const LONG = 600_000;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const anotherInstance = async ({ service, companies }: World): Promise<Service> => {
  const { databaseUrl } = service;
  const instance = await startService({ databaseUrl, restUrl: companies.url, rpcUrl: companies.rpcUrl });
  closing.push(instance.stop);
  return instance;
};

const begun = async (): Promise<World> => {
  const world = await startWorld();
  closing.push(async () => {
    // Some tests have ended the service before.
    await world.stop().catch(() => undefined);
    await world.companies.close();
  });
  return world;
};

/** The same address at another instance. */
const at = ({ url }: Service, address: Address): string => url + new URL(address.url).pathname;

const leadsOf = async (world: World, { connection }: Hooked): Promise<Lead[]> =>
  (await world.all<Lead>('/api/leads')).filter(({ sources }) =>
    sources.some(({ connectionId }) => connectionId === connection.id),
  );

describe('Webhooks at several instances', () => {
  it(
    'are one read while they come, and one after that, though it is a thousand of them',
    async () => {
      const world = await begun();
      const other = await anotherInstance(world);
      const one = await hooked(world);
      one.company.crm.onChange = () => undefined;
      const urls = [one.address.url, at(other, one.address)];
      const { reached, release } = one.company.hold(({ path }) => path === '/admin/clients/2');
      const before = readsOf(one);
      await deliver(urls[0]!, { event: 'change_client', client_id: 2 });
      await reached;
      one.company.crm.change(2, { name: 'While It Was Read' });
      for (let sent = 0; sent < 1_000; sent += 50) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, nth) =>
            deliver(urls[nth % 2]!, { event: 'change_client', client_id: 2 }),
          ),
        );
        expect(answers.every(({ status }) => status === 202)).toBe(true);
      }
      expect(await webhooksOf(world, one.connection)).toMatchObject({ waiting: 1 });
      release();
      const appended = await world.appended(() => lookedAt(world, one));
      expect(readsOf(one) - before).toBe(2);
      expect(appended.filter(({ type }) => type === 'ClientImported').length).toBeLessThanOrEqual(1);
      expect((await leadsOf(world, one)).map(({ name }) => name)).toContain('While It Was Read');
    },
    LONG,
  );

  it(
    'are looked at by another when the one that began is killed',
    async () => {
      const world = await begun();
      const one = await hooked(world);
      const { release } = one.company.hold(({ path }) => path === '/admin/clients/2');
      one.company.crm.change(2, { name: 'Survived' });
      await until(async () => (await world.rows('select from looks where lease is not null')).length === 1);
      await world.service.kill();
      // As if the lease had run out.
      await world.rows(`update looks set due_at = now() where lease is not null`);
      const other = await anotherInstance(world);
      release();
      await until(async () => (await world.rows('select from looks where due_at is not null')).length === 0);
      const { body } = await other.api<{ data: Lead[] }>('GET', '/api/leads?search=Survived');
      expect(body.data).toHaveLength(1);
    },
    LONG,
  );
});

describe('A service that ends in the middle of a burst', () => {
  it(
    'keeps every delivery that it has taken, and looks at all of them when it is back',
    async () => {
      const world = await begun();
      const one = await hooked(world, { clients: 150 });
      one.company.crm.onChange = () => undefined;
      const ids = one.company.crm.all().map(({ id }) => id);
      for (const id of ids) one.company.crm.change(id, { name: `Renamed ${id}` });
      const taken: number[] = [];
      const stopping: Promise<void>[] = [];
      await Promise.all(
        ids.map(async (id) => {
          const answer = await deliver(one.address.url, { client_id: id }).catch(() => null);
          if (answer?.status === 202) taken.push(id);
          if (taken.length === 60) stopping.push(world.service.stop());
        }),
      );
      await Promise.all(stopping);
      expect(taken.length).toBeGreaterThanOrEqual(60);
      const rows = await world.rows<{ id: string }>('select external_id as id from looks');
      const kept = new Set(rows.map(({ id }) => id));
      expect(taken.filter((id) => !kept.has(String(id)))).toEqual([]);
      const again = await anotherInstance(world);
      await until(async () => (await world.rows('select from looks where due_at is not null')).length === 0);
      const { body } = await again.api<{ data: Lead[] }>('GET', '/api/leads?search=Renamed&limit=200');
      expect(body.data.length).toBeGreaterThanOrEqual(Math.min(200, taken.length));
    },
    LONG,
  );
});

describe('Without its database', () => {
  it(
    'the service takes no delivery that it cannot keep, asks for it later, and goes on by itself',
    async () => {
      const database = await freshDatabase();
      closing.push(database.drop);
      const companies = await startCompanies();
      closing.push(companies.close);
      const line = await startFaultProxy(database.url);
      closing.push(line.close);
      const service = await startService({ databaseUrl: line.url, restUrl: companies.url });
      closing.push(service.stop);
      const company = await companies.open({ clean: true, clients: 2 });
      const { company: name, login, password: secret } = company.account;
      const body = { provider: 'simplybook', company: name, login, secret };
      const connection = (await service.api<Connection>('POST', '/api/connections', body)).body;
      const path = `/api/connections/${connection.id}/webhooks`;
      const { url } = (await service.api<Address>('POST', path)).body;
      line.set({ kind: 'refuse' });
      for (const token of [url, `${url.slice(0, -1)}x`]) {
        const answer = await deliver(token, { client_id: 1 });
        expect(answer.status).toBe(503);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(await answer.text()).not.toContain(url.split('/').at(-1));
      }
      line.set(null);
      await until(async () => (await deliver(url, { client_id: 1 })).status === 202);
      await until(async () =>
        (await service.api<Lead>('GET', '/api/leads')).text.includes('"externalId":"1"'),
      );
    },
    LONG,
  );
});
