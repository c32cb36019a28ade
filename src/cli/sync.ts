import { Command } from 'commander';
import type { Api } from './api.ts';
import { bar, shownAtWork } from './bar.ts';
import type { Tell } from './bar.ts';
import { contextOf, print } from './context.ts';
import { FAILED, Failure, FINE, INTERRUPTED, WITH_ERRORS } from './failure.ts';
import { live } from './live.ts';
import { connectionOf, WHICH } from './naming.ts';
import type { Connection, Waiting } from './naming.ts';
import { number, shown, wrapped } from './output.ts';
import { describeRun } from './run-text.ts';
import type { Run } from './run-text.ts';
import { runAt } from './runs.ts';

const ERRORS_SHOWN = 10;
/** A service that is restarted is back by then, and goes on with the run. */
const PATIENCE = 120_000; // ms

/** 0: fine; 1: some records could not be taken, or the CRM cannot be believed; 2: it did not come to its end. */
const EXIT: Record<string, number> = {
  succeeded: FINE,
  'succeeded-with-errors': WITH_ERRORS,
  suspicious: WITH_ERRORS,
};

const start = async (api: Api, { id }: Connection): Promise<Run> =>
  api.post<Run>(`/api/connections/${id}/sync`, undefined, { prefer: 'respond-async' });

const lineOf = ({ progress: { phase, done, total } }: Run): string => {
  if (total !== null && total > 0) return bar(done, total, `${phase}: ${number(done)} of ${number(total)}`);
  return done === 0 ? phase : `${phase}: ${number(done)}`;
};

type Watching = { signal: AbortSignal; tell: Tell };

/** Follows the run to its end. @throws Failure when whoever waits has had enough, or nobody answers any more. */
const follow = async (api: Api, { id }: Run, { signal, tell }: Watching): Promise<Run> => {
  const lost = (): void => tell('the service does not answer, waiting for it');
  try {
    for await (const { event, data } of live(api, `/api/runs/${id}/live`, {
      signal,
      patience: PATIENCE,
      lost,
    })) {
      const now = JSON.parse(data) as Run;
      if (event === 'end') return now;
      tell(lineOf(now));
    }
  } catch (error) {
    const goesOn = `The sync goes on in the service: crm-sync runs show ${id} tells how far it is, crm-sync runs cancel ${id} ends it.`;
    if (signal.aborted) throw new Failure('You have stopped waiting.', goesOn, INTERRUPTED);
    if (error instanceof Failure)
      throw new Failure(error.message, goesOn.replace('goes on', 'goes on when it can'));
    throw error;
  }
  return runAt(api, id);
};

/** How it ended, in one line. */
const ending = ({ status, counts }: Run): string =>
  `${status}, ${number(counts['fetched'] ?? 0)} clients and ${number(counts.bookings['fetched'] ?? 0)} bookings`;

/** What the run has met and could not take: it was seen while the run went on. */
const waitingSince = async (api: Api, run: Run): Promise<Waiting[]> => {
  const waiting: Waiting[] = [];
  for await (const one of api.rows<Waiting>(`/api/quarantine?connectionId=${run.connectionId}`)) {
    if (Date.parse(one.lastSeenAt) >= Date.parse(run.startedAt)) waiting.push(one);
    if (waiting.length > ERRORS_SHOWN) break;
  }
  return waiting;
};

const tellErrors = async (api: Api, run: Run): Promise<void> => {
  const count = (run.counts['quarantined'] ?? 0) + (run.counts.bookings['quarantined'] ?? 0);
  if (count === 0) return;
  const waiting = await waitingSince(api, run);
  print('\nIn quarantine (crm-sync quarantine shows them):');
  for (const { code, detail } of waiting.slice(0, ERRORS_SHOWN))
    print(wrapped(`  ${code}: ${shown(detail)}`, 4));
  if (waiting.length > ERRORS_SHOWN) print('  …');
};

export const syncCommand = new Command('sync')
  .description('brings clients and bookings up to date, or joins the sync that is going on')
  .argument('[connection]', WHICH)
  .option('--no-wait', 'only start it')
  .addHelpText(
    'after',
    `
Ends with 0 when everything is fine, with 1 when records went to quarantine or the CRM could not be believed,
with 2 when the sync did not come to its end. Ctrl-C ends the waiting (130), not the sync.

Examples:
  crm-sync sync
  crm-sync sync acmestudio --json | jq .counts`,
  )
  .action(async (wanted: string | undefined, { wait }: { wait: boolean }, command: Command) => {
    const { api, json, say } = await contextOf(command);
    const connection = await connectionOf(api, wanted);
    const started = await start(api, connection);
    if (!wait) return say(started, `Run ${started.id} goes on: crm-sync runs show ${started.id}`);
    const enough = new AbortController();
    process.on('SIGINT', () => enough.abort());
    const { signal } = enough;
    const isWatched = process.stdout.isTTY && !json;
    const work = (tell: Tell): Promise<Run> => follow(api, started, { signal, tell });
    const title = `Sync ${shown(connection.company)}`;
    const run = isWatched
      ? await shownAtWork(title, work, (one) => ({
          title: `${title}: ${ending(one)}`,
          isGood: EXIT[one.status] !== undefined,
        }))
      : await work(() => undefined);
    process.exitCode = EXIT[run.status] ?? FAILED;
    say(run, () => [isWatched ? '' : `${title}: ${ending(run)}`, describeRun(run)].join('\n'));
    if (!json) await tellErrors(api, run);
  });
