import { Command, Option } from 'commander';
import type { Api } from './api.ts';
import { contextOf, first } from './context.ts';
import { connectionOf, runIdOf } from './naming.ts';
import { limitOption } from './options.ts';
import { minute, number, short, table, valueOf } from './output.ts';
import { describeRun } from './run-text.ts';
import type { Run } from './run-text.ts';

type Change = {
  kind: string;
  id: string;
  change: string;
  changed: string[];
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
};

/** The run as it is, without its changes. */
export const runAt = (api: Api, id: string): Promise<Run> =>
  api.get<Run>(`/api/runs/${encodeURIComponent(id)}`);

const RUN = 'its id or the beginning of it; the last one when left out';
const STATUSES = [
  'running',
  'succeeded',
  'succeeded-with-errors',
  'suspicious',
  'failed',
  'cancelled',
  'interrupted',
];

const showRun = async (wanted: string | undefined, command: Command): Promise<void> => {
  const { api, say } = await contextOf(command);
  const run = await runAt(api, await runIdOf(api, wanted));
  say(run, () => describeRun(run));
};

type ListOptions = { limit: number; status?: string };

const list = new Command('list')
  .description('the runs, newest first')
  .argument('[connection]', 'of one company: its id, company or name')
  .addOption(new Option('--status <status>', 'only those').choices(STATUSES))
  .addOption(limitOption(20))
  .action(async (wanted: string | undefined, { limit, status }: ListOptions, command: Command) => {
    const { api, say } = await contextOf(command);
    const query = new URLSearchParams({
      ...(wanted !== undefined && { connectionId: (await connectionOf(api, wanted)).id }),
      ...(status !== undefined && { status }),
    });
    const { rows: runs, more } = await first(
      api.rows<Run>(`/api/runs?${query.toString()}`, limit + 1),
      limit,
    );
    say(runs, () =>
      table(
        ['id', 'started', 'status', 'trigger', 'clients', 'bookings'],
        runs.map((run) => [
          short(run.id),
          minute(run.startedAt),
          run.status,
          run.trigger,
          number(run.counts['fetched'] ?? 0),
          number(run.counts.bookings['fetched'] ?? 0),
        ]),
        wanted === undefined && status === undefined
          ? 'There are no runs yet: crm-sync sync starts one.'
          : 'There are no such runs.',
        more,
      ),
    );
  });

const show = new Command('show')
  .description('one run with its counts')
  .argument('[run]', RUN)
  .action((wanted: string | undefined, _: object, command: Command) => showRun(wanted, command));

const changes = new Command('changes')
  .description('what a run has changed, per record')
  .argument('[run]', RUN)
  .addOption(new Option('--kind <kind>', 'only those').choices(['lead', 'booking']))
  .addOption(limitOption(100))
  .action(
    async (
      wanted: string | undefined,
      { limit, kind }: { limit: number; kind?: string },
      command: Command,
    ) => {
      const { api, say } = await contextOf(command);
      const id = await runIdOf(api, wanted);
      const path = `/api/runs/${id}/changes${kind === undefined ? '' : `?kind=${kind}`}`;
      const { rows, more } = await first(api.rows<Change>(path, limit + 1), limit);
      say(rows, () =>
        table(
          ['id', 'record', 'change', 'what'],
          rows.map(({ kind: record, change, changed, before, after, id: of }) => [
            short(of),
            record,
            change,
            inWords(changed, before, after),
          ]),
          'This run has changed nothing.',
          more,
        ),
      );
    },
  );

const inWords = (changed: string[], before: Change['before'], after: Change['after']): string =>
  before === null
    ? valueOf(after?.['name'] ?? after?.['service'])
    : changed.map((field) => `${field}: ${valueOf(before[field])} → ${valueOf(after?.[field])}`).join(', ');

const cancel = new Command('cancel')
  .description('ends a run at its next page; what was written stays')
  .argument('[run]', RUN)
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const run = await api.post<Run>(`/api/runs/${await runIdOf(api, wanted)}/cancel`);
    say(run, 'It will stop at its next page.');
  });

const approve = new Command('approve-deletions')
  .description('says that the clients which a run has missed are really deleted, and syncs once more')
  .argument('<run>', 'its id or the beginning of it')
  .action(async (wanted: string, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const id = await runIdOf(api, wanted);
    const path = `/api/runs/${id}/approve-deletions`;
    const run = await api.post<Run>(path, undefined, { prefer: 'respond-async' });
    say(
      run,
      `Approved. A sync looks at them once more: who is not listed then either is gone (crm-sync runs shows it).`,
    );
  });

export const runsCommand = new Command('runs')
  .description('what was synced when, and how it ended')
  .addCommand(list, { isDefault: true })
  .addCommand(show)
  .addCommand(changes)
  .addCommand(cancel)
  .addCommand(approve)
  .addHelpText(
    'after',
    `
Examples:
  crm-sync runs
  crm-sync runs --status failed
  crm-sync runs show
  crm-sync runs changes 34f7766c`,
  );
