import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:https';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import {
  companyLogin,
  knownDomain,
  SIMPLYBOOK_DOMAINS,
} from '../../src/modules/crm-connection/simplybook/domains.ts';
import { isPublicAddress, publicLookup } from '../../src/modules/crm-connection/simplybook/public-address.ts';
import { selfSigned } from './self-signed.ts';
import { callerOf, closeAfterTest, meet, refusalOf } from './simplybook.ts';

describe('The domain of a company', () => {
  it('is one of those that SimplyBook.me names, in whatever case', () => {
    expect(SIMPLYBOOK_DOMAINS.map((domain) => knownDomain(domain.toUpperCase()))).toEqual(SIMPLYBOOK_DOMAINS);
  });

  it.each([
    '',
    'example.com',
    'simplybook',
    'simplybook.me.',
    'simplybook.me.evil.example',
    'evil-simplybook.me',
    'acmestudio.simplybook.me',
    'simplybook.me:8443',
    'simplybook.me/..',
    'simplybook.me#@evil.example',
    'simplybook.me@127.0.0.1',
    '127.0.0.1\\@simplybook.me',
    'simplybook.me\n',
    'simply\tbook.me',
    'ｓimplybook.me',
    'LOCALHOST。',
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '①②⑦.⓪.⓪.①',
    '0.0.0.0',
    '169.254.169.254',
  ])('is not %j: nothing is sent anywhere', async (domain) => {
    const { signIn, list, check, session, account, sandbox } = await meet();
    expect(await refusalOf(signIn({ domain }))).toMatchObject({
      kind: 'invalid',
      code: 'crm-domain-unknown',
      details: { errors: [{ pointer: '/domain' }] },
    });
    session.account = { ...account, domain };
    expect(await refusalOf(list())).toMatchObject({ code: 'crm-domain-unknown' });
    expect((await check()).checks).toMatchObject([{ ok: false }]);
    expect(sandbox.requests.summary().total).toBe(0);
  });
});

describe('The login of a company', () => {
  it.each([
    ['acmestudio', 'acmestudio'],
    [' Acme-Studio_2 ', 'acme-studio_2'],
  ])('%j is %s', (given, company) => {
    expect(companyLogin(given)).toBe(company);
  });

  it.each([
    '',
    'acme/studio',
    '../admin',
    'acme?x=1',
    'acme\r\nX-Token: x',
    'acme studio',
    'äcme',
    'a'.repeat(101),
    'acme.me',
  ])('is not %j: it would end up in a header, so nothing is sent', async (company) => {
    const { signIn, sandbox } = await meet();
    expect(await refusalOf(signIn({ company }))).toMatchObject({ code: 'crm-company-unknown' });
    expect(sandbox.requests.summary().total).toBe(0);
  });

  it('and the secret may hold whatever they like: they travel in a body only', async () => {
    const { signIn, sandbox } = await meet();
    const odd = 'a\r\nX-Evil: 1\u0000"}, {"company":"other';
    expect(await refusalOf(signIn({ login: odd, secret: odd }))).toMatchObject({
      code: 'crm-credentials-refused',
    });
    expect(sandbox.requests.summary().logins).toEqual({ ok: 0, failed: 1 });
  });
});

const lookedUp = (hostname: string, all: boolean) =>
  new Promise<{ code: string | undefined; address: string | LookupAddress[] }>((resolve) => {
    publicLookup(hostname, { all }, (error, address) => resolve({ code: error?.code, address }));
  });

describe('The address behind a name', () => {
  it.each(['8.8.8.8', '93.184.216.34', '172.32.0.1', '2606:4700::1111'])(
    '%s may be connected to',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fd00::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ])('%s may not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('is looked at when the connection is made, so that a name that leads inwards leads nowhere', async () => {
    expect(await lookedUp('localhost', false)).toEqual({ code: 'ENOTPUBLIC', address: '' });
    expect(await lookedUp('localhost', true)).toEqual({ code: 'ENOTPUBLIC', address: '' });
  });
});

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closeAfterTest(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const ACCOUNT = {
  company: 'acmestudio',
  login: 'owner@example.com',
  secret: 'secret',
  totpSecret: null,
  domain: 'simplybook.me',
};

/** A server whose certificate nobody vouches for, and how often somebody asked it something all the same. */
const untrusted = async (): Promise<{ url: string; asked: () => number }> => {
  let asked = 0;
  const server = createServer(selfSigned('localhost'), (_req, res) => {
    asked += 1;
    res.end('{}');
  });
  return { url: `https://localhost:${await listening(server)}`, asked: () => asked };
};

describe('A certificate that nobody vouches for', () => {
  it('ends the connection before anything is said', async () => {
    const server = await untrusted();
    const { signIn } = callerOf(server.url, ACCOUNT);
    expect(await refusalOf(signIn())).toMatchObject({
      code: 'crm-unreachable',
      message: expect.stringContaining('certificate'),
    });
    expect(server.asked()).toBe(0);
  });

  it('does so even where the environment says not to look', async () => {
    const server = await untrusted();
    const program = fileURLToPath(new URL('tls.program.ts', import.meta.url));
    const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, [program, server.url], { env });
    expect(JSON.parse(stdout)).toEqual({ kind: 'failure', why: 'not-trusted' });
    expect(server.asked()).toBe(0);
  });

  it('is no accident: the listing does not try again', async () => {
    let connections = 0;
    const server = createServer(selfSigned('localhost'));
    server.on('connection', () => {
      connections += 1;
    });
    const { list } = callerOf(`https://localhost:${await listening(server)}`, ACCOUNT);
    expect(await refusalOf(list())).toMatchObject({ code: 'crm-unreachable' });
    expect(connections).toBe(1);
  });

  it('is not missed when the server speaks no TLS at all', async () => {
    const { sandbox } = await meet();
    const { signIn } = callerOf(sandbox.url.replace('http:', 'https:'), ACCOUNT);
    expect(await refusalOf(signIn())).toMatchObject({ code: 'crm-unreachable' });
    expect(sandbox.requests.summary().total).toBe(0);
  });
});
