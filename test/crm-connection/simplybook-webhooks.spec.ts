import { describe, expect, it } from '@jest/globals';
import { meet, meetBoth, never, type Meeting } from './simplybook.ts';

const OURS = '/hooks/simplybook/c0ffee00-0000-4000-8000-00000000000c/';
const address = (token: string): string => `https://books.example.com${OURS}${token}`;
const ALL = [
  'new_client',
  'change_client',
  'delete_client',
  'new_booking',
  'change_booking',
  'cancel_booking',
];

const register = ({ provider, session }: Meeting, token: string) =>
  provider.registerWebhooks(session, address(token), OURS, never);

const registered = ({ sandbox }: Meeting) =>
  sandbox.webhooks.all().map(({ url, event }) => `${event} ${url}`);

describe('The register of webhooks', () => {
  it('gets an address for each event that can change a lead or a booking', async () => {
    const met = await meet({ clients: 0 });
    expect(await register(met, 'one')).toEqual(ALL);
    expect(registered(met)).toEqual(ALL.map((event) => `${event} ${address('one')}`));
  });

  it.each(['array', 'wrapped'] as const)(
    'keeps what is not ours when the address changes, and ours in no older one (as %s)',
    async (webhookList) => {
      const met = await meet({ clients: 0, switches: { webhookList } });
      met.sandbox.webhooks.add('https://elsewhere.example.com/hook', 'new_client');
      met.sandbox.webhooks.add(`https://old.example.com${OURS}lost`, 'new_client');
      await register(met, 'one');
      await register(met, 'two');
      const wanted = ALL.map((event) => `${event} ${address('two')}`);
      expect(registered(met)).toEqual(['new_client https://elsewhere.example.com/hook', ...wanted]);
      await met.provider.removeWebhooks(met.session, OURS, never);
      expect(registered(met)).toEqual(['new_client https://elsewhere.example.com/hook']);
    },
  );

  it('gets those events that it knows', async () => {
    const met = await meet({ clients: 0, switches: { webhookRegister: 'vendor-node' } });
    expect(await register(met, 'one')).toEqual([
      'new_client',
      'new_booking',
      'change_booking',
      'cancel_booking',
    ]);
  });

  it.each(['none', 'missing', 'forbidden'] as const)('is none where it is %s', async (webhookRegister) => {
    const met = await meet({ clients: 0, switches: { webhookRegister } });
    expect(await register(met, 'one')).toBeNull();
    await met.provider.removeWebhooks(met.session, OURS, never);
  });

  it('is none where there is JSON-RPC only', async () => {
    const met = await meetBoth({ clients: 0, switches: { restMissing: true } });
    await met.list();
    expect(await register(met, 'one')).toBeNull();
  });

  it('leaves nothing behind of an attempt whose answer got lost', async () => {
    const met = await meet({ clients: 0 });
    met.sandbox.faults.set({ troubles: [{ on: 'add-webhook', kind: 'lost', times: 2 }] });
    await register(met, 'one');
    await register(met, 'two');
    expect(registered(met).every((line) => line.endsWith(address('two')))).toBe(true);
  });
});
