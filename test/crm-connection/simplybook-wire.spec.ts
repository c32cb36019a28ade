import { describe, expect, it } from '@jest/globals';
import { restAddress, rpcAddress, type Wire } from '../../src/modules/crm-connection/simplybook/wire.ts';
import { SimplyBookSettings } from '../../src/modules/crm-connection/simplybook/settings.ts';
import { meet } from './simplybook.ts';

const wireWith = async (settings: Partial<SimplyBookSettings>): Promise<Wire> => {
  const { session, account } = await meet();
  const given = {
    account: { ...account, domain: 'simplybook.me' },
    settings: new SimplyBookSettings(settings),
  };
  return { ...session, ...given } as unknown as Wire;
};

const tokenOf = (domain: string | null) => ({
  token: 'invented',
  refreshToken: null,
  domain,
  obtainedAt: 0,
  way: 'rest',
});

describe('The addresses of a company', () => {
  it.each([
    [null, 'simplybook.me'],
    ['simplybook.it', 'simplybook.it'],
    ['SimplyBook.IT', 'simplybook.it'],
    ['evil.example', 'simplybook.me'],
    ['simplybook.me.evil.example', 'simplybook.me'],
    ['simplybook.it@evil.example', 'simplybook.me'],
  ])('with the domain %j in the token are on %s', async (told, domain) => {
    const wire = await wireWith({});
    expect(restAddress(wire, tokenOf(told))).toBe(`https://user-api-v2.${domain}`);
    expect(rpcAddress(wire, tokenOf(told))).toBe(`https://user-api.${domain}`);
  });

  it('are the operator’s where the environment says so, whatever a token tells', async () => {
    const wire = await wireWith({ restUrl: 'http://127.0.0.1:1/', rpcUrl: 'http://127.0.0.1:2/rpc/' });
    expect(restAddress(wire, tokenOf('simplybook.it'))).toBe('http://127.0.0.1:1');
    expect(rpcAddress(wire, tokenOf('simplybook.it'))).toBe('http://127.0.0.1:2/rpc');
  });

  it('have no JSON-RPC where only REST was pointed elsewhere: no secret meant for there goes to the real one', async () => {
    expect(rpcAddress(await wireWith({ restUrl: 'http://127.0.0.1:1' }), null)).toBeNull();
    expect(rpcAddress(await wireWith({ rpcUrl: 'http://127.0.0.1:2' }), null)).toBe('http://127.0.0.1:2');
  });
});
