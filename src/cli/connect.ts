import { Command, Option } from 'commander';
import { contextOf } from './context.ts';
import { describeConnection } from './connections.ts';
import type { Connection } from './naming.ts';
import { shown } from './output.ts';
import { AUTHENTICATOR, readSecrets, secretOf } from './secret.ts';

type Wishes = {
  login: string;
  name?: string;
  domain?: string;
  timezone?: string;
  country?: string;
  withoutEmail?: string;
  fields?: boolean;
  schedule?: string;
  totp?: boolean;
};

const bodyOf = (company: string, wishes: Wishes, secret: string, totpSecret: string | undefined): object => {
  const { withoutEmail, fields, schedule, totp: _, ...rest } = wishes;
  return {
    provider: 'simplybook',
    company,
    ...rest,
    secret,
    ...(totpSecret !== undefined && { totpSecret }),
    ...(withoutEmail !== undefined && { clientsWithoutEmail: withoutEmail }),
    ...(fields === true && { clientFields: true }),
    // By the company's own clocks.
    ...(schedule !== undefined && { schedule: { cron: schedule } }),
  };
};

export const connectCommand = new Command('connect')
  .description(
    'connects a company: its credentials are tried first, and nothing is stored when they do not work',
  )
  .argument('<company>', 'the company login of SimplyBook.me, as in https://company.simplybook.me')
  .requiredOption('--login <login>', 'the user who signs in')
  .option('--totp', 'the user has two-factor login: ask for the secret of the authenticator app, too')
  .option('--name <name>', 'what people call it')
  .option('--domain <domain>', 'where the company lives, for example simplybook.it')
  .option('--timezone <zone>', 'its time zone, for example Europe/Berlin')
  .option('--country <code>', 'its country, for example DE: how phone numbers are read')
  .option('--schedule <cron>', 'when it syncs by itself, by its clocks: minute hour day month weekday')
  .addOption(
    new Option('--without-email <what>', 'what becomes of clients without an e-mail address').choices([
      'quarantine',
      'import',
    ]),
  )
  .option('--fields', 'fetch custom fields too, at the cost of a request for each new or changed client')
  .addHelpText(
    'after',
    `
The password or API user key is asked for, or taken from CRM_SYNC_SECRET or from the first line of standard input; with
--totp the secret of the authenticator app, from CRM_SYNC_TOTP_SECRET or the next line. They are never arguments, where
other users of the machine could see them. An API user key (Settings → API User Keys) needs no second factor.

Examples:
  crm-sync connect acmestudio --login owner@acme.example
  crm-sync connect acmestudio --login owner@acme.example --timezone Europe/Berlin --schedule "30 2 * * *"
  crm-sync connect acmestudio --login owner@acme.example < secret.txt`,
  )
  .action(async (company: string, wishes: Wishes, command: Command) => {
    const { api, say } = await contextOf(command);
    const wanted = [secretOf(shown(wishes.login)), ...(wishes.totp === true ? [AUTHENTICATOR] : [])];
    const [secret = '', totpSecret] = await readSecrets(wanted);
    const made = await api.post<Connection>('/api/connections', bodyOf(company, wishes, secret, totpSecret));
    say(
      made,
      () =>
        `${describeConnection(made)}\n\nConnected. crm-sync sync ${shown(made.company)} brings its clients.`,
    );
  });
