import { Command, CommanderError } from 'commander';
import { connectCommand, connectionsCommand } from './cli/connections.ts';
import { doctorCommand } from './cli/doctor.ts';
import { eventsCommand } from './cli/events.ts';
import { FAILED, Failure, FINE } from './cli/failure.ts';
import { leadsCommand } from './cli/leads.ts';
import { quarantineCommand } from './cli/quarantine.ts';
import { runsCommand } from './cli/runs.ts';
import { syncCommand } from './cli/sync.ts';
import { verifyCommand } from './cli/verify.ts';

const program = new Command('crm-sync')
  .description('Brings the clients and bookings of SimplyBook.me into Leads. Talks to a running service.')
  .option('--url <url>', 'where the service is (or CRM_SYNC_URL); http://127.0.0.1:3000 when left out')
  .option('--json', 'answer in JSON, for programs')
  .addHelpText(
    'after',
    `
The API key is taken from CRM_SYNC_API_KEY, or from the data directory of the service (CRM_SYNC_DATA_DIR, .data).

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
  quarantineCommand,
  eventsCommand,
  verifyCommand,
  doctorCommand,
])
  program.addCommand(command);

/** Every command ends by throwing, so that there is one place where exit codes are made. */
const overriding = (command: Command): void => {
  command.exitOverride().showHelpAfterError('(--help says more)');
  for (const one of command.commands) overriding(one);
};
overriding(program);

const exitCodeOf = (error: unknown): number => {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? FINE : FAILED;
  if (error instanceof Failure) {
    process.stderr.write(`${error.message}\n${error.advice === null ? '' : `${error.advice}\n`}`);
    return FAILED;
  }
  const name = error instanceof Error ? error.name : typeof error;
  process.stderr.write(
    `Something went wrong inside the command line (${name}). Please report it, with the command that you ran.\n`,
  );
  return FAILED;
};

// Whoever read our output is gone (crm-sync events | head): that is no failure.
process.stdout.on('error', () => process.exit(FINE));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
