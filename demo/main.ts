import { parseArgs } from 'node:util';
import { DemoFailure, Interrupted } from './failure.ts';
import { show } from './show.ts';
import type { Closers } from './stage.ts';

const USAGE = `npm run demo [-- --once]

Starts a sandbox of SimplyBook.me with 1,000 clients, a PostgreSQL of its own and crm-sync, all on this machine only;
syncs twice and shows what became of it. Stays up until Ctrl-C; everything is thrown away at the end.

  --once   end after the second sync
  --help   this text`;

/** What a shell answers for a program that Ctrl-C ended. */
const INTERRUPTED = 130;
/** Milliseconds. Should something refuse to end, the demo does not wait for it for ever. */
const CLOSED_WITHIN = 40_000;
const STOPPING = '\nStopping…';
const STOPPED = 'Stopped, and nothing of it is left.';

const readFlags = () => {
  try {
    return parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new DemoFailure(error instanceof Error ? error.message : String(error), `\n${USAGE}`);
  }
};

const explain = (error: unknown): void => {
  const failure = error instanceof DemoFailure ? error : DemoFailure.unexpected(error);
  console.error(`\nThe demo ended early. ${failure.message}\n${failure.advice}`);
};

/** Shows it all and clears everything away, whatever happens. */
const run = async (once: boolean): Promise<void> => {
  const ending = new AbortController();
  const closers: Closers = [];
  const interrupt = (): void => ending.abort(new Interrupted());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
  // Whoever read our output is gone.
  process.stdout.on('error', interrupt);
  try {
    await show({ once, ending, closers });
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    if (ending.signal.aborted) console.log(STOPPING);
    setTimeout(() => process.exit(1), CLOSED_WITHIN).unref();
    for (const close of closers.toReversed()) await close().catch(explain);
  }
  if (!once) console.log(STOPPED);
};

try {
  const given = readFlags();
  if (given.help === true) console.log(USAGE);
  else await run(given.once === true);
} catch (error) {
  if (error instanceof Interrupted) console.log(STOPPED);
  else explain(error);
  process.exitCode = error instanceof Interrupted ? INTERRUPTED : 1;
}
