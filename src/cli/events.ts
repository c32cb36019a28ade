import { Command } from 'commander';
import type { Api } from './api.ts';
import { collected, contextOf, first, print } from './context.ts';
import { Failure } from './failure.ts';
import { live } from './live.ts';
import { runIdOf } from './naming.ts';
import { limitOption, MOMENT, momentOf } from './options.ts';
import { jsonOf, short, shown, table, when } from './output.ts';

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

const filterOf = async (api: Api, options: Options): Promise<URLSearchParams> => {
  const { stream, type, actor, run, since, until, after } = options;
  const given = Object.entries({
    stream,
    type,
    actor,
    runId: run === undefined ? undefined : await runIdOf(api, run),
    since: since === undefined ? undefined : momentOf('--since', since),
    until: until === undefined ? undefined : momentOf('--until', until),
    after,
  });
  return new URLSearchParams(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
};

const line = ({ position, recordedAt, type, stream, meta }: LogEvent): string =>
  `${String(position).padStart(8)}  ${when(recordedAt)}  ${shown(type).padEnd(18)} ${shown(meta.actor).padEnd(12)} ${short(shown(stream))}`;

/** Stays until somebody ends it, also when the service is restarted meanwhile. */
const follow = async (api: Api, filter: URLSearchParams, json: boolean): Promise<void> => {
  const [newest] = await collected(api.rows<LogEvent>('/api/events?order=desc', 1));
  // From a certain place on: what happens while the service is away must not be missed.
  if (!filter.has('after')) filter.set('after', String(newest?.position ?? 0));
  const lost = (): void => {
    process.stderr.write('The service does not answer; what it records is told when it does again.\n');
  };
  const path = `/api/events/live?${filter.toString()}`;
  for await (const { data } of live(api, path, { patience: Infinity, lost })) {
    const event = JSON.parse(data) as LogEvent;
    // What programs read is one event a line.
    print(json ? jsonOf(event, 0) : line(event));
  }
};

export const eventsCommand = new Command('events')
  .description('the log: everything that has happened, the newest last')
  .option('--stream <stream>', 'of one thing, or of many: lead-*')
  .option('--type <types>', 'of these types, comma separated')
  .option('--actor <actor>', 'caused by, for example schedule')
  .option('--run <run>', 'of one run: its id, the beginning of it, or last')
  .option('--since <time>', `from then on: ${MOMENT}`)
  .option('--until <time>', 'before then')
  .option('--after <position>', 'behind this position')
  .addOption(limitOption(50, 'how many of the newest'))
  .option('-f, --follow', 'stay, and tell what comes')
  .addHelpText(
    'after',
    `
Examples:
  crm-sync events --type LeadUpserted --since 2h
  crm-sync events --run last
  crm-sync events --follow --json | jq -c .type`,
  )
  .action(async (options: Options, command: Command) => {
    const { api, json, say } = await contextOf(command);
    const isFollowing = options.follow === true;
    if (isFollowing && (options.since ?? options.until) !== undefined)
      throw new Failure('--follow begins at a position.', 'Say --after instead of --since and --until.');
    const filter = await filterOf(api, options);
    if (isFollowing) return follow(api, filter, json);
    const path = `/api/events?order=desc&${filter.toString()}`;
    const { rows } = await first(api.rows<LogEvent>(path, options.limit + 1), options.limit);
    const events = rows.toReversed();
    say(events, () =>
      table(
        ['position', 'recorded', 'type', 'by', 'stream'],
        events.map(({ position, recordedAt, type, meta, stream }) => [
          position,
          when(recordedAt).slice(0, 19),
          type,
          meta.actor,
          short(stream),
        ]),
        'The log has no such events.',
      ),
    );
  });
