import { describe, expect, it } from '@jest/globals';
import { parsed, visit } from './visitor.ts';

const HOOK = { url: 'https://books.example.com/hooks/1', event: 'new_client' };

describe('registering webhooks', () => {
  it('is listed, and over when it is taken back', async () => {
    const { askInside, ask } = await visit();
    const added = parsed(await askInside('POST', '/admin/webhooks', HOOK));
    expect(added).toEqual({ id: 1, ...HOOK });
    expect(JSON.parse((await askInside('GET', '/admin/webhooks')).text)).toEqual([added]);
    expect(parsed(await ask('GET', '/_sandbox/webhooks'))).toEqual({ webhooks: [added] });
    expect((await askInside('DELETE', '/admin/webhooks/1')).status).toBe(200);
    expect(JSON.parse((await askInside('GET', '/admin/webhooks')).text)).toEqual([]);
    expect((await askInside('DELETE', '/admin/webhooks/1')).status).toBe(404);
  });

  it('is listed in data where the switch says so', async () => {
    const { askInside, sandbox } = await visit();
    sandbox.faults.set({ webhookList: 'wrapped' });
    expect(parsed(await askInside('GET', '/admin/webhooks'))).toEqual({ data: [] });
  });

  it.each([
    ['an address that is none', { ...HOOK, url: 'books' }, ['url']],
    ['an event that is none', { ...HOOK, event: 'create' }, ['event']],
    ['nothing', {}, ['url', 'event']],
  ])('is refused with %s', async (_, body, fields) => {
    const { askInside } = await visit();
    const reply = await askInside('POST', '/admin/webhooks', body);
    expect(reply.status).toBe(400);
    expect(Object.keys(parsed(reply)['data'] as object)).toEqual(fields);
  });

  it('wants a token', async () => {
    const { ask } = await visit();
    expect((await ask('GET', '/admin/webhooks')).status).toBe(401);
  });
});
