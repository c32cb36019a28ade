import { once } from 'node:events';
import { Command, Option } from 'commander';
import type { Api } from './api.ts';
import { contextOf, first } from './context.ts';
import type { Context } from './context.ts';
import { Failure } from './failure.ts';
import { describeChange, describeLead } from './lead-text.ts';
import type { Change, Companies, Lead } from './lead-text.ts';
import { connectionOf, connections, isId, leadIdOf } from './naming.ts';
import { limitOption, MOMENT, momentOf } from './options.ts';
import { MORE, short, shownLines, table } from './output.ts';

const LEAD = 'its id or the beginning of it, its e-mail address, or what only one lead is found by';

const companiesOf = async (api: Api): Promise<Companies> =>
  new Map((await connections(api)).map(({ id, company }) => [id, company]));

const showLead = async (wanted: string, asOf: string | undefined, command: Command): Promise<void> => {
  const { api, say } = await contextOf(command);
  const then = asOf === undefined || /^\d+$/.test(asOf) ? asOf : momentOf('--as-of', asOf);
  const query = then === undefined ? '' : `?asOf=${encodeURIComponent(then)}`;
  const lead = await api.get<Lead>(`/api/leads/${await leadIdOf(api, wanted)}${query}`);
  const companies = await companiesOf(api);
  say(lead, () => describeLead(lead, companies));
};

type Filter = { connection?: string; status?: string; sort: string };
type ListOptions = Filter & { limit: number };

const queryOf = async (
  api: Api,
  search: string | undefined,
  { connection, status, sort }: Filter,
): Promise<string> =>
  new URLSearchParams({
    sort,
    ...(search !== undefined && { search }),
    ...(status !== undefined && { status }),
    ...(connection !== undefined && { source: (await connectionOf(api, connection)).id }),
  }).toString();

const filtered = (command: Command): Command =>
  command
    .argument('[search]', 'a part of the name, the e-mail address or the phone number')
    .option('--connection <connection>', 'of one company: its id, company or name')
    .addOption(new Option('--status <status>', 'only those').choices(['active', 'gone', 'erased']))
    .addOption(
      new Option('--sort <order>', 'what comes first')
        .choices(['-createdAt', 'createdAt', '-updatedAt', 'name'])
        .default('-createdAt'),
    );

const list = filtered(new Command('list').description('the leads, searched and sorted'))
  .addOption(limitOption(20))
  .action(async (search: string | undefined, options: ListOptions, command: Command) => {
    if (search !== undefined && isId(search)) return showLead(search, undefined, command);
    const { api, say } = await contextOf(command);
    const query = await queryOf(api, search, options);
    const { rows: leads, more } = await first(
      api.rows<Lead>(`/api/leads?${query}`, options.limit + 1),
      options.limit,
    );
    say(leads, () =>
      table(
        ['id', 'name', 'e-mail', 'phone', 'status'],
        leads.map((lead) => [short(lead.id), lead.name, lead.email, lead.phone, lead.status]),
        'There are no such leads.',
        more,
      ),
    );
  });

const show = new Command('show')
  .description('one lead with its sources and bookings, as it is now or as it was')
  .argument('<lead>', LEAD)
  .option('--as-of <moment>', `as it was: a time ${MOMENT}, or a position of the log`)
  .action((wanted: string, { asOf }: { asOf?: string }, command: Command) => showLead(wanted, asOf, command));

const history = new Command('history')
  .description(
    'every change of a lead, newest first: before, after, from which client, by whom, in which run',
  )
  .argument('<lead>', LEAD)
  .addOption(limitOption(50))
  .action(async (wanted: string, { limit }: { limit: number }, command: Command) => {
    const { api, say } = await contextOf(command);
    const path = `/api/leads/${await leadIdOf(api, wanted)}/history`;
    const { rows, more } = await first(api.rows<Change>(path, limit + 1), limit);
    const companies = await companiesOf(api);
    say(rows, () =>
      [...rows.map((row) => short(describeChange(row, companies))), ...(more ? [MORE] : [])].join('\n\n'),
    );
  });

const join = async ({ api, say }: Context, verb: string, id: string, leadId: string): Promise<void> => {
  const lead = await api.post<Lead>(`/api/leads/${id}/${verb}`, { leadId });
  const companies = await companiesOf(api);
  say(lead, () => describeLead(lead, companies));
};

const merge = new Command('merge')
  .description('makes one lead of two; the first keeps its name, and split undoes it')
  .argument('<lead>', LEAD)
  .argument('<other>', 'the lead that becomes a part of the first')
  .action(async (wanted: string, other: string, _: object, command: Command) => {
    const context = await contextOf(command);
    const { api } = context;
    await join(context, 'merge', await leadIdOf(api, wanted), await leadIdOf(api, other));
  });

const split = new Command('split')
  .description('undoes a merge')
  .argument('<lead>', LEAD)
  .argument('[other]', 'the lead that comes back: its id; the only one when left out')
  .action(async (wanted: string, other: string | undefined, _: object, command: Command) => {
    const context = await contextOf(command);
    const { api } = context;
    const id = await leadIdOf(api, wanted);
    const { mergedLeads } = await api.get<Lead>(`/api/leads/${id}`);
    const meant = mergedLeads.filter((merged) => other === undefined || merged.startsWith(other));
    const [one] = meant;
    if (one !== undefined && meant.length === 1) return join(context, 'split', id, one);
    throw mergedLeads.length === 0
      ? new Failure('No lead was merged into this one.')
      : new Failure(`Say which lead comes back: ${mergedLeads.join(', ')}.`);
  });

const exportCsv = filtered(
  new Command('export').description('the leads as CSV, safe for spreadsheets'),
).action(async (search: string | undefined, options: Filter, command: Command) => {
  const { api, json } = await contextOf(command);
  if (json) throw new Failure('An export is CSV.', 'crm-sync leads --json --limit 100000 gives JSON.');
  const path = `/api/leads.csv?${await queryOf(api, search, options)}`;
  const decoder = new TextDecoder();
  const { stdout } = process;
  for await (const chunk of api.stream(path)) {
    const text = stdout.isTTY ? shownLines(decoder.decode(chunk, { stream: true })) : chunk;
    if (!stdout.write(text)) await once(stdout, 'drain');
  }
});

export const leadsCommand = new Command('leads')
  .description('the people')
  .addCommand(list, { isDefault: true })
  .addCommand(show)
  .addCommand(history)
  .addCommand(merge)
  .addCommand(split)
  .addCommand(exportCsv)
  .addHelpText(
    'after',
    `
Examples:
  crm-sync leads mia
  crm-sync leads history mia@example.com
  crm-sync leads show 6f1c0a2b --as-of 2026-11-01
  crm-sync leads merge mia@example.com mia.muster@example.com
  crm-sync leads export > leads.csv`,
  );
