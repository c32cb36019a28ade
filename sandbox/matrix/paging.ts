import type { Switches } from '../faults.ts';
import { COMPLETE, SAID_TO_BE_INCOMPLETE, type Draft } from './profile.ts';

const DRIFTS: Record<Exclude<Switches['drift'], 'none'>, string> = {
  insert: 'somebody is added',
  rename: 'somebody is renamed',
  delete: 'somebody is deleted',
  mixed: 'somebody is added, renamed, deleted',
};
const drifts = Object.keys(DRIFTS) as (keyof typeof DRIFTS)[];

const moving = drifts.flatMap((drift) =>
  (['name', 'id', 'shuffle'] as const).flatMap((order) =>
    [10, 7].map((onPageCap): Draft => {
      const name = `drift-${drift}-by-${order}-pages-of-${onPageCap}`;
      return {
        name,
        says: `where ${DRIFTS[drift]} between pages of ${onPageCap}, ${order === 'shuffle' ? 'in another order each time' : `listed by ${order}`}`,
        clients: 35,
        switches: { drift, order, onPageCap },
        expected: COMPLETE,
      };
    }),
  ),
);

const uncounted = drifts.map((drift): Draft => ({
  name: `drift-${drift}-uncounted`,
  says: `where ${DRIFTS[drift]} between pages, and no counts are told`,
  clients: 35,
  switches: { drift, itemsCount: 'absent', pagesCount: 'absent' },
  expected: COMPLETE,
}));

const always = drifts.map((drift): Draft => ({
  name: `drift-${drift}-always`,
  says: `where ${DRIFTS[drift]} after every page`,
  clients: 35,
  switches: { drift, driftTimes: 1000 },
  // Renaming changes no number, and everybody is met in one pass or another.
  expected: drift === 'rename' ? COMPLETE : SAID_TO_BE_INCOMPLETE,
}));

const ITEMS: [Exclude<Switches['itemsCount'], 'true'>, string][] = [
  ['more', 'seven more than there are'],
  ['fewer', 'seven fewer than there are'],
  ['zero', 'none'],
  ['null', 'null'],
  ['text', 'a text'],
  ['absent', 'nothing'],
];

/** Nobody can tell which is right, the number or the list. */
const LIES = new Set<Switches['itemsCount']>(['more', 'fewer']);

const counts = ITEMS.flatMap(([itemsCount, words]): Draft[] => [
  {
    name: `items-${itemsCount}`,
    says: `whose items_count says ${words}`,
    switches: { itemsCount },
    expected: LIES.has(itemsCount) ? SAID_TO_BE_INCOMPLETE : COMPLETE,
  },
  {
    name: `items-${itemsCount}-repeated`,
    says: `whose items_count says ${words}, and which gives page 2 twice`,
    switches: { itemsCount, repeatPage: 2 },
    expected: LIES.has(itemsCount) ? SAID_TO_BE_INCOMPLETE : COMPLETE,
  },
]);

const PAGES: [Exclude<Switches['pagesCount'], 'true'>, string][] = [
  ['less', 'one page less'],
  ['zero', 'no page'],
  ['null', 'null'],
  ['text', 'a text'],
  ['huge', 'a thousand million pages'],
  ['grows', 'one more than asked for'],
  ['absent', 'nothing'],
];

const pages = PAGES.flatMap(([pagesCount, words]): Draft[] => [
  {
    name: `pages-${pagesCount}`,
    says: `whose pages_count says ${words}`,
    switches: { pagesCount },
    expected: COMPLETE,
  },
  {
    name: `pages-${pagesCount}-uncounted`,
    says: `whose pages_count says ${words}, and items_count nothing`,
    switches: { pagesCount, itemsCount: 'absent' },
    expected: COMPLETE,
  },
]);

const SIZES: [name: string, says: string, switches: Partial<Switches>][] = [
  ['capped-at-1', 'that gives one row a page', { onPageCap: 1 }],
  ['capped-at-7', 'that gives seven rows a page', { onPageCap: 7 }],
  [
    'capped-and-says-otherwise',
    'that gives seven rows a page and says a hundred',
    { onPageCap: 7, onPageEcho: 'asked' },
  ],
  ['fixed', 'that gives ten rows a page, whatever is asked', { onPageFixed: 10 }],
  [
    'fixed-and-says-otherwise',
    'that gives ten rows a page and says what was asked',
    { onPageFixed: 10, onPageEcho: 'asked' },
  ],
  ['fixed-above', 'that gives 500 rows a page, whatever is asked', { onPageFixed: 500 }],
  ['exactly-full', 'whose last page is exactly full', {}],
  ['by-id', 'that lists by id', { order: 'id' }],
  ['shuffled', 'that lists in another order each time', { order: 'shuffle' }],
  [
    'shuffled-uncounted',
    'that lists in another order each time, without counts',
    { order: 'shuffle', itemsCount: 'absent', pagesCount: 'absent' },
  ],
  ['repeats-page-1', 'that gives page 1 twice', { repeatPage: 1 }],
  ['repeats-last-page', 'that gives its last page twice', { repeatPage: 3 }],
  [
    'repeats-uncounted',
    'that gives page 2 twice, without counts',
    { repeatPage: 2, itemsCount: 'absent', pagesCount: 'absent' },
  ],
  [
    'repeats-and-drifts',
    'that gives page 2 twice, and where somebody is renamed between pages',
    { repeatPage: 2, drift: 'rename' },
  ],
  ['endless-last-page', 'whose last page comes again for ever', { endless: 'repeat' }],
  [
    'endless-last-page-uncounted',
    'whose last page comes again for ever, without counts',
    { endless: 'repeat', itemsCount: 'absent', pagesCount: 'grows' },
  ],
  [
    'endless-and-fewer',
    'whose last page comes again for ever, and which says fewer',
    { endless: 'repeat', itemsCount: 'fewer' },
  ],
  ['endless-new', 'with ever new clients past its end, which it says', { endless: 'new' }],
];

/** What these come to, where they are not complete. */
const SIZED: Record<string, Partial<Draft>> = {
  'exactly-full': { clients: 20 },
  'endless-last-page': { neverMet: ['endless'] },
  'endless-new': { neverMet: ['endless'] },
  'shuffled-uncounted': { expected: SAID_TO_BE_INCOMPLETE },
  'endless-and-fewer': { expected: SAID_TO_BE_INCOMPLETE },
};

const sizes = SIZES.map(([name, says, switches]): Draft => ({
  name,
  says,
  switches,
  expected: COMPLETE,
  ...SIZED[name],
}));

const empty: Draft[] = [
  { name: 'nobody', says: 'without clients', clients: 0, expected: COMPLETE },
  {
    name: 'emptied',
    says: 'that shows no clients any more',
    between: { empty: true },
    expected: ['complete', 'incomplete'],
  },
  {
    name: 'emptied-uncounted',
    says: 'that shows no clients any more, without counts',
    between: { empty: true, itemsCount: 'absent', pagesCount: 'absent' },
    expected: ['complete', 'crm-answer-unusable'],
  },
];

export const PAGING: readonly Draft[] = [
  ...sizes,
  ...counts,
  ...pages,
  ...moving,
  ...uncounted,
  ...always,
  ...empty,
];
