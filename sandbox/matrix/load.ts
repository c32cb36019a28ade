import { COMPLETE, refused, type Draft } from './profile.ts';

const RETRY_AFTER: [name: string, says: string, value: string][] = [
  ['seconds', 'a second', '1'],
  ['zero', 'no time', '0'],
  ['negative', 'a negative time', '-5'],
  ['garbage', 'no time that can be read', 'soon'],
  ['past', 'a date in the past', 'Sun, 01 Nov 2026 00:00:00 GMT'],
];

const retryAfter = RETRY_AFTER.map(([name, says, value]): Draft => ({
  name: `429-retry-after-${name}`,
  says: `that asks once for fewer requests, Retry-After: ${says}`,
  switches: { troubles: [{ kind: 'rate-limit', value, on: 'clients', page: 2, times: 1 }] },
  expected: COMPLETE,
}));

const MORE_THAN_IT_LIKES = (['429', '403'] as const).flatMap((overRate): Draft[] => [
  {
    name: `over-rate-${overRate}`,
    says: `that answers ${overRate} to more than six requests a second`,
    clients: 63,
    switches: { maxPerSecond: 6, overRate },
    expected: COMPLETE,
    slow: true,
  },
  {
    name: `over-rate-${overRate}-paced`,
    says: `that answers ${overRate} to more than six requests a second, asked by a paced service`,
    clients: 63,
    switches: { maxPerSecond: 6, overRate },
    paced: true,
    neverMet: ['maxPerSecond'],
    expected: COMPLETE,
    slow: true,
  },
]);

export const LOAD: readonly Draft[] = [
  ...retryAfter,
  {
    name: '429-plain',
    says: 'that asks once for fewer requests and does not say for how long',
    switches: { troubles: [{ kind: 'rate-limit', on: 'clients', page: 2, times: 1 }] },
    expected: COMPLETE,
  },
  {
    name: '403-as-rate-limit',
    says: 'that asks once for fewer requests with 403',
    switches: { troubles: [{ kind: 'too-many', on: 'clients', page: 2, times: 1 }] },
    expected: COMPLETE,
  },
  {
    name: '429-for-good',
    says: 'that always asks for fewer requests',
    switches: { troubles: [{ kind: 'rate-limit', value: '1', on: 'clients', page: 2 }] },
    expected: refused('crm-rate-limited'),
    slow: true,
  },
  ...MORE_THAN_IT_LIKES,
  {
    name: 'slow',
    says: 'whose answers take 1.4 seconds',
    switches: { latency: 1400 },
    expected: COMPLETE,
  },
  {
    name: 'many',
    says: 'with 1,500 clients in pages of a hundred',
    clients: 1500,
    switches: { onPageCap: 100 },
    expected: COMPLETE,
  },
  {
    name: 'many-drifting',
    says: 'with 1,500 clients in pages of a hundred, who are added, renamed, deleted between pages',
    clients: 1500,
    switches: { onPageCap: 100, drift: 'mixed', driftTimes: 6 },
    expected: COMPLETE,
  },
];
