import { describe, expect, it } from '@jest/globals';
import { Crm } from '../../sandbox/clients.ts';
import type { Client } from '../../sandbox/people.ts';

const crmOf = (count: number, options: { seed?: number; clean?: boolean } = {}): Crm =>
  new Crm(count, { seed: options.seed ?? 1, clean: options.clean ?? false });

const living = (crm: Crm): Client[] => crm.all().filter((client) => !client.deleted);
const addressOf = (client: Client): string => client.email?.trim().toLowerCase() ?? '';
const share = (clients: Client[], is: (client: Client) => boolean): number =>
  clients.filter(is).length / clients.length;

describe('the people', () => {
  it('are the same for the same seed and others for another', () => {
    expect(crmOf(300).all()).toEqual(crmOf(300).all());
    expect(crmOf(300, { seed: 2 }).all()).not.toEqual(crmOf(300).all());
  });

  it('stay who they are when there are more of them', () => {
    const { deleted: _few, ...few } = crmOf(100).get(99) ?? {};
    const { deleted: _many, ...many } = crmOf(5000).get(99) ?? {};
    expect(many).toEqual(few);
  });

  it('are as many in the list as were asked for, beside some deleted ones', () => {
    const crm = crmOf(1000);
    expect(crm.count).toBe(1000);
    expect(crm.all().filter((client) => client.deleted)).toHaveLength(5);
  });

  it('all have a name, an e-mail of their own and a phone when they are to be clean', () => {
    const clients = crmOf(5000, { clean: true }).all();
    expect(clients).toHaveLength(5000);
    expect(new Set(clients.map(addressOf)).size).toBe(5000);
    expect(
      clients.filter((client) => !/^[a-z0-9.]+@[a-z.]+\.(com|org|net)$/.test(client.email ?? '')),
    ).toEqual([]);
    expect(clients.filter((client) => client.name.trim() !== client.name || !client.phone)).toEqual([]);
  });

  it('have the flaws of a real list in about the share of a real list', () => {
    const clients = living(crmOf(20_000));
    const addresses = clients.map(addressOf);
    const shared = new Map<string, number>();
    for (const address of addresses) shared.set(address, (shared.get(address) ?? 0) + 1);
    expect(share(clients, (client) => addressOf(client) === '')).toBeCloseTo(0.01, 2);
    const pairs = [...shared].filter(([address, count]) => address.includes('@') && count > 1);
    expect(pairs.length / clients.length).toBeCloseTo(0.01, 2);
    expect(share(clients, (client) => client.state_id === '0')).toBeGreaterThan(0.4);
    expect(share(clients, (client) => client.state_id === null)).toBeGreaterThan(0.4);
  });

  it('have each flaw at least once even when they are few', () => {
    const clients = living(crmOf(20));
    const some = (is: (client: Client) => boolean): boolean => clients.some(is);
    expect(some((client) => client.email === '')).toBe(true);
    expect(some((client) => client.phone === '')).toBe(true);
    expect(some((client) => client.name.endsWith('  '))).toBe(true);
    expect(some((client) => !client.name.includes(' '))).toBe(true);
    expect(some((client) => /^\d/.test(client.name))).toBe(true);
    expect(some((client) => /\p{Script=Hebrew}/u.test(client.name))).toBe(true);
    expect(some((client) => client.name.includes("'"))).toBe(true);
    expect(some((client) => client.name.includes('<script>'))).toBe(true);
    expect(
      some((client) => client.email !== null && client.email !== '' && !client.email.includes('@')),
    ).toBe(true);
    const mia = clients.filter((client) => addressOf(client) === 'mia@example.com');
    expect(new Set(mia.map((client) => client.email)).size).toBe(2);
  });

  it('write their phones in four ways', () => {
    const phones = living(crmOf(200)).map((client) => client.phone ?? '');
    for (const way of [/^\+49\d+$/, /^49\d+$/, /^0\d+ \d+$/, /^\+11 \(\d{3}\) \d{3}-\d{2}-11$/]) {
      expect(phones.filter((phone) => way.test(phone)).length).toBeGreaterThan(20);
    }
  });

  it('keep their order in the list when they change', () => {
    const crm = crmOf(500);
    crm.change(200, { name: 'Aaa First' });
    crm.delete(crm.list({ order: 'name', deleted: false, search: '' })[100]?.id ?? 0);
    crm.addSomebody();
    const list = crm.list({ order: 'name', deleted: true, search: '' });
    const fresh = new Crm(0, { seed: 1, clean: true });
    for (const client of crm.all()) fresh.add(client);
    const names = fresh.list({ order: 'name', deleted: true, search: '' }).map((client) => client.name);
    expect(list.map((client) => client.name)).toEqual(names);
    expect(new Set(list.map((client) => client.id)).size).toBe(list.length);
  });
});
