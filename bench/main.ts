import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { DEFAULTS } from '../sandbox/sandbox.ts';
import { outputOf, startProgram } from './programs.ts';
import { refuseShortcuts } from './proof.ts';
import { report } from './report.ts';
import type { Measured } from './report.ts';
import { startServer } from './server.ts';
import type { Server } from './server.ts';
import { runService } from './service.ts';
import { REFERENCES } from './sides.ts';
import type { Crm, Job, Outcome, Reference } from './sides.ts';

const USAGE = `How fast is the whole program, beside what it could be and what it might have been? docs/benchmarks.md says more.

  --clients N[,N]   how many clients the sandbox lists (20000,100000)
  --rounds N        rounds of each size; their median counts (3 up to 20,000 clients, else 1)
  --orm N           how many clients the way through the ORM takes, because it is slow (2000)
  --service FILE    another build of the service than dist/main.js
  --quick           --clients 5000 --rounds 1 --orm 500, unless they are given
  --help            this text`;

const given = parseArgs({
  options: {
    clients: { type: 'string' },
    rounds: { type: 'string' },
    orm: { type: 'string' },
    service: { type: 'string', default: 'dist/main.js' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
}).values;

const numbers = (name: string, text: string): number[] =>
  text.split(',').map((part) => {
    if (!/^[1-9]\d{0,6}$/.test(part)) throw new Error(`--${name} must be whole numbers from 1.`);
    return Number(part);
  });

const roundsOf = (clients: number): number => {
  if (given.rounds !== undefined) return numbers('rounds', given.rounds)[0]!;
  return given.quick || clients > 20_000 ? 1 : 3;
};

/** What is running and must not outlive us, the last one first. */
const running: (() => Promise<void>)[] = [];

const startSandbox = async (clients: number): Promise<{ crm: Crm; stop: () => Promise<void> }> => {
  const sandbox = await startProgram(
    {
      script: 'sandbox/main.ts',
      args: ['--clean', '--bookings', '0', '--clients', String(clients), '--port', '0'],
    },
    /sandbox is ready: (http:\S+)/,
  );
  running.unshift(sandbox.stop);
  const { company, login, password } = DEFAULTS;
  const stop = async (): Promise<void> => {
    running.shift();
    await sandbox.stop();
  };
  return { crm: { url: sandbox.url, company, login, password }, stop };
};

const runReference = async (which: Reference, job: Job): Promise<Outcome> =>
  JSON.parse(await outputOf({ script: 'bench/reference.ts', args: [which, JSON.stringify(job)] })) as Outcome;

/** One side on an empty database of its own, removed afterwards. */
const onItsOwn = async (
  server: Server,
  job: Omit<Job, 'database'>,
  run: (job: Job) => Promise<Outcome>,
): Promise<Outcome> => {
  const database = await server.database(`bench_${performance.now().toFixed().padStart(9, '0')}`);
  try {
    return await run({ ...job, database: database.url });
  } finally {
    await database.drop();
  }
};

/** Every side once, in turn: what else the machine does meanwhile then hits them alike. */
const round = async (
  server: Server,
  crm: Crm,
  clients: number,
  orm: number,
): Promise<Measured['rounds'][number]> => {
  const job = { crm, most: clients };
  const outcomes: Partial<Record<Reference | 'service', Outcome>> = {};
  outcomes.service = await onItsOwn(server, job, (its) => runService(given.service, its));
  for (const which of REFERENCES) {
    const mine = which === 'by-orm' ? { crm, most: Math.min(orm, clients) } : job;
    outcomes[which] = await onItsOwn(server, mine, (its) => runReference(which, its));
  }
  const complete = outcomes as Measured['rounds'][number];
  refuseShortcuts(complete);
  return complete;
};

const measure = async (server: Server, clients: number, orm: number): Promise<Measured> => {
  const { crm, stop } = await startSandbox(clients);
  // The first listing makes the people; nobody shall pay for that.
  await onItsOwn(server, { crm, most: clients }, (job) => runReference('fetch-only', job));
  const rounds: Measured['rounds'] = [];
  for (let done = 0; done < roundsOf(clients); done += 1) {
    console.error(`${clients} clients, round ${done + 1} of ${roundsOf(clients)} …`);
    rounds.push(await round(server, crm, clients, orm));
  }
  await stop();
  return { clients, rounds };
};

const run = async (): Promise<void> => {
  const sizes = numbers('clients', given.clients ?? (given.quick ? '5000' : '20000,100000'));
  const orm = numbers('orm', given.orm ?? (given.quick ? '500' : '2000'))[0]!;
  const server = await startServer();
  running.unshift(server.stop);
  const measured: Measured[] = [];
  for (const clients of sizes) measured.push(await measure(server, clients, orm));
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, PostgreSQL ${server.version}`;
  console.log(report(machine, measured));
};

const stopAll = async (): Promise<void> => {
  for (const stop of running.splice(0)) await stop().catch(() => undefined);
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(130)));
}
if (given.help) console.log(USAGE);
else {
  try {
    await run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await stopAll();
  }
}
