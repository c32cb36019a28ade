import { Command } from 'commander';
import { collected, connectionOf, contextOf } from './context.ts';
import type { Api } from './api.ts';
import { facts, number, shown, table, valueOf, when } from './output.ts';

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
  progress: { phase: string; done: number; total: number | null };
};

type Change = {
  kind: string;
  id: string;
  change: string;
  changed: string[];
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
};

/** What a run has counted, in words. */
export const statistics = ({ counts }: Run): string => {
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

export const describeRun = (run: Run): string => {
  const lines = [
    facts([
      ['run', run.id],
      ['status', run.status],
      ['started', `${when(run.startedAt)} (${run.trigger})`],
      ['finished', when(run.finishedAt)],
    ]),
    statistics(run),
    ...(run.error === null ? [] : [`${run.error.code}: ${shown(run.error.detail)}`]),
    ...run.warnings.map(({ code, detail }) => `${code}: ${shown(detail)}`),
  ];
  return lines.join('\n\n');
};

const list = new Command('list')
  .description('the runs, newest first')
  .argument('[connection]', 'of one company: its id, company or name')
  .option('--limit <count>', 'how many', Number, 20)
  .action(async (wanted: string | undefined, { limit }: { limit: number }, command: Command) => {
    const { api, say } = await contextOf(command);
    const of = wanted === undefined ? '' : `?connectionId=${(await connectionOf(api, wanted)).id}`;
    const runs = await collected(api.rows<Run>(`/api/runs${of}`, limit));
    say(runs, () =>
      table(
        ['started', 'status', 'trigger', 'clients', 'bookings', 'id'],
        runs.map((run) => [
          when(run.startedAt),
          run.status,
          run.trigger,
          number(run.counts['fetched'] ?? 0),
          number(run.counts.bookings['fetched'] ?? 0),
          run.id,
        ]),
        'There are no runs yet: crm-sync sync starts one.',
      ),
    );
  });

const show = new Command('show')
  .description('one run with its counts')
  .argument('<run>', 'its id')
  .action(async (id: string, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const run = await api.get<Run>(`/api/runs/${encodeURIComponent(id)}`);
    say(run, () => describeRun(run));
  });

const changes = new Command('changes')
  .description('what a run has changed, per record')
  .argument('<run>', 'its id')
  .option('--limit <count>', 'how many', Number, 100)
  .action(async (id: string, { limit }: { limit: number }, command: Command) => {
    const { api, say } = await contextOf(command);
    const rows = await collected(api.rows<Change>(`/api/runs/${encodeURIComponent(id)}/changes`, limit));
    say(rows, () =>
      table(
        ['record', 'change', 'what', 'id'],
        rows.map(({ kind, change, changed, before, after, id: of }) => [
          kind,
          change,
          inWords(changed, before, after),
          of,
        ]),
        'This run has changed nothing.',
      ),
    );
  });

const inWords = (changed: string[], before: Change['before'], after: Change['after']): string =>
  before === null
    ? valueOf(after?.['name'] ?? after?.['service'])
    : changed.map((field) => `${field}: ${valueOf(before[field])} → ${valueOf(after?.[field])}`).join(', ');

const cancel = new Command('cancel')
  .description('ends a run at its next page; what was written stays')
  .argument('<run>', 'its id')
  .action(async (id: string, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const run = await api.post<Run>(`/api/runs/${encodeURIComponent(id)}/cancel`);
    say(run, 'It will stop at its next page.');
  });

/** The run as it is, without its changes. */
export const runAt = (api: Api, id: string): Promise<Run> => api.get<Run>(`/api/runs/${id}`);

export const runsCommand = new Command('runs')
  .description('what was synced when, and how it ended')
  .addCommand(list, { isDefault: true })
  .addCommand(show)
  .addCommand(changes)
  .addCommand(cancel);
