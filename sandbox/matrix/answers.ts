import type { Switches } from '../faults.ts';
import { COMPLETE, type Draft } from './profile.ts';

const SHAPES: [name: string, says: string, switches: Partial<Switches>][] = [
  ['bare-array', 'whose list is a bare array', { bareArray: true }],
  ['metadata-list', 'whose metadata is an empty list', { metadata: 'list' }],
  ['metadata-absent', 'whose list has no metadata', { metadata: 'absent' }],
  ['ids-as-text', 'whose ids are texts', { ids: 'text' }],
  ['ids-as-float', 'whose ids are 12.0', { ids: 'float' }],
  ['ids-padded', 'whose ids are "012"', { ids: 'padded' }],
  ['ids-big', 'whose ids are beyond 2^53', { ids: 'big' }],
  ['html-type', 'that calls its JSON text/html', { contentType: 'text/html; charset=UTF-8' }],
  ['no-type', 'that calls its JSON nothing', { contentType: '' }],
  ['deleted-listed-text', 'that lists deleted clients, is_deleted "1"', { listDeleted: true }],
  [
    'deleted-listed-number',
    'that lists deleted clients, is_deleted 1',
    { listDeleted: true, deletedAs: 'number' },
  ],
  [
    'deleted-listed-boolean',
    'that lists deleted clients, is_deleted true',
    { listDeleted: true, deletedAs: 'boolean' },
  ],
];

const shapes = SHAPES.flatMap(([name, says, switches]): Draft[] => [
  { name, says, switches, ...(switches.listDeleted === true ? { ugly: true } : {}), expected: COMPLETE },
]);

export const ANSWERS: readonly Draft[] = [
  ...shapes,
  {
    name: 'ids-change-type',
    says: 'whose ids are numbers at first and texts later',
    between: { ids: 'text' },
    expected: COMPLETE,
  },
  {
    name: 'bare-array-one-page',
    says: 'whose list is a bare array of one page',
    clients: 9,
    switches: { bareArray: true },
    expected: COMPLETE,
  },
];
