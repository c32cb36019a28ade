import type { Switches } from '../faults.ts';
import { COMPLETE, SAID_TO_BE_INCOMPLETE, type Draft } from './profile.ts';

const FEW = { clients: 9, bookings: 43 } as const;

const routes: Draft[] = [
  {
    name: 'bookings-ugly',
    says: 'with all the flaws of real bookings',
    ugly: true,
    clients: 40,
    bookings: 60,
    expected: COMPLETE,
  },
  { name: 'bookings-many', says: 'with 43 bookings in five pages', ...FEW, expected: COMPLETE },
  {
    name: 'bookings-missing',
    says: 'without bookings in either API',
    ...FEW,
    switches: { bookingsRoute: 'missing' },
    expected: COMPLETE,
  },
  {
    name: 'bookings-rest-missing',
    says: 'with bookings by JSON-RPC only',
    ...FEW,
    switches: { bookingsRoute: 'rest-missing' },
    expected: COMPLETE,
  },
  {
    name: 'bookings-forbidden',
    says: 'whose role may not read bookings',
    ...FEW,
    switches: { bookingsRoute: 'forbidden' },
    expected: COMPLETE,
  },
  {
    name: 'bookings-rpc',
    says: 'without REST, with bookings',
    ...FEW,
    switches: { restMissing: true },
    expected: COMPLETE,
  },
  {
    name: 'bookings-rpc-cut',
    says: 'without REST, which cuts bookings at ten',
    ...FEW,
    switches: { restMissing: true, rpcBookingsLimit: 10 },
    expected: COMPLETE,
  },
  {
    name: 'bookings-rpc-cut-odd',
    says: 'without REST, which cuts bookings at seven',
    ...FEW,
    switches: { restMissing: true, rpcBookingsLimit: 7 },
    expected: COMPLETE,
  },
  {
    name: 'bookings-rpc-newest',
    says: 'without REST, which lists the newest bookings first, whatever is asked',
    ...FEW,
    switches: { restMissing: true, rpcBookingsOrder: 'newest' },
    expected: COMPLETE,
  },
  {
    name: 'bookings-rpc-newest-cut',
    says: 'without REST, which lists the newest bookings first and cuts them at ten',
    ...FEW,
    switches: { restMissing: true, rpcBookingsOrder: 'newest', rpcBookingsLimit: 10 },
    expected: COMPLETE,
  },
  {
    name: 'bookings-rpc-cut-one-time',
    says: 'without REST, which cuts bookings at ten of 15 that start at one time',
    ...FEW,
    switches: { restMissing: true, rpcBookingsLimit: 10 },
    before: ({ bookings }) => {
      for (let count = 0; count < 15; count += 1) bookings.add({ start: '2040-05-05 10:00:00' });
    },
    expected: SAID_TO_BE_INCOMPLETE,
  },
  {
    name: 'bookings-not-nested',
    says: 'whose bookings bring ids of services and providers only',
    ...FEW,
    switches: { nested: false },
    expected: COMPLETE,
  },
  {
    name: 'bookings-no-zone',
    says: 'that does not tell its time zone',
    ...FEW,
    switches: { companyTimezone: '' },
    expected: COMPLETE,
  },
];

const TRICKS: [name: string, says: string, switches: Partial<Switches>][] = [
  ['order-id', 'by id', { order: 'id' }],
  ['shuffled', 'in another order each time', { order: 'shuffle' }],
  ['repeats', 'page 2 twice', { repeatPage: 2 }],
  ['bare-array', 'as a bare array', { bareArray: true }],
  ['metadata-list', 'with metadata as an empty list', { metadata: 'list' }],
  ['metadata-absent', 'without metadata', { metadata: 'absent' }],
  [
    'endless',
    'the last page for ever, without counts',
    { endless: 'repeat', itemsCount: 'absent', pagesCount: 'absent' },
  ],
  ['echo-asked', 'saying that pages are as long as asked for', { onPageEcho: 'asked' }],
  ...(['more', 'fewer', 'zero', 'null', 'text', 'absent'] as const).map(
    (itemsCount): [string, string, Partial<Switches>] => [
      `items-${itemsCount}`,
      `saying items_count: ${itemsCount}`,
      { itemsCount },
    ],
  ),
  ...(['less', 'zero', 'null', 'text', 'huge', 'grows', 'absent'] as const).map(
    (pagesCount): [string, string, Partial<Switches>] => [
      `pages-${pagesCount}`,
      `saying pages_count: ${pagesCount}`,
      { pagesCount },
    ],
  ),
  ...(['insert', 'delete', 'mixed'] as const).map((drift): [string, string, Partial<Switches>] => [
    `drift-${drift}`,
    `which come and go between pages (${drift})`,
    { drift },
  ]),
];

const TRICKED: Record<string, Partial<Draft>> = {
  'bookings-items-more': { expected: SAID_TO_BE_INCOMPLETE },
  'bookings-items-fewer': { expected: SAID_TO_BE_INCOMPLETE },
};

const tricks = TRICKS.map(([trick, says, switches]): Draft => {
  const name = `bookings-${trick}`;
  return {
    name,
    says: `that lists bookings ${says}`,
    ...FEW,
    switches: { faultyList: 'bookings', ...switches },
    expected: COMPLETE,
    ...TRICKED[name],
  };
});

export const BOOKINGS: readonly Draft[] = [
  ...routes,
  ...tricks,
  {
    name: 'both-lists-uncounted',
    says: 'that counts neither clients nor bookings',
    bookings: 43,
    switches: { faultyList: 'both', itemsCount: 'absent', pagesCount: 'absent' },
    expected: COMPLETE,
  },
  {
    name: 'bookings-emptied',
    says: 'that shows no bookings any more',
    ...FEW,
    between: { faultyList: 'bookings', empty: true },
    expected: ['complete', 'incomplete'],
  },
];
