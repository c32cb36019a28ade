import type { ListrTask } from 'listr2';
import { DEFAULTS, startSandbox } from '../sandbox/sandbox.ts';
import { get, post } from './api.ts';
import type { Api, Appointment, Connection, Lead, List, LogEntry, Run, Waiting } from './api.ts';
import { DemoFailure, Interrupted } from './failure.ts';
import { number, progressLine, summary } from './report.ts';
import { startService } from './service.ts';
import type { Closers, Stage } from './stage.ts';
import { sync } from './sync.ts';
import type { Synced } from './sync.ts';
import { makeDirectory, removeDirectory } from './throw-away.ts';

const CLIENTS = 1000;
const BOOKINGS = 200;
/** Milliseconds for each answer of the sandbox: like a real one, and slow enough to see the sync work. */
const LATENCY = 120;
const EXAMPLES = 3;

type Task = { title: string; output: string };
type Step = { title: string; work: (stage: Stage, task: Task) => Promise<void> };

/** Everything that the demo does, in order. What is started is put into `closers`. */
export const stepsOf = (ending: AbortController, closers: Closers): ListrTask<Stage>[] =>
  [
    sandboxStep(closers),
    serviceStep(ending, closers),
    connectStep,
    firstSyncStep,
    secondSyncStep,
    questionsStep,
  ].map(({ title, work }) => ({ title, task: (stage, task) => work(stage, task).catch(givingUp(ending)) }));

/** The list shows only where it stopped; the reason is told once, at the end. */
const givingUp =
  (ending: AbortController) =>
  (error: unknown): never => {
    ending.abort(error);
    throw new Error(ending.signal.reason instanceof Interrupted ? 'stopped' : 'see below', { cause: error });
  };

const sandboxStep = (closers: Closers): Step => ({
  title: `Start a sandbox of SimplyBook.me with ${number(CLIENTS)} clients and ${number(BOOKINGS)} bookings`,
  work: async (stage) => {
    stage.sandbox = await startSandbox({
      clients: CLIENTS,
      bookings: BOOKINGS,
      switches: { latency: LATENCY },
    });
    closers.push(() => stage.sandbox.close());
  },
});

const serviceStep = (ending: AbortController, closers: Closers): Step => ({
  title: 'Start crm-sync with a PostgreSQL of its own',
  work: async (stage) => {
    const dataDir = await makeDirectory();
    closers.push(() => removeDirectory(dataDir));
    const service = await startService({
      dataDir,
      closers,
      sandboxUrl: stage.sandbox.url,
      onDeath: (failure) => ending.abort(failure),
      signal: ending.signal,
    });
    stage.api = { ...service, signal: ending.signal };
  },
});

const connectStep: Step = {
  title: `Connect the company ${DEFAULTS.company}`,
  work: async (stage) => {
    const { company, login, password: secret } = DEFAULTS;
    const connection = { provider: 'simplybook', company, login, secret, name: 'Acme Studio' };
    stage.connection = await post<Connection>(stage.api, '/api/connections', connection);
  },
};

const firstSyncStep: Step = {
  title: 'Sync its clients into leads, with what they have booked',
  work: async (stage, task) => {
    stage.first = await sync(stage.api, stage.connection.id, telling(task));
    task.title += `: ${summary(stage.first)}`;
  },
};

const secondSyncStep: Step = {
  title: 'Sync once more',
  work: async (stage, task) => {
    stage.second = idle(await sync(stage.api, stage.connection.id, telling(task)));
    task.title += `: ${summary(stage.second)}`;
  },
};

const questionsStep: Step = {
  title: 'Ask for the results',
  work: async (stage) => {
    const { api, connection } = stage;
    const quarantine = `/api/quarantine?connectionId=${connection.id}&limit=200`;
    const { data: waiting } = await get<List<Waiting>>(api, quarantine);
    stage.waiting = (['client', 'booking'] as const).flatMap((kind) =>
      waiting.filter((one) => one.kind === kind).slice(0, EXAMPLES),
    );
    stage.appointments = (await get<List<Appointment>>(api, `/api/bookings?limit=${EXAMPLES}`)).data;
    const { data: leads } = await get<List<Lead>>(api, `/api/leads?limit=${EXAMPLES}`);
    stage.examples = await Promise.all(
      leads.map(async (lead) => ({ lead, last: await lastEvent(api, lead) })),
    );
  },
};

const lastEvent = async (api: Api, lead: Lead): Promise<LogEntry> => {
  const { data } = await get<List<LogEntry>>(api, `/api/events?stream=lead-${lead.id}&order=desc&limit=1`);
  if (data[0] === undefined) throw new DemoFailure(`The log knows nothing of the lead ${lead.id}.`);
  return data[0];
};

/** On a terminal a bar that moves; elsewhere a line for each quarter. */
const telling = (task: Task): ((progress: Run['progress']) => void) => {
  let last = 0;
  return ({ done, total }) => {
    const part = total === null || total === 0 ? 0 : done / total;
    if (!process.stdout.isTTY && Math.floor(part * 4) === last) return;
    last = Math.floor(part * 4);
    task.output = progressLine(done, total);
  };
};

/** The promise that again changes nothing. Sync events are the run's own. */
const idle = (synced: Synced): Synced => {
  const strange = synced.events.filter(({ type }) => !type.startsWith('Sync'));
  if (strange.length === 0) return synced;
  throw new DemoFailure(
    `The second sync should have changed nothing but appended ${strange[0]?.type ?? 'an event'}.`,
  );
};
