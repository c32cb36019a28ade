import { Command } from 'commander';
import { Listr } from 'listr2';
import type { Api } from './api.ts';
import { collected, connectionOf, contextOf, print } from './context.ts';
import type { Connection } from './context.ts';
import { FAILED, FINE, WITH_ERRORS } from './failure.ts';
import { messages } from './messages.ts';
import { number, shown } from './output.ts';
import { describeRun, runAt } from './runs.ts';
import type { Run } from './runs.ts';

type Waiting = { externalId: string; code: string; detail: string; lastSeenAt: string };

const ERRORS_SHOWN = 10;
const WIDTH = 24; // of the bar, in letters

/** 0: fine; 1: some records could not be taken, or the CRM cannot be believed; 2: it did not come to its end. */
const EXIT: Record<string, number> = {
  succeeded: FINE,
  'succeeded-with-errors': WITH_ERRORS,
  suspicious: WITH_ERRORS,
};

const start = async (api: Api, { id }: Connection): Promise<Run> =>
  api.post<Run>(`/api/connections/${id}/sync`, undefined, { prefer: 'respond-async' });

const bar = ({ progress: { phase, done, total } }: Run): string => {
  if (total === null || total === 0) return `${phase}: ${number(done)}`;
  const filled = Math.min(WIDTH, Math.round((done / total) * WIDTH));
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${phase}: ${number(done)} of ${number(total)}`;
};

/** Follows the run to its end; where nobody looks on, nothing is told of what is between. */
const follow = async (api: Api, run: Run, tell: (line: string) => void): Promise<Run> => {
  for await (const { event, data } of messages(await api.stream(`/api/runs/${run.id}/live`))) {
    const now = JSON.parse(data) as Run;
    if (event === 'end') return now;
    tell(bar(now));
  }
  return runAt(api, run.id);
};

/** On a terminal with a bar; elsewhere a line at its start and at its end. */
const followShown = async (api: Api, { company }: Connection, run: Run): Promise<Run> => {
  let ended = run;
  const list = new Listr(
    [
      {
        title: `Sync ${shown(company)}`,
        rendererOptions: { outputBar: 1 },
        task: async (_, task) => {
          ended = await follow(api, run, (line) => {
            if (process.stdout.isTTY) task.output = line;
          });
        },
      },
    ],
    { renderer: 'default', fallbackRenderer: 'simple' },
  );
  await list.run();
  return ended;
};

const waitingSince = async (api: Api, run: Run): Promise<Waiting[]> => {
  const path = `/api/quarantine?connectionId=${run.connectionId}`;
  const waiting = await collected(api.rows<Waiting>(path, 200));
  return waiting.filter(({ lastSeenAt }) => Date.parse(lastSeenAt) >= Date.parse(run.startedAt));
};

const tellErrors = async (api: Api, run: Run): Promise<void> => {
  const waiting = await waitingSince(api, run);
  if (waiting.length === 0) return;
  print('\nIn quarantine (crm-sync quarantine says more):');
  for (const { code, detail } of waiting.slice(0, ERRORS_SHOWN)) print(`  ${code}: ${shown(detail)}`);
  if (waiting.length > ERRORS_SHOWN) print(`  … and ${number(waiting.length - ERRORS_SHOWN)} more`);
};

export const syncCommand = new Command('sync')
  .description('brings clients and bookings up to date, or joins the sync that is going on')
  .argument('[connection]', 'its id, company or name; the only one when left out')
  .option('--no-wait', 'only start it')
  .addHelpText(
    'after',
    `
Ends with 0 when everything is fine, with 1 when records went to quarantine or the CRM could not be believed,
with 2 when the sync did not come to its end.

Examples:
  crm-sync sync
  crm-sync sync acmestudio --json | jq .counts`,
  )
  .action(async (wanted: string | undefined, { wait }: { wait: boolean }, command: Command) => {
    const { api, json, say } = await contextOf(command);
    const connection = await connectionOf(api, wanted);
    const started = await start(api, connection);
    if (!wait) return say(started, `Run ${started.id} goes on: crm-sync runs show ${started.id}`);
    const run = json
      ? await follow(api, started, () => undefined)
      : await followShown(api, connection, started);
    process.exitCode = EXIT[run.status] ?? FAILED;
    say(run, () => `\n${describeRun(run)}`);
    if (!json) await tellErrors(api, run);
  });
