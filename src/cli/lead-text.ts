import { facts, number, shown, table, valueOf, when } from './output.ts';

type Source = {
  connectionId: string;
  externalId: string;
  primary: boolean;
  status: string;
  name: string | null;
  email: string | null;
  phone: string | null;
};
export type Lead = {
  id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  status: string;
  notes: string;
  sources: Source[];
  mergedLeads: string[];
  createdAt: string;
  updatedAt: string;
  bookings?: {
    total: number;
    upcoming: { startAt: string; service: string | null; status: string }[];
  } | null;
};
export type Change = {
  position: number;
  change: string;
  changed: string[];
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  source: { connectionId: string; externalId: string } | null;
  otherId: string | null;
  actor: string;
  runId: string | null;
  recordedAt: string;
};
/** What people call each connection. */
export type Companies = ReadonlyMap<string, string>;

const sourceTable = (sources: Source[], companies: Companies): string =>
  table(
    ['source', 'company', 'client', 'name', 'e-mail', 'phone'],
    sources.map(({ primary, status, connectionId, externalId, name, email, phone }) => [
      status === 'gone' ? 'gone' : primary ? 'primary' : 'further',
      companies.get(connectionId) ?? connectionId,
      externalId,
      name,
      email,
      phone,
    ]),
    'It has no source.',
  );

/** One lead, with where it comes from and what is next. */
export const describeLead = (lead: Lead, companies: Companies): string => {
  const { bookings, mergedLeads } = lead;
  return [
    facts([
      ['name', lead.name],
      ['e-mail', lead.email],
      ['phone', lead.phone],
      ['status', lead.status],
      ['notes', lead.notes],
      ['created', when(lead.createdAt)],
      ['changed', when(lead.updatedAt)],
      ...(bookings ? [['bookings', number(bookings.total)] as const] : []),
      ...(mergedLeads.length > 0 ? [['merged with', mergedLeads.join(', ')] as const] : []),
      ['id', lead.id],
    ]),
    sourceTable(lead.sources, companies),
    ...(bookings && bookings.upcoming.length > 0
      ? [
          table(
            ['next', 'what', 'status'],
            bookings.upcoming.map(({ startAt, service, status }) => [when(startAt), service, status]),
            '',
          ),
        ]
      : []),
  ].join('\n\n');
};

/** One change of a lead, and where it came from. */
export const describeChange = (
  { change, changed, before, after, source, otherId, actor, runId, recordedAt, position }: Change,
  companies: Companies,
): string => {
  const from =
    source === null
      ? ''
      : ` from client ${shown(source.externalId)} of ${companies.get(source.connectionId) ?? source.connectionId}`;
  const other = otherId === null ? '' : ` with lead ${otherId}`;
  const run = runId === null ? '' : `, run ${runId}`;
  return [
    `${when(recordedAt)}  ${change}${other}${from} by ${shown(actor)}  (event ${position}${run})`,
    ...changed
      .filter((field) => field !== 'sources')
      .map((field) => `  ${field}: ${valueOf(before?.[field])} → ${valueOf(after?.[field])}`),
  ].join('\n');
};
