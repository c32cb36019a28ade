import { Command } from 'commander';
import type { Rebuilt } from '../shared/event-store/rebuild.ts';
import { shownAtWork } from './bar.ts';
import { print } from './context.ts';
import type { GlobalOptions } from './context.ts';
import { Failure } from './failure.ts';
import { jsonOf, number, table } from './output.ts';

type Named = { name: string; tables: readonly string[] };

const list = (known: Named[]): string =>
  table(
    ['read model', 'tables'],
    known.map(({ name, tables }) => [name, tables.join(', ')]),
    '',
  );

const described = (name: string, { events, tables }: Rebuilt): string =>
  [
    `${name} is made anew from ${number(events)} events.`,
    table(
      ['table', 'rows', 'before'],
      tables.map((one) => [one.name, number(one.rows), number(one.before)]),
      '',
    ),
  ].join('\n\n');

export const rebuildCommand = new Command('rebuild')
  .description('makes the tables of a read model anew from the log, while the service goes on answering')
  .argument('[name]', 'the read model, or one of its tables')
  .option('--list', 'which there are')
  .addHelpText(
    'after',
    `
Opens the database itself, as the service does: with CRM_SYNC_DATA_DIR, or with DATABASE_URL and CRM_SYNC_ENCRYPTION_KEYS.
The service may run or not; what it records meanwhile is in the new tables, too. Its answers come from the old ones until
the new ones take their place, all at once. What goes wrong before leaves everything as it was.

Examples:
  crm-sync rebuild --list
  crm-sync rebuild lead-list`,
  )
  .action(async (wanted: string | undefined, options: { list?: boolean }, command: Command) => {
    const { json = false } = command.optsWithGlobals<GlobalOptions>();
    // Half the service comes along, for which no other command should have to wait.
    const { KNOWN, rebuildOne } = await import('./rebuild-one.ts');
    if (options.list === true) return print(json ? jsonOf(KNOWN) : list(KNOWN));
    const found = KNOWN.find(({ name, tables }) => name === wanted || tables.includes(wanted ?? ''));
    if (found === undefined) {
      const message = wanted === undefined ? 'Which read model?' : `No read model is called "${wanted}".`;
      throw new Failure(`${message} There are:\n${list(KNOWN)}`);
    }
    const { name } = found;
    const title = `Rebuild ${name}`;
    const isWatched = process.stdout.isTTY && !json;
    const done = isWatched
      ? await shownAtWork(
          title,
          (tell) => rebuildOne(name, tell),
          () => ({ title, isGood: true }),
        )
      : await rebuildOne(name, () => undefined);
    print(json ? jsonOf({ readModel: name, ...done }) : `${isWatched ? '\n' : ''}${described(name, done)}`);
  });
