import { Command, Option } from 'commander';
import { contextOf } from './context.ts';
import { FAILED, Failure } from './failure.ts';
import { connectionOf, connections, WHICH } from './naming.ts';
import type { Connection } from './naming.ts';
import { facts, minute, short, shown, table, when, wrapped } from './output.ts';
import { AUTHENTICATOR, readSecrets, secretOf } from './secret.ts';
import { webhooksCommand } from './webhooks.ts';

type Report = {
  ok: boolean;
  way: string | null;
  checks: { tried: string; ok: boolean; answered: string; advice: string | null }[];
};

export const describeConnection = (one: Connection): string =>
  facts([
    ['company', `${one.company} on ${one.domain}`],
    ['name', one.name],
    ['login', one.login],
    ['status', one.status],
    ...(one.attention === null ? [] : [['attention', one.attention.detail] as const]),
    ['time zone', one.timezone],
    ['country', one.country],
    ['clients without e-mail', one.clientsWithoutEmail === 'import' ? 'are taken' : 'go to quarantine'],
    ['custom fields', one.clientFields ? 'are fetched' : 'are not fetched'],
    ['last synced', when(one.lastSyncedAt)],
    ['schedule', one.schedule === null ? 'none' : `${one.schedule.cron} (${one.schedule.timezone})`],
    ...(one.scheduleState === null ? [] : [['', one.scheduleState.detail] as const]),
    ...(one.nextSyncs.length === 0
      ? []
      : [['next, by clocks here', one.nextSyncs.map(minute).join(', ')] as const]),
    ['id', one.id],
  ]);

const list = new Command('list')
  .description('every connection')
  .action(async (_: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const all = await connections(api);
    say(all, () =>
      table(
        ['id', 'company', 'name', 'status', 'last synced', 'next sync'],
        all.map((one) => [
          short(one.id),
          one.company,
          one.name,
          one.status,
          minute(one.lastSyncedAt),
          minute(one.nextSyncAt),
        ]),
        'No company is connected: crm-sync connect does it.',
      ),
    );
  });

const show = new Command('show')
  .description('one connection')
  .argument('[connection]', WHICH)
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const one = await connectionOf(api, wanted);
    say(one, () => describeConnection(one));
  });

const test = new Command('test')
  .description('tries every way into the CRM and reports what it answered')
  .argument('[connection]', WHICH)
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id } = await connectionOf(api, wanted);
    const report = await api.post<Report>(`/api/connections/${id}/test`);
    const lines = report.checks.flatMap(({ tried, ok, answered, advice }) => [
      wrapped(`${ok ? '✔' : '✖'} ${shown(tried)}: ${shown(answered)}`, 2),
      ...(advice ? [wrapped(`  ${shown(advice)}`, 2)] : []),
    ]);
    say(report, lines.join('\n'));
    if (!report.ok) process.exitCode = FAILED;
  });

type NewCredentials = { login?: string; totp?: boolean };

const credentials = new Command('credentials')
  .description('replaces the credentials; the new ones are tried first, and wrong ones change nothing')
  .argument('[connection]', WHICH)
  .option('--login <login>', 'another user')
  .option('--totp', 'ask for another secret of the authenticator app, too')
  .option('--no-totp', 'the user has no second factor any more')
  .action(async (wanted: string | undefined, { login, totp }: NewCredentials, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id, login: known } = await connectionOf(api, wanted);
    const [secret, totpSecret] = await readSecrets([
      secretOf(shown(login ?? known)),
      ...(totp === true ? [AUTHENTICATOR] : []),
    ]);
    const body = {
      secret,
      ...(login !== undefined && { login }),
      ...(totp !== undefined && { totpSecret: totpSecret ?? null }),
    };
    const one = await api.ask<Connection>('PUT', `/api/connections/${id}/credentials`, body);
    say(one, () => `${describeConnection(one)}\n\nThe new credentials work.`);
  });

const change = async (wanted: string | undefined, body: object, command: Command): Promise<void> => {
  const { api, say } = await contextOf(command);
  const { id } = await connectionOf(api, wanted);
  const one = await api.ask<Connection>('PATCH', `/api/connections/${id}`, body);
  say(one, () => describeConnection(one));
};

const schedule = new Command('schedule')
  .description('when it syncs by itself: minute hour day month weekday, or off')
  .argument('<cron>', 'for example "30 2 * * *", every night at half past two; or off')
  .argument('[connection]', WHICH)
  .option('--timezone <zone>', "by whose clocks; the company's own when left out")
  .addHelpText(
    'after',
    `
Examples:
  crm-sync connections schedule "30 2 * * *"
  crm-sync connections schedule "*/15 8-18 * * MON-FRI" acmestudio --timezone Europe/Berlin
  crm-sync connections schedule off acmestudio`,
  )
  .action((cron: string, wanted: string | undefined, { timezone }: { timezone?: string }, command: Command) =>
    change(
      wanted,
      { schedule: cron === 'off' ? null : { cron, ...(timezone !== undefined && { timezone }) } },
      command,
    ),
  );

type Settings = { name?: string; country?: string; withoutEmail?: string; fields?: boolean };

const set = new Command('set')
  .description('changes its name, its country, or what is fetched')
  .argument('[connection]', WHICH)
  .option('--name <name>', 'what people call it')
  .option('--country <code>', 'for example DE: how phone numbers are read')
  .addOption(
    new Option('--without-email <what>', 'what becomes of clients without an e-mail address').choices([
      'quarantine',
      'import',
    ]),
  )
  .option('--fields', 'fetch custom fields too')
  .option('--no-fields', 'do not')
  .action(async (wanted: string | undefined, settings: Settings, command: Command) => {
    const { withoutEmail, fields, ...rest } = settings;
    const body = {
      ...rest,
      ...(withoutEmail !== undefined && { clientsWithoutEmail: withoutEmail }),
      ...(fields !== undefined && { clientFields: fields }),
    };
    if (Object.keys(body).length === 0)
      throw new Failure(
        'Nothing is to be changed.',
        'Say what: --name, --country, --without-email or --fields.',
      );
    await change(wanted, body, command);
  });

const disconnect = new Command('disconnect')
  .description('forgets the credentials; leads, bookings and the log stay')
  .argument('<connection>', 'its id, company or name')
  .option('--yes', 'do it')
  .action(async (wanted: string, { yes }: { yes?: boolean }, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id, company, status } = await connectionOf(api, wanted);
    if (yes !== true && status !== 'disconnected') {
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
  .addCommand(schedule)
  .addCommand(set)
  .addCommand(credentials)
  .addCommand(webhooksCommand)
  .addCommand(disconnect)
  .addHelpText(
    'after',
    `
Examples:
  crm-sync connections test acmestudio
  crm-sync connections schedule "30 2 * * *" acmestudio
  crm-sync connections webhooks on acmestudio
  crm-sync connections credentials acmestudio`,
  );
