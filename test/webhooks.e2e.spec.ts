import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CompanyOptions } from '../sandbox/companies.ts';
import type { Booking, Lead } from './contract.ts';
import { deliver, lookedAt, register, until, webhooksOf, type Hooked } from './webhooks.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const hooked = async (options: CompanyOptions = {}): Promise<Hooked> => {
  const { company, connection } = await world.connected({ clients: 3, ...options });
  await world.sync(connection);
  return { company, connection, address: await register(world, connection) };
};

describe('a webhook', () => {
  it('brings in a client that is new, changed, and what it has booked', async () => {
    const one = await hooked();
    const { company } = one;
    expect(one.address).toMatchObject({ registered: true, how: null });
    const { id } = company.crm.add({ name: 'Nora New', email: 'nora@example.com', phone: '+4915100000001' });
    company.bookings.add({ clientId: id });
    await lookedAt(world, one);
    const [lead] = await world.all<Lead>('/api/leads?search=nora@example.com');
    expect(lead?.name).toBe('Nora New');
    const bookings = await world.all<Booking>(`/api/bookings?leadId=${lead?.id}`);
    expect(bookings).toHaveLength(1);
    company.crm.change(id, { name: 'Nora Older' });
    await until(async () => (await world.all<Lead>('/api/leads?search=Nora Older')).length === 1);
    expect(await webhooksOf(world, one.connection)).toMatchObject({ registered: true });
  });

  it('is refused without a word about why', async () => {
    const { address } = await hooked();
    const answer = await deliver(`${address.url.slice(0, -1)}x`, { event: 'new_client', client_id: 1 });
    expect(answer.status).toBe(404);
  });
});
