import { Command } from 'commander';
import { collected, contextOf, print } from './context.ts';
import { messages } from './messages.ts';
import { shown, table, when } from './output.ts';

type LogEvent = {
  position: number;
  stream: string;
  type: string;
  data: object;
  meta: { actor: string; runId?: string };
  recordedAt: string;
};
type Options = {
  stream?: string;
  type?: string;
  actor?: string;
  run?: string;
  since?: string;
  until?: string;
  after?: string;
  limit: number;
  follow?: boolean;
};

const filterOf = (options: Options): string => {
  const { stream, type, actor, run: runId, since, until, after } = options;
  const given = Object.entries({ stream, type, actor, runId, since, until, after });
  const wanted = given.filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new URLSearchParams(wanted).toString();
};

const line = ({ position, recordedAt, type, stream, meta }: LogEvent): string =>
  `${String(position).padStart(8)}  ${when(recordedAt)}  ${type.padEnd(18)} ${shown(meta.actor).padEnd(12)} ${shown(stream)}`;

export const eventsCommand = new Command('events')
  .description('the log: everything that has happened, the newest last')
  .option('--stream <stream>', 'of one thing, or of many: lead-*')
  .option('--type <types>', 'of these types, comma separated')
  .option('--actor <actor>', 'caused by, for example schedule')
  .option('--run <run>', 'of one run')
  .option('--since <time>', 'from this time, for example 2026-11-22T15:30:00Z')
  .option('--until <time>', 'before this time')
  .option('--after <position>', 'behind this position')
  .option('--limit <count>', 'how many of the newest', Number, 50)
  .option('-f, --follow', 'stay, and tell what comes')
  .addHelpText(
    'after',
    `
Examples:
  crm-sync events --type LeadUpserted --limit 10
  crm-sync events --follow --json | jq -c .type`,
  )
  .action(async (options: Options, command: Command) => {
    const { api, json, say } = await contextOf(command);
    const filter = filterOf(options);
    if (options.follow !== true) {
      const newest = await collected(api.rows<LogEvent>(`/api/events?order=desc&${filter}`, options.limit));
      const events = newest.toReversed();
      return say(events, () =>
        table(
          ['position', 'recorded', 'type', 'by', 'stream'],
          events.map(({ position, recordedAt, type, meta, stream }) => [
            position,
            when(recordedAt),
            type,
            meta.actor,
            stream,
          ]),
          'The log has no such events.',
        ),
      );
    }
    // What programs read is one event a line.
    for await (const { data } of messages(await api.stream(`/api/events/live?${filter}`)))
      print(json ? data : line(JSON.parse(data) as LogEvent));
  });
