import { describe, expect, it } from '@jest/globals';
import { register, remove, webhooks } from '../../src/modules/webhooks/webhooks.decider.ts';
import { given } from '../given.ts';

const facts = { connectionId: 'acme', registered: true, events: ['new_client'] };
const on = { type: 'CrmWebhooksRegistered' as const, data: facts };
const off = { type: 'CrmWebhooksRemoved' as const, data: { connectionId: 'acme' } };

describe('Webhooks', () => {
  it('get an address, and another one each time they are asked for', () => {
    expect(given(webhooks).when(register(facts))).toEqual([on]);
    expect(given(webhooks, on).when(register(facts))).toEqual([on]);
  });

  it('end once: again changes nothing', () => {
    expect(given(webhooks, on).when(remove('acme'))).toEqual([off]);
    expect(given(webhooks, on, off).when(remove('acme'))).toEqual([]);
    expect(given(webhooks).when(remove('acme'))).toEqual([]);
  });
});
