import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DOCUMENT, documentOf } from './document.ts';
import { PROFILES } from './profiles.ts';
import { summary, tables } from './report.ts';
import { runAll, type Report } from './run-profile.ts';
import { setStage, type Closers } from './stage.ts';

const USAGE = `npm run sandbox:matrix [-- --only TEXT] [-- --write]

Tries crm-sync with every SimplyBook.me that we can imagine: connects, syncs twice, compares leads and quarantine with what
the CRM holds, and counts what the CRM was asked. Ends with 1 when anything is not as expected.

  --only TEXT   only profiles with this text in their names
  --write       puts the tables into docs/profiles.md as well
  --help        this text`;

/** Most of the time is spent waiting: for answers that come late, and before asking again. */
const AT_A_TIME = 16;

const flags = () =>
  parseArgs({
    options: { only: { type: 'string' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
  }).values;

const tried = async (only: string, ending: AbortController): Promise<Report[]> => {
  const profiles = PROFILES.filter(({ name }) => name.includes(only));
  if (profiles.length === 0) throw new Error(`No profile has ${only} in its name.`);
  const closers: Closers = [];
  try {
    const reports = runAll(profiles, await setStage(closers, ending), AT_A_TIME);
    const ended = new Promise<never>((_, reject) => {
      ending.signal.addEventListener('abort', () => reject(ending.signal.reason as Error));
    });
    return await Promise.race([ended, Promise.all(profiles.map(({ name }) => reports.get(name)!))]);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
};

const run = async (only: string, write: boolean): Promise<void> => {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => ending.abort(new Error('Stopped.')));
  }
  const reports = await tried(only, ending);
  console.log(`${tables(reports)}\n${summary(reports)}`);
  if (write) await writeFile(DOCUMENT, documentOf(reports));
  if (reports.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;
};

try {
  const { only = '', write = false, help = false } = flags();
  if (write && only !== '') throw new Error('--write wants all profiles.');
  if (help) console.log(USAGE);
  else await run(only, write);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
