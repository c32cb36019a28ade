import type { Switches } from '../faults.ts';
import { NO_WAY_IN } from './no-way-in.ts';
import {
  COMPLETE,
  notConnected,
  SAID_TO_BE_INCOMPLETE,
  SAID_TO_BE_UNPROVEN,
  type Draft,
  type Expected,
} from './profile.ts';

const NO_REST: Partial<Switches> = { restMissing: true };
const KEY = { secret: 'api-user-key' } as const;

const opened: Draft[] = [
  { name: 'by-password', says: 'as the evidence favours it; login by password', expected: COMPLETE },
  { name: 'by-key', says: 'login by API User Key', given: KEY, expected: COMPLETE },
  {
    name: 'key-refused',
    says: 'whose REST refuses the API User Key, and takes the token of getUserToken',
    given: KEY,
    switches: { login: 'key-refused' },
    expected: COMPLETE,
  },
  {
    name: 'key-refused-tokens-apart',
    says: 'whose REST refuses the API User Key, and the tokens of JSON-RPC',
    given: KEY,
    switches: { login: 'key-refused', rpcTokenOnRest: false },
    expected: COMPLETE,
  },
  {
    name: 'key-refused-no-rpc',
    says: 'whose REST refuses the API User Key, and has no JSON-RPC',
    given: KEY,
    switches: { login: 'key-refused', rpcMissing: true },
    expected: notConnected('crm-credentials-refused'),
  },
  {
    name: 'rest-refuses-its-tokens',
    says: 'whose REST logs in and refuses its own tokens; JSON-RPC takes them',
    switches: { restRefusesTokens: true },
    expected: COMPLETE,
  },
  {
    name: 'rest-refuses-its-tokens-apart',
    says: 'whose REST logs in and refuses its own tokens; JSON-RPC wants its own',
    switches: { restRefusesTokens: true, restTokenOnRpc: false },
    expected: COMPLETE,
    logins: 3,
  },
  ...(['null', 'absent', 'foreign'] as const).map((tokenDomain): Draft => ({
    name: `domain-${tokenDomain}`,
    says: `whose login tells ${{ null: 'null', absent: 'nothing', foreign: "somebody else's" }[tokenDomain]} as its domain`,
    switches: { tokenDomain },
    expected: COMPLETE,
  })),
];

const byRpc = (
  name: string,
  says: string,
  switches: Partial<Switches>,
  more: Partial<Draft> = {},
): Draft => ({
  name: `rpc-${name}`,
  says: `without REST: ${says}`,
  switches: { ...NO_REST, ...switches },
  expected: COMPLETE,
  ...more,
});

const NO_PAGES: Partial<Switches> = { rpcPages: 'ignored' };
const FOUND = { everybody: 'everybody', nobody: 'nobody', refused: 'an error' };

type Cut = [name: string, says: string, switches: Partial<Switches>, expected: Expected, clients?: number];

/** JSON-RPC never tells how many clients there are. */
const CUT: Cut[] = [
  ['no-pages', 'pages ignored', NO_PAGES, COMPLETE],
  ['pages-refused', 'pages refused', { rpcPages: 'refused' }, COMPLETE],
  ['pages-of-hundreds', 'pages counted in hundreds', { rpcPages: 'hundreds' }, COMPLETE],
  ['round-no-pages', 'a round number of clients, pages ignored', NO_PAGES, COMPLETE, 100],
  ['cut-ten', 'at most ten rows, in pages', { rpcLimit: 10 }, COMPLETE],
  ['cut-odd', 'at most 17 rows, in pages', { rpcLimit: 17 }, COMPLETE],
  [
    'cut-ten-no-pages',
    'at most ten rows, pages ignored',
    { ...NO_PAGES, rpcLimit: 10 },
    SAID_TO_BE_INCOMPLETE,
  ],
  [
    'cut-odd-no-pages',
    'at most 17 rows, pages ignored',
    { ...NO_PAGES, rpcLimit: 17 },
    SAID_TO_BE_INCOMPLETE,
  ],
  [
    'cut-ten-then-pages',
    'at most ten rows, and pages of those',
    { rpcPages: 'of-the-cut', rpcLimit: 10 },
    SAID_TO_BE_INCOMPLETE,
  ],
  [
    'cut-ten-of-hundreds',
    'at most ten rows, pages counted in hundreds',
    { rpcPages: 'hundreds', rpcLimit: 10 },
    SAID_TO_BE_INCOMPLETE,
  ],
  ['cut-ten-unless-asked', 'ten rows where none are asked for', { ...NO_PAGES, rpcUsualLimit: 10 }, COMPLETE],
  [
    'cut-no-pages',
    'at most 100 rows, pages ignored',
    { ...NO_PAGES, rpcLimit: 100 },
    SAID_TO_BE_INCOMPLETE,
    123,
  ],
  [
    'cut-pages-refused',
    'at most 100 rows, pages refused',
    { rpcPages: 'refused', rpcLimit: 100 },
    SAID_TO_BE_INCOMPLETE,
    123,
  ],
  [
    'no-proof',
    'pages ignored, and each search finds everybody',
    { ...NO_PAGES, rpcSearch: 'everybody' },
    SAID_TO_BE_UNPROVEN,
  ],
  [
    'no-proof-cut-odd',
    'at most 17 rows, pages ignored and searches refused',
    { ...NO_PAGES, rpcSearch: 'refused', rpcLimit: 17 },
    SAID_TO_BE_UNPROVEN,
  ],
  ...(['everybody', 'nobody', 'refused'] as const).map((rpcSearch): Cut => [
    `no-proof-${rpcSearch}`,
    `at most ten rows, pages ignored, and searches find ${FOUND[rpcSearch]}`,
    { ...NO_PAGES, rpcSearch, rpcLimit: 10 },
    SAID_TO_BE_INCOMPLETE,
  ]),
];

const rpc: Draft[] = [
  byRpc('list', 'getClientList as a list', {}),
  byRpc('map', 'getClientList as a map by id', { rpcList: 'map' }),
  byRpc('header-user', 'the token wanted as X-User-Token', { rpcHeader: 'x-user-token' }),
  byRpc('header-token', 'the token wanted as X-Token', { rpcHeader: 'x-token' }),
  byRpc('slash', 'the slash after /admin wanted', { rpcSlash: 'wanted' }),
  byRpc('no-limit', "getClientList's limit ignored", { rpcHonoursLimit: false }, { clients: 150 }),
  byRpc('round', 'a round number of clients, in pages', {}, { clients: 150 }),
  byRpc('cut-pages', 'at most 100 rows, in pages', { rpcLimit: 100 }, { clients: 123 }),
  ...CUT.map(([name, says, switches, expected, clients = 23]) =>
    byRpc(name, says, switches, { expected, clients }),
  ),
  byRpc('drift', 'in pages, renamed while read', { rpcLimit: 100, drift: 'rename' }, { clients: 223 }),
  byRpc(
    'none',
    'and without JSON-RPC',
    { rpcMissing: true },
    {
      expected: notConnected('crm-company-unknown'),
    },
  ),
];

const factor = (twoFactor: Switches['twoFactor'], more: Partial<Switches>, expected: Expected): Draft => ({
  name: `two-factor-${[twoFactor, more.twoFactorBy].filter((one) => one !== undefined).join('-')}${expected === COMPLETE ? '-stored' : ''}`,
  says: `that wants a second factor, ${
    { both: 'app or message', sms: 'message only', 'not-told': 'which one is not told' }[
      more.twoFactorBy ?? 'both'
    ]
  }, ${twoFactor === 'no-token' ? 'without a token field' : 'with an empty token'}; ${
    expected === COMPLETE ? 'the authenticator secret is stored' : 'nothing is stored'
  }`,
  switches: { twoFactor, ...more },
  expected,
  ...(expected === COMPLETE || more.twoFactorBy === 'sms' ? { given: { totp: true } } : {}),
});

const NO_FACTOR = notConnected('crm-two-factor-required');

const secondFactors: Draft[] = [
  factor('empty-token', {}, NO_FACTOR),
  factor('no-token', {}, NO_FACTOR),
  factor('empty-token', { twoFactorBy: 'sms' }, NO_FACTOR),
  factor('empty-token', {}, COMPLETE),
  factor('no-token', { twoFactorBy: 'not-told' }, COMPLETE),
  {
    name: 'two-factor-by-key',
    says: 'that wants a second factor, asked with an API User Key',
    given: KEY,
    switches: { twoFactor: 'empty-token' },
    neverMet: ['twoFactor'],
    expected: COMPLETE,
  },
];

export const WAYS_IN: readonly Draft[] = [...opened, ...rpc, ...secondFactors, ...NO_WAY_IN];
