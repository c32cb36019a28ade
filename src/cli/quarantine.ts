import { Command, Option } from 'commander';
import { collected, connectionOf, contextOf } from './context.ts';
import { FAILED, Failure } from './failure.ts';
import { facts, shown, table, when } from './output.ts';

type Waiting = {
  id: string;
  kind: string;
  externalId: string;
  code: string;
  detail: string;
  advice?: string;
  record: unknown;
  firstSeenAt: string;
  lastSeenAt: string;
  attempts: number;
};
type Fix = { email?: string; name?: string; phone?: string };

const path = (id: string, verb = ''): string => `/api/quarantine/${encodeURIComponent(id)}${verb}`;

type ListOptions = { connection?: string; code?: string; kind?: string; limit: number };

const list = new Command('list')
  .description('the records that could not be taken, newest first')
  .option('--connection <connection>', 'of one company')
  .option('--code <code>', 'with one reason, for example email.missing')
  .addOption(new Option('--kind <kind>').choices(['client', 'booking']))
  .option('--limit <count>', 'how many', Number, 20)
  .action(async ({ connection, code, kind, limit }: ListOptions, command: Command) => {
    const { api, say } = await contextOf(command);
    const query = new URLSearchParams({
      ...(connection !== undefined && { connectionId: (await connectionOf(api, connection)).id }),
      ...(code !== undefined && { code }),
      ...(kind !== undefined && { kind }),
    });
    const rows = await collected(api.rows<Waiting>(`/api/quarantine?${query.toString()}`, limit));
    say(rows, () =>
      table(
        ['kind', 'code', 'why', 'since', 'id'],
        rows.map((one) => [one.kind, one.code, one.detail, when(one.firstSeenAt), one.id]),
        'Nothing waits in quarantine.',
      ),
    );
  });

const show = new Command('show')
  .description('one record as it was received, and what can be done about it')
  .argument('<record>', 'its id')
  .action(async (id: string, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const one = await api.get<Waiting>(path(id));
    say(one, () =>
      [
        facts([
          ['kind', one.kind],
          ['client or booking', one.externalId],
          ['code', one.code],
          ['why', one.detail],
          ...(one.advice === undefined ? [] : [['what to do', one.advice] as const]),
          ['first seen', when(one.firstSeenAt)],
          ['last seen', `${when(one.lastSeenAt)}, ${one.attempts} times`],
        ]),
        JSON.stringify(one.record, null, 2).split('\n').map(shown).join('\n'),
      ].join('\n\n'),
    );
  });

const replay = async (id: string, fix: Fix, command: Command): Promise<void> => {
  const { api, say } = await contextOf(command);
  const body = Object.keys(fix).length === 0 ? {} : { fix };
  const done = await api.post<{ leadId?: string }>(path(id, '/replay'), body);
  say(done, done.leadId === undefined ? 'It is taken.' : `It is lead ${done.leadId} now.`);
};

const fixIt = new Command('fix')
  .description('puts something right and takes the client; that counts until the CRM says something else')
  .argument('<record>', 'its id')
  .option('--email <email>')
  .option('--name <name>')
  .option('--phone <phone>')
  .action(async (id: string, fix: Fix, command: Command) => {
    if (Object.keys(fix).length === 0)
      throw new Failure('Nothing is put right.', 'Say what: --email, --name or --phone.');
    await replay(id, fix, command);
  });

const tryAgain = new Command('replay')
  .description('tries to take the record as it is')
  .argument('<record>', 'its id')
  .action((id: string, _: object, command: Command) => replay(id, {}, command));

const dismiss = new Command('dismiss')
  .description('never mind: it waits no longer, until the CRM changes it')
  .argument('<record>', 'its id')
  .action(async (id: string, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const done = await api.post<object>(path(id, '/dismiss'));
    say(done ?? {}, 'It waits no longer.');
  });

type Swept = { released: number; stillWaiting: number; remaining: number };

const replayAll = new Command('replay-all')
  .description('tries to take all records with one reason')
  .requiredOption('--code <code>', 'the reason, for example email.taken')
  .action(async ({ code }: { code: string }, command: Command) => {
    const { api, say } = await contextOf(command);
    const swept = await api.post<Swept>('/api/quarantine/replay', { code });
    say(
      swept,
      `${swept.released} are taken, ${swept.stillWaiting} still wait, ${swept.remaining} were not looked at.`,
    );
    if (swept.stillWaiting + swept.remaining > 0) process.exitCode = FAILED;
  });

export const quarantineCommand = new Command('quarantine')
  .description('records that a sync could not take')
  .addCommand(list, { isDefault: true })
  .addCommand(show)
  .addCommand(fixIt)
  .addCommand(tryAgain)
  .addCommand(replayAll)
  .addCommand(dismiss)
  .addHelpText(
    'after',
    `
Examples:
  crm-sync quarantine --code email.missing
  crm-sync quarantine fix 6f1c… --email mia@example.com`,
  );
