import type { Switches } from '../faults.ts';
import { COMPLETE, refused, type Draft } from './profile.ts';

const EXPIRIES: Record<Switches['expiry'], string> = {
  'body-419': 'code 419 inside a 401',
  'http-419': 'status 419',
  'plain-401': 'a plain 401',
  'http-400': 'status 400',
  'http-200': 'status 200',
};

const expiries = Object.keys(EXPIRIES) as Switches['expiry'][];

const REFRESHES: [name: string, says: string, switches: Partial<Switches>, logins: number][] = [
  ['refreshed', 'and is refreshed', {}, 1],
  ['refresh-refused', 'and every refresh is refused', { refreshRefused: true }, 5],
  ['refresh-lost', 'and the answer to a refresh is lost', { refreshLost: 1 }, 2],
  ['refresh-same', 'and a refresh brings the same token', { refreshSameToken: true }, 5],
];

/** A token that is good for two requests expires in the middle of each sync. */
const inTheMiddle: Draft[] = expiries.flatMap((expiry) =>
  REFRESHES.map(([name, says, switches, logins]): Draft => ({
    name: `expired-${expiry}-${name}`,
    says: `whose token expires in the middle, told as ${EXPIRIES[expiry]}, ${says}`,
    switches: { expireAfter: 2, expiry, ...switches },
    expected: COMPLETE,
    logins,
  })),
);

export const TOKENS: readonly Draft[] = [
  ...inTheMiddle,
  {
    name: 'expired-at-every-page',
    says: 'whose tokens are good for one request',
    switches: { expireAfter: 1 },
    expected: COMPLETE,
    logins: 1,
  },
  {
    name: 'expired-at-every-page-for-good',
    says: 'whose tokens are good for one request, which refuses every refresh, without JSON-RPC',
    clients: 63,
    switches: { expireAfter: 1, refreshRefused: true, rpcMissing: true },
    expected: refused('crm-permission-denied'),
    logins: 9,
  },
  {
    name: 'expired-between-syncs',
    says: 'whose token has expired before the sync',
    afterwards: ({ auth }) => void auth.expireTokens(),
    expected: COMPLETE,
    logins: 1,
  },
  {
    name: 'short-lived',
    says: 'whose tokens live for a second, and whose answers take half of one',
    switches: { tokenSeconds: 1, latency: 500 },
    expected: COMPLETE,
    logins: 1,
  },
  {
    name: 'one-token-only',
    says: 'where a new token ends the earlier ones',
    switches: { oneTokenOnly: true, expireAfter: 2 },
    expected: COMPLETE,
    logins: 1,
  },
  {
    name: 'refresh-lost-one-token-only',
    says: 'where a new token ends the earlier ones, and the answer to a refresh is lost',
    switches: { oneTokenOnly: true, expireAfter: 2, refreshLost: 1 },
    expected: COMPLETE,
  },
  {
    name: 'no-login-without-code',
    says: 'whose token expires for good; a second factor is wanted by then',
    afterConnect: { refreshRefused: true, twoFactor: 'empty-token' },
    afterwards: ({ auth }) => void auth.expireTokens(),
    expected: refused('crm-two-factor-required'),
  },
  {
    name: 'rpc-expired',
    says: 'without REST, whose tokens are good for three requests',
    switches: { restMissing: true, expireAfter: 3 },
    expected: COMPLETE,
    logins: 9,
  },
];
