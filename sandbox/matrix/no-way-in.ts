import type { Company } from '../companies.ts';
import type { Switches } from '../faults.ts';
import { notConnected, refused, type Draft, type Refusal } from './profile.ts';

const TELLS: Record<string, [words: string, code: Refusal]> = {
  refused: ['a wrong password', 'crm-credentials-refused'],
  'not-allowed': ['that the role may not', 'crm-api-not-allowed'],
  hipaa: ['HIPAA mode', 'crm-api-not-allowed'],
  blocked: ['a blocked user', 'crm-user-blocked'],
  'api-off': ['that the feature API is off', 'crm-api-feature-off'],
  'confirm-ip': ['an address to be confirmed', 'crm-address-unconfirmed'],
};

const fates = Object.keys(TELLS) as Exclude<Switches['login'], 'ok' | 'key-refused'>[];

/** What JSON-RPC knows better where REST calls everything a wrong password. */
const SILENT: Partial<Record<string, Refusal>> = { 'confirm-ip': 'crm-credentials-refused' };

const refusals: Draft[] = fates.flatMap((login): Draft[] => {
  const [words, code] = TELLS[login]!;
  return [
    {
      name: `login-${login}`,
      says: `whose login tells ${words}`,
      switches: { login },
      expected: notConnected(code),
    },
    {
      name: `login-${login}-untold`,
      says: `whose login meets ${words}, and is told a wrong password`,
      switches: { login, loginTells: 'nothing' },
      expected: notConnected(SILENT[login] ?? code),
    },
    {
      name: `later-${login}`,
      says: `whose login tells ${words} once the token is no good any more`,
      afterConnect: { login, refreshRefused: true },
      afterwards: ({ auth }: Company) => void auth.expireTokens(),
      expected: refused(code),
      logins: 3,
    },
  ];
});

const failTwice = ({ auth, account: { company, login } }: Company): void => {
  for (let count = 0; count < 3; count += 1) {
    auth.login({
      method: 'POST',
      path: '/admin/auth',
      query: new URLSearchParams(),
      headers: {},
      body: JSON.stringify({ company, login, password: `no ${count}` }),
    });
  }
};

const nowhere: Draft[] = [
  {
    name: 'wrong-password',
    says: 'asked with a wrong password',
    given: { secret: 'wrong' },
    expected: notConnected('crm-credentials-refused'),
  },
  ...(['json', 'html'] as const).map((unknownCompany): Draft => ({
    name: `unknown-company-${unknownCompany}`,
    says: `that does not know the company, told as ${unknownCompany === 'json' ? 'JSON' : 'a web page'}`,
    unknown: true,
    switches: { unknownCompany },
    expected: notConnected('crm-company-unknown'),
  })),
  ...(['domain', 'url', 'api-url'] as const).map((serviceUrl): Draft => ({
    name: `wrong-region-${serviceUrl}`,
    says: `whose company lives on another domain, told as ${serviceUrl}`,
    domain: 'simplybook.it',
    switches: { wrongRegion: true, serviceUrl },
    expected: notConnected('crm-wrong-region'),
  })),
  {
    name: 'locked-out',
    says: 'that was locked by failed logins of others',
    switches: { lockoutAfter: 1, lockoutSeconds: 3600 },
    before: failTwice,
    expected: notConnected('crm-locked-out'),
  },
  {
    name: 'locked-out-later',
    says: 'that is locked by others once the token is no good any more',
    afterConnect: { lockoutAfter: 1, refreshRefused: true },
    afterwards: (company) => {
      failTwice(company);
      company.auth.expireTokens();
    },
    expected: refused('crm-locked-out'),
  },
  {
    name: 'access-denied',
    says: 'whose role may log in and see nothing',
    switches: { accessDenied: true },
    expected: refused('crm-permission-denied'),
  },
];

export const NO_WAY_IN: readonly Draft[] = [...refusals, ...nowhere];
