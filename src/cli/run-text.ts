import { facts, number, shown, table, when, wrapped } from './output.ts';

export type Run = {
  id: string;
  connectionId: string;
  trigger: string;
  status: string;
  counts: Record<string, number> & { bookings: Record<string, number> };
  startedAt: string;
  finishedAt: string | null;
  error: { code: string; detail: string } | null;
  warnings: { code: string; detail: string }[];
  absences: { missing: number; gone: number; returned: number };
  heldDeletions: { count: number; reason: string; approved: boolean } | null;
  progress: { phase: string; done: number; total: number | null };
};

/** What a run has counted, in words. */
const statistics = ({ counts }: Run): string => {
  const { bookings, ...clients } = counts;
  const names = Object.keys(clients).filter((name) => typeof clients[name] === 'number');
  return table(
    ['', 'clients', 'bookings'],
    names.map((name) => [
      name,
      number(clients[name] ?? 0),
      bookings[name] === undefined ? ' ' : number(bookings[name]),
    ]),
    '',
  );
};

const absencesOf = ({ absences: { missing, gone, returned } }: Run): string[] =>
  missing + gone + returned === 0
    ? []
    : [
        wrapped(
          `Of the clients known before, ${number(missing)} are not listed for the first time, ${number(gone)} are gone, ${number(returned)} have come back.`,
        ),
      ];

const heldOf = ({ id, heldDeletions }: Run): string[] =>
  heldDeletions === null || heldDeletions.approved
    ? []
    : [
        wrapped(shown(heldDeletions.reason)),
        `Nothing was removed. crm-sync runs approve-deletions ${id} says that it is right.`,
      ];

export const describeRun = (run: Run): string => {
  const { phase, done, total } = run.progress;
  const lines = [
    facts([
      ['run', run.id],
      ['status', run.status],
      ['started', `${when(run.startedAt)} (${run.trigger})`],
      run.finishedAt === null
        ? ['now', `${phase}: ${number(done)}${total === null ? '' : ` of ${number(total)}`}`]
        : ['finished', when(run.finishedAt)],
    ]),
    statistics(run),
    ...absencesOf(run),
    ...(run.error === null ? [] : [wrapped(`${run.error.code}: ${shown(run.error.detail)}`)]),
    ...run.warnings.map(({ code, detail }) => wrapped(`${code}: ${shown(detail)}`)),
    ...heldOf(run),
  ];
  return lines.join('\n\n');
};
