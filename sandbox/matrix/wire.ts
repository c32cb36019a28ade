import type { RouteName } from '../answers.ts';
import { TROUBLE_KINDS, type Trouble, type TroubleKind } from '../troubles.ts';
import { COMPLETE, notConnected, refused, type Draft, type Refusal } from './profile.ts';

const kinds = Object.keys(TROUBLE_KINDS) as TroubleKind[];

/** Smaller than by default where size and time make no difference to what is learnt. */
const VALUES: Partial<Record<TroubleKind, number | string>> = {
  status: 503,
  'rate-limit': '1',
  huge: 40,
  'gzip-bomb': 40,
};

/** Struck for so long that only the deadline helps. */
const SLOW = new Set<TroubleKind>(['hang', 'drip', 'endless-headers']);

const troubleOf = (kind: TroubleKind, more: Partial<Trouble>): Trouble => ({
  kind,
  ...(VALUES[kind] === undefined ? {} : { value: VALUES[kind] }),
  ...more,
});

/** Without its examples and what it is when nothing is said. */
const words = (kind: TroubleKind): string =>
  TROUBLE_KINDS[kind]
    .replace(/^(not )?done; /, '')
    .replace(/,? with `Retry-After.*|`value` ?| ?\([^)]*\)|: \[\].*/g, '')
    .replaceAll(/ +/g, ' ')
    .trim();

const once = kinds.map((kind): Draft => ({
  name: `once-${kind}`,
  says: `whose page 2 once brings: ${words(kind)}`,
  switches: { troubles: [troubleOf(kind, { on: 'clients', page: 2, times: 1 })] },
  expected: COMPLETE,
  ...(SLOW.has(kind) ? { slow: true } : {}),
}));

const FOR_GOOD: [TroubleKind, Refusal][] = [
  ['status', 'crm-unreachable'],
  ['html', 'crm-answer-unusable'],
  ['body', 'crm-answer-unusable'],
  ['lost', 'crm-unreachable'],
  ['truncate', 'crm-unreachable'],
  ['cut', 'crm-answer-unusable'],
  ['gzip-garbage', 'crm-answer-unusable'],
  ['redirect', 'crm-answer-unusable'],
];

const forGood = FOR_GOOD.map(([kind, code]): Draft => ({
  name: `for-good-${kind}`,
  says: `whose page 2 always brings: ${words(kind)}`,
  afterConnect: { troubles: [troubleOf(kind, { on: 'clients', page: 2 })] },
  expected: refused(code),
  slow: true,
}));

const BODIES: [name: string, value: string][] = [
  ['empty-list', '[]'],
  ['empty-object', '{}'],
  ['null', 'null'],
  ['nothing', ''],
  ['half', '{"data":[{"id":1'],
];

const bodies = BODIES.flatMap(([name, value]) =>
  [1, 2].map((page): Draft => ({
    name: `body-${name}-page-${page}`,
    says: `whose page ${page} once is ${value === '' ? 'nothing' : value}`,
    switches: { troubles: [{ kind: 'body', value, on: 'clients', page, times: 1 }] },
    expected: COMPLETE,
  })),
);

const login = (kind: TroubleKind, on: RouteName = 'login'): Draft => ({
  name: `${on}-once-${kind}`,
  says: `whose ${on} once brings: ${words(kind)}`,
  switches: { troubles: [troubleOf(kind, { on, times: 1 })] },
  expected: COMPLETE,
});

export const WIRE: readonly Draft[] = [
  ...once,
  ...bodies,
  ...forGood,
  login('status'),
  login('lost'),
  login('cut'),
  {
    name: 'login-for-good-status',
    says: 'whose login always brings an error of the server',
    switches: { troubles: [troubleOf('status', { on: 'login' })] },
    expected: notConnected('crm-unreachable'),
  },
  {
    name: 'login-too-many',
    says: 'whose login is locked: 403 too many requests',
    switches: { troubles: [{ kind: 'too-many', on: 'login' }] },
    expected: notConnected('crm-locked-out'),
  },
  {
    name: 'refresh-once-status',
    says: 'whose refresh once brings an error of the server',
    switches: { expireAfter: 2, troubles: [troubleOf('status', { on: 'refresh', times: 1 })] },
    expected: COMPLETE,
  },
];
