import { Command, Option } from 'commander';
import { collected, connectionOf, contextOf } from './context.ts';
import { facts, shown, table, valueOf, when } from './output.ts';

type Source = {
  connectionId: string;
  externalId: string;
  primary: boolean;
  name: string;
  email: string;
  phone: string;
};
type Lead = {
  id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  status: string;
  notes: string;
  sources: Source[];
  createdAt: string;
  updatedAt: string;
  bookings?: {
    total: number;
    upcoming: { startAt: string; service: string | null; status: string }[];
  } | null;
};
type Change = {
  position: number;
  change: string;
  changed: string[];
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  source: { connectionId: string; externalId: string } | null;
  actor: string;
  cause: string | null;
  runId: string | null;
  recordedAt: string;
};

const describe = (lead: Lead): string => {
  const { bookings } = lead;
  return [
    facts([
      ['name', lead.name],
      ['e-mail', lead.email],
      ['phone', lead.phone],
      ['status', lead.status],
      ['notes', lead.notes],
      ['created', when(lead.createdAt)],
      ['changed', when(lead.updatedAt)],
      ...(bookings
        ? [['bookings', `${bookings.total}, ${bookings.upcoming.length} of the next ten to come`] as const]
        : []),
      ['id', lead.id],
    ]),
    table(
      ['source', 'client', 'name', 'e-mail', 'phone'],
      lead.sources.map(({ primary, externalId, name, email, phone }) => [
        primary ? 'primary' : 'further',
        externalId,
        name,
        email,
        phone,
      ]),
      'It has no source.',
    ),
    ...(bookings && bookings.upcoming.length > 0
      ? [
          table(
            ['booked for', 'what', 'status'],
            bookings.upcoming.map(({ startAt, service, status }) => [when(startAt), service, status]),
            '',
          ),
        ]
      : []),
  ].join('\n\n');
};

type ListOptions = { connection?: string; status?: string; sort: string; limit: number };

const list = new Command('list')
  .description('the leads, searched and sorted')
  .argument('[search]', 'a part of the name, the e-mail address or the phone number')
  .option('--connection <connection>', 'of one company')
  .addOption(new Option('--status <status>').choices(['active', 'gone', 'erased']))
  .addOption(
    new Option('--sort <order>')
      .choices(['-createdAt', 'createdAt', '-updatedAt', 'name'])
      .default('-createdAt'),
  )
  .option('--limit <count>', 'how many', Number, 20)
  .action(async (search: string | undefined, options: ListOptions, command: Command) => {
    const { api, say } = await contextOf(command);
    const { connection, status, sort, limit } = options;
    const query = new URLSearchParams({
      sort,
      ...(search !== undefined && { search }),
      ...(status !== undefined && { status }),
      ...(connection !== undefined && { source: (await connectionOf(api, connection)).id }),
    });
    const leads = await collected(api.rows<Lead>(`/api/leads?${query.toString()}`, limit));
    say(leads, () =>
      table(
        ['name', 'e-mail', 'phone', 'status', 'changed', 'id'],
        leads.map((lead) => [lead.name, lead.email, lead.phone, lead.status, when(lead.updatedAt), lead.id]),
        'There are no such leads.',
      ),
    );
  });

const show = new Command('show')
  .description('one lead with its sources and bookings, as it is now or as it was')
  .argument('<lead>', 'its id')
  .option('--as-of <moment>', 'a time like 2026-11-22T15:30:00Z, or a position of the log')
  .action(async (id: string, { asOf }: { asOf?: string }, command: Command) => {
    const { api, say } = await contextOf(command);
    const query = asOf === undefined ? '' : `?asOf=${encodeURIComponent(asOf)}`;
    const lead = await api.get<Lead>(`/api/leads/${encodeURIComponent(id)}${query}`);
    say(lead, () => describe(lead));
  });

const told = ({
  change,
  changed,
  before,
  after,
  source,
  actor,
  runId,
  recordedAt,
  position,
}: Change): string =>
  [
    `${when(recordedAt)}  ${change} by ${shown(actor)}${source ? `, client ${shown(source.externalId)}` : ''}  (event ${position}${runId ? `, run ${runId}` : ''})`,
    ...changed
      .filter((field) => field !== 'sources')
      .map((field) => `  ${field}: ${valueOf(before?.[field])} → ${valueOf(after?.[field])}`),
  ].join('\n');

const history = new Command('history')
  .description('every change of a lead, newest first: before, after, by whom, in which run')
  .argument('<lead>', 'its id')
  .option('--limit <count>', 'how many', Number, 50)
  .action(async (id: string, { limit }: { limit: number }, command: Command) => {
    const { api, say } = await contextOf(command);
    const rows = await collected(api.rows<Change>(`/api/leads/${encodeURIComponent(id)}/history`, limit));
    say(rows, () => rows.map(told).join('\n\n'));
  });

const two = (name: 'merge' | 'split', description: string, other: string): Command =>
  new Command(name)
    .description(description)
    .argument('<lead>', 'its id')
    .argument('<other>', other)
    .action(async (id: string, leadId: string, _: object, command: Command) => {
      const { api, say } = await contextOf(command);
      const lead = await api.post<Lead>(`/api/leads/${encodeURIComponent(id)}/${name}`, { leadId });
      say(lead, () => describe(lead));
    });

const exportCsv = new Command('export')
  .description('all leads as CSV, safe for spreadsheets')
  .argument('[search]', 'only those')
  .action(async (search: string | undefined, _: object, command: Command) => {
    const { api } = await contextOf(command);
    const query = search === undefined ? '' : `?search=${encodeURIComponent(search)}`;
    for await (const chunk of await api.stream(`/api/leads.csv${query}`)) process.stdout.write(chunk);
  });

export const leadsCommand = new Command('leads')
  .description('the people')
  .addCommand(list, { isDefault: true })
  .addCommand(show)
  .addCommand(history)
  .addCommand(two('merge', 'makes one lead of two', 'the lead that becomes a part of the first'))
  .addCommand(two('split', 'undoes a merge', 'the lead that comes back'))
  .addCommand(exportCsv)
  .addHelpText(
    'after',
    `
Examples:
  crm-sync leads mia
  crm-sync leads history 6f1c…
  crm-sync leads export > leads.csv`,
  );
