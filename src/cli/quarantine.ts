import { Command, Option } from 'commander';
import type { Api } from './api.ts';
import { contextOf, first } from './context.ts';
import { Failure, WITH_ERRORS } from './failure.ts';
import { connectionOf, recordIdOf } from './naming.ts';
import type { Waiting } from './naming.ts';
import { limitOption } from './options.ts';
import { facts, jsonOf, minute, number, short, table, when } from './output.ts';

type Fix = { email?: string; name?: string; phone?: string };

const RECORD = 'its id or the beginning of it, or the number of the client or booking in the CRM';

const recordAt = (id: string, verb = ''): string => `/api/quarantine/${id}${verb}`;

/** Which records, by what they have in common. */
type Which = { connection?: string; code?: string; kind?: string };

const ofCompany = (): Option =>
  new Option('--connection <connection>', 'of one company: its id, company or name');

const ofWhich = (command: Command): Command =>
  command
    .option('--code <code>', 'with one reason, for example email.missing')
    .addOption(ofCompany())
    .addOption(new Option('--kind <kind>', 'only those').choices(['client', 'booking']));

const filterOf = async (api: Api, { connection, code, kind }: Which): Promise<Record<string, string>> => ({
  ...(connection !== undefined && { connectionId: (await connectionOf(api, connection)).id }),
  ...(code !== undefined && { code }),
  ...(kind !== undefined && { kind }),
});

const list = ofWhich(new Command('list').description('the records that could not be taken, newest first'))
  .option('--dismissed', 'those that were dismissed instead')
  .addOption(limitOption(20))
  .action(async (options: Which & { dismissed?: boolean; limit: number }, command: Command) => {
    const { api, say } = await contextOf(command);
    const filter = await filterOf(api, options);
    const query = new URLSearchParams({ ...filter, ...(options.dismissed && { status: 'dismissed' }) });
    const path = `/api/quarantine?${query.toString()}`;
    const { rows, more } = await first(api.rows<Waiting>(path, options.limit + 1), options.limit);
    const none = options.dismissed ? 'Nothing was dismissed.' : 'Nothing waits in quarantine.';
    say(rows, () =>
      table(
        ['id', 'since', 'code', 'why'],
        rows.map((one) => [short(one.id), minute(one.firstSeenAt), one.code, one.detail]),
        none,
        more,
      ),
    );
  });

/** What can be put right here, and how. */
const FIXES: Record<string, string> = {
  'email.missing': '--email <address>',
  'email.invalid': '--email <address>',
  'email.taken': '--email <address>',
  'name.missing': '--name <name>',
};

const here = ({ id, kind, code, leads }: Waiting): string => {
  const [one, other] = leads;
  const fix = kind === 'client' ? FIXES[code] : undefined;
  return [
    ...(one !== undefined && other !== undefined
      ? [`crm-sync leads merge ${one} ${other}, then crm-sync quarantine replay ${id}`]
      : []),
    ...(fix === undefined ? [] : [`crm-sync quarantine fix ${id} ${fix}`]),
    `crm-sync quarantine dismiss ${id}`,
  ].join(' | ');
};

const show = new Command('show')
  .description('one record as it was received, and what can be done about it')
  .argument('<record>', RECORD)
  .addOption(ofCompany())
  .action(async (wanted: string, { connection }: Which, command: Command) => {
    const { api, say } = await contextOf(command);
    const one = await api.get<Waiting>(recordAt(await recordIdOf(api, wanted, connection)));
    // What can be done stands last: a record may be longer than the terminal.
    say(one, () =>
      [
        jsonOf(one.record),
        facts([
          [one.kind, one.externalId],
          ['code', one.code],
          ['why', one.detail],
          ['status', one.status],
          ['first seen', when(one.firstSeenAt)],
          ['last seen', `${when(one.lastSeenAt)}, tried ${number(one.attempts)} times`],
          ['what to do', one.advice],
          ['here', here(one)],
        ]),
      ].join('\n\n'),
    );
  });

const replay = async (
  wanted: string,
  { connection, ...fix }: Fix & Which,
  command: Command,
): Promise<void> => {
  const { api, say } = await contextOf(command);
  const body = Object.keys(fix).length === 0 ? {} : { fix };
  const id = await recordIdOf(api, wanted, connection);
  const done = await api.post<{ leadId?: string | null; bookingId?: string }>(recordAt(id, '/replay'), body);
  const { leadId, bookingId } = done;
  const lead = leadId ? `lead ${leadId}` : null;
  const taken = bookingId === undefined ? lead : `booking ${bookingId}${lead === null ? '' : ` of ${lead}`}`;
  say(done, taken === null ? 'It is taken.' : `It is ${taken} now.`);
};

const fixIt = new Command('fix')
  .description('puts something right and takes the client; that counts until the CRM says something else')
  .argument('<record>', RECORD)
  .option('--email <email>', 'its e-mail address')
  .option('--name <name>', 'its name')
  .option('--phone <phone>', 'its phone number')
  .addOption(ofCompany())
  .action(async (wanted: string, options: Fix & Which, command: Command) => {
    const { connection: _, ...fix } = options;
    if (Object.keys(fix).length === 0)
      throw new Failure('Nothing is put right.', 'Say what: --email, --name or --phone.');
    await replay(wanted, options, command);
  });

const tryAgain = new Command('replay')
  .description('tries to take the record as it is')
  .argument('<record>', RECORD)
  .addOption(ofCompany())
  .action((wanted: string, options: Which, command: Command) => replay(wanted, options, command));

const dismiss = new Command('dismiss')
  .description('never mind: it waits no longer, until the CRM changes it')
  .argument('<record>', RECORD)
  .addOption(ofCompany())
  .action(async (wanted: string, { connection }: Which, command: Command) => {
    const { api, say } = await contextOf(command);
    const id = await recordIdOf(api, wanted, connection);
    const done = await api.post<Waiting>(recordAt(id, '/dismiss'));
    say(done, 'It waits no longer.');
  });

const sweep = async <Done>(verb: 'replay' | 'dismiss', which: Which, api: Api): Promise<Done> => {
  const filter = await filterOf(api, which);
  if (Object.keys(filter).length === 0)
    throw new Failure('This would be all of them.', 'Say which: --code, --connection or --kind.');
  return api.post<Done>(`/api/quarantine/${verb}`, filter);
};

const replayAll = ofWhich(
  new Command('replay-all').description('tries to take all clients with one reason, or of one company'),
).action(async (which: Which, command: Command) => {
  const { api, say } = await contextOf(command);
  type Swept = { released: number; stillWaiting: number; remaining: number };
  const swept = await sweep<Swept>('replay', which, api);
  const { released, stillWaiting, remaining } = swept;
  const left = remaining > 0 ? `, ${number(remaining)} were not looked at yet: say it again` : '';
  say(swept, `${number(released)} are taken, ${number(stillWaiting)} still wait${left}.`);
  if (stillWaiting + remaining > 0) process.exitCode = WITH_ERRORS;
});

const dismissAll = ofWhich(
  new Command('dismiss-all').description('dismisses all records with one reason, or of one company'),
).action(async (which: Which, command: Command) => {
  const { api, say } = await contextOf(command);
  const swept = await sweep<{ dismissed: number; remaining: number }>('dismiss', which, api);
  const left = swept.remaining > 0 ? `, ${number(swept.remaining)} still do: say it again` : '';
  say(swept, `${number(swept.dismissed)} wait no longer${left}.`);
  if (swept.remaining > 0) process.exitCode = WITH_ERRORS;
});

export const quarantineCommand = new Command('quarantine')
  .description('records that a sync could not take')
  .addCommand(list, { isDefault: true })
  .addCommand(show)
  .addCommand(fixIt)
  .addCommand(tryAgain)
  .addCommand(dismiss)
  .addCommand(replayAll)
  .addCommand(dismissAll)
  .addHelpText(
    'after',
    `
Examples:
  crm-sync quarantine --code email.missing
  crm-sync quarantine show 127
  crm-sync quarantine fix 127 --email mia@example.com
  crm-sync quarantine dismiss-all --code booking.time.impossible`,
  );
