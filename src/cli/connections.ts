import { Command } from 'commander';
import { collected, connectionOf, contextOf } from './context.ts';
import type { Connection } from './context.ts';
import { FAILED, Failure } from './failure.ts';
import { facts, shown, table, when } from './output.ts';
import { readSecret } from './secret.ts';

type Report = {
  ok: boolean;
  way: string | null;
  checks: { tried: string; ok: boolean; answered: string; advice: string | null }[];
};

type Wishes = {
  login: string;
  name?: string;
  domain?: string;
  timezone?: string;
  country?: string;
  withoutEmail?: string;
  fields?: boolean;
};

const describe = (one: Connection): string =>
  facts([
    ['company', one.company],
    ['name', one.name],
    ['login', one.login],
    ['status', one.status],
    ...(one.attention === null ? [] : [['attention', one.attention.detail] as const]),
    ['last synced', when(one.lastSyncedAt)],
    ['next sync', when(one.nextSyncAt)],
    ['id', one.id],
  ]);

export const connectCommand = new Command('connect')
  .description(
    'connects a company: its credentials are tried first, and nothing is stored when they do not work',
  )
  .argument('<company>', 'the company login of SimplyBook.me, as in https://company.simplybook.me')
  .requiredOption('--login <login>', 'the user who signs in')
  .option('--name <name>', 'what people call it')
  .option('--domain <domain>', 'where the company lives, for example simplybook.it')
  .option('--timezone <zone>', 'its time zone, for example Europe/Berlin')
  .option('--country <code>', 'its country, for example DE: how phone numbers are read')
  .option('--without-email <what>', 'what becomes of clients without an e-mail address: quarantine or import')
  .option('--fields', 'fetch custom fields too, at the cost of a request for each new or changed client')
  .addHelpText(
    'after',
    `
The password or API user key is asked for, or read from the first line of standard input, or from CRM_SYNC_SECRET;
it is never an argument, where other users of the machine could see it.

Examples:
  crm-sync connect acmestudio --login owner@acme.example
  crm-sync connect acmestudio --login owner@acme.example < secret.txt`,
  )
  .action(async (company: string, wishes: Wishes, command: Command) => {
    const { api, say } = await contextOf(command);
    const { withoutEmail, fields, ...rest } = wishes;
    const secret = await readSecret(`Password or API user key of ${shown(wishes.login)}: `);
    const made = await api.post<Connection>('/api/connections', {
      provider: 'simplybook',
      company,
      ...rest,
      secret,
      ...(withoutEmail !== undefined && { clientsWithoutEmail: withoutEmail }),
      ...(fields === true && { clientFields: true }),
    });
    say(
      made,
      () => `${describe(made)}\n\nConnected. crm-sync sync ${shown(made.company)} brings its clients.`,
    );
  });

const list = new Command('list')
  .description('every connection')
  .action(async (_: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const all = await collected(api.rows<Connection>('/api/connections'));
    say(all, () =>
      table(
        ['company', 'name', 'status', 'last synced', 'next sync', 'id'],
        all.map((one) => [
          one.company,
          one.name,
          one.status,
          when(one.lastSyncedAt),
          when(one.nextSyncAt),
          one.id,
        ]),
        'No company is connected: crm-sync connect does it.',
      ),
    );
  });

const show = new Command('show')
  .description('one connection')
  .argument('[connection]', 'its id, company or name')
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const one = await connectionOf(api, wanted);
    say(one, () => describe(one));
  });

const test = new Command('test')
  .description('tries every way into the CRM and reports what it answered')
  .argument('[connection]', 'its id, company or name')
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id } = await connectionOf(api, wanted);
    const report = await api.post<Report>(`/api/connections/${id}/test`);
    const lines = report.checks.map(({ tried, ok, answered, advice }) =>
      [
        `${ok ? '✔' : '✖'} ${shown(tried)}: ${shown(answered)}`,
        ...(advice ? [`  ${shown(advice)}`] : []),
      ].join('\n'),
    );
    say(report, lines.join('\n'));
    if (!report.ok) process.exitCode = FAILED;
  });

const credentials = new Command('credentials')
  .description('replaces the credentials; the new ones are tried first')
  .argument('[connection]', 'its id, company or name')
  .option('--login <login>', 'another user')
  .action(async (wanted: string | undefined, { login }: { login?: string }, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id, login: known } = await connectionOf(api, wanted);
    const secret = await readSecret(`Password or API user key of ${shown(login ?? known)}: `);
    const body = { secret, ...(login !== undefined && { login }) };
    const one = await api.ask<Connection>('PUT', `/api/connections/${id}/credentials`, body);
    say(one, () => `${describe(one)}\n\nThe new credentials work.`);
  });

const disconnect = new Command('disconnect')
  .description('forgets the credentials; leads, bookings and the log stay')
  .argument('<connection>', 'its id, company or name')
  .option('--yes', 'do it')
  .action(async (wanted: string, { yes }: { yes?: boolean }, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id, company } = await connectionOf(api, wanted);
    if (yes !== true) {
      throw new Failure(
        `This forgets the credentials of ${shown(company)} and ends its syncs. Leads, bookings and the log stay.`,
        'Say it again with --yes.',
      );
    }
    await api.ask('DELETE', `/api/connections/${id}`);
    say({ id, status: 'disconnected' }, `${shown(company)} is disconnected.`);
  });

export const connectionsCommand = new Command('connections')
  .description('the companies that are connected')
  .addCommand(list, { isDefault: true })
  .addCommand(show)
  .addCommand(test)
  .addCommand(credentials)
  .addCommand(disconnect);
