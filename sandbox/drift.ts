import type { Client } from './people.ts';
import type { World } from './world.ts';

type Row = Client | string;
type Window = { page: number; size: number };

const KINDS = ['insert', 'rename', 'delete'] as const;
type Kind = (typeof KINDS)[number];

const clientIn = (rows: readonly Row[]): Client | undefined =>
  rows.find((row): row is Client => typeof row !== 'string' && !row.deleted);

const happen = ({ crm }: World, kind: Kind, rows: readonly Row[], { page, size }: Window): void => {
  if (kind === 'insert') crm.addSomebody({ name: 'Aaa Newcomer' });
  const later = clientIn(rows.slice(page * size));
  if (kind === 'rename' && later !== undefined) crm.change(later.id, { name: `Aaa ${later.name}` });
  const here = clientIn(rows.slice((page - 1) * size));
  if (kind === 'delete' && here !== undefined) crm.delete(here.id);
};

/**
 * What others do to the clients while somebody pages through them. A list sorted by name moves under the reader: an
 * insertion at the front shows a row twice, a deletion or a renaming to the front hides one.
 */
export const drift = (world: World, rows: readonly Row[], window: Window): void => {
  const { drift: wanted, driftTimes } = world.faults.switches;
  const times = world.faults.struck['drift'] ?? 0;
  const isLast = window.page * window.size >= rows.length;
  if (wanted === 'none' || times >= driftTimes || isLast) return;
  world.faults.strike('drift');
  happen(world, wanted === 'mixed' ? (KINDS[times % KINDS.length] ?? 'insert') : wanted, rows, window);
};
