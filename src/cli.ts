import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { bookingsCommand } from './cli/bookings.ts';
import { connectCommand } from './cli/connect.ts';
import { connectionsCommand } from './cli/connections.ts';
import { doctorCommand } from './cli/doctor.ts';
import { eventsCommand } from './cli/events.ts';
import { FAILED, Failure, FINE } from './cli/failure.ts';
import { leadsCommand } from './cli/leads.ts';
import { shownLines, wrapped } from './cli/output.ts';
import { quarantineCommand } from './cli/quarantine.ts';
import { rebuildCommand } from './cli/rebuild.ts';
import { runsCommand } from './cli/runs.ts';
import { syncCommand } from './cli/sync.ts';
import { verifyCommand } from './cli/verify.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
  version: string;
};

const program = new Command('crm-sync')
  .description('Brings the clients and bookings of SimplyBook.me into Leads. Talks to a running service.')
  .version(version, '--version', 'the version of this program')
  .option('--url <url>', 'where the service is (or CRM_SYNC_URL); http://127.0.0.1:3000 when left out')
  .option('--json', 'answer in JSON, for programs')
  .addHelpText(
    'after',
    `
The API key is taken from CRM_SYNC_API_KEY, or from the data directory of the service (CRM_SYNC_DATA_DIR, .data).
Ends with 0, or with 2 and a sentence that says what is wrong; sync and doctor also know 1, something to look at.

Examples:
  crm-sync connect acmestudio --login owner@acme.example
  crm-sync sync
  crm-sync leads mia
  crm-sync quarantine
  crm-sync doctor`,
  );

for (const command of [
  connectCommand,
  connectionsCommand,
  syncCommand,
  runsCommand,
  leadsCommand,
  bookingsCommand,
  quarantineCommand,
  eventsCommand,
  verifyCommand,
  doctorCommand,
  rebuildCommand,
])
  program.addCommand(command);

const tell = (text: string): void => {
  const lines = shownLines(text.trimEnd()).split('\n');
  process.stderr.write(`${lines.map((line) => wrapped(line, 2)).join('\n')}\n`);
};

/** A group of commands lists when it is not told what to do, and a word that it does not know is not the list's. */
const STRANGER = /^error: too many arguments for 'list'.* but got \d+: (.*?)(?:, (.*))?\.$/m;

const unknownCommand = (_: string, word: string, more: string | undefined): string =>
  `error: unknown command '${word}'${more === undefined ? '' : '; a text of several words is put in quotes'}`;

/** Every command ends by throwing, so that there is one place where exit codes are made. */
const overriding = (command: Command): void => {
  command
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .configureOutput({
      outputError: (text) => tell(text.replace(STRANGER, unknownCommand)),
    });
  for (const one of command.commands) overriding(one);
};
overriding(program);

const exitCodeOf = (error: unknown): number => {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? FINE : FAILED;
  if (error instanceof Failure) {
    tell(error.message);
    if (error.advice !== null) tell(error.advice);
    return error.exitCode;
  }
  const name = error instanceof Error ? error.name : typeof error;
  tell(
    `Something went wrong inside the command line (${name}). Please report it, with the command that you ran.`,
  );
  return FAILED;
};

// Whoever read our output is gone (crm-sync events | head): that is no failure. A full disk is.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(process.exitCode ?? FINE);
  tell(`The answer could not be written where it was to go (${code ?? 'unknown error'}): it is not whole.`);
  process.exit(FAILED);
});
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
