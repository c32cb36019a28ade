import type { Api } from './api.ts';
import { collected } from './context.ts';
import { Failure } from './failure.ts';
import { short, shown } from './output.ts';

export type Connection = {
  id: string;
  name: string;
  company: string;
  login: string;
  domain: string;
  timezone: string | null;
  country: string | null;
  clientFields: boolean;
  clientsWithoutEmail: string;
  status: string;
  attention: { code: string; detail: string } | null;
  schedule: { cron: string; timezone: string } | null;
  scheduleState: { detail: string } | null;
  nextSyncs: string[];
  lastSyncedAt: string | null;
  nextSyncAt: string | null;
};

/** How a command says which connection it is about. */
export const WHICH = 'its id, company or name; the only one when left out';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BEGINNING = /^[0-9a-f]{4,8}(?:-[0-9a-f-]{0,27})?$/;

export const isId = (text: string): boolean => UUID.test(text);

export const connections = (api: Api): Promise<Connection[]> =>
  collected(api.rows<Connection>('/api/connections'));

/**
 * The connection that is meant: by its id or the beginning of it, its company or its name; the only one when nothing is said.
 * One that is disconnected is found by its id only.
 */
export const connectionOf = async (api: Api, wanted: string | undefined): Promise<Connection> => {
  const all = await connections(api);
  const open = all.filter(({ status }) => status !== 'disconnected');
  const exact = all.find(({ id }) => id === wanted);
  if (exact !== undefined) return exact;
  const named = open.filter(({ company, name }) => company === wanted || name === wanted);
  const begun = wanted !== undefined && BEGINNING.test(wanted);
  const found =
    wanted === undefined
      ? open
      : named.length > 0 || !begun
        ? named
        : all.filter(({ id }) => id.startsWith(wanted));
  const [one] = found;
  if (found.length === 1 && one !== undefined) return one;
  const names = open.map(({ company }) => shown(company)).join(', ');
  if (open.length === 0) throw new Failure('No company is connected.', 'Connect one with crm-sync connect.');
  throw found.length === 0
    ? new Failure(`No connection is called "${wanted}".`, `There are: ${names}.`)
    : new Failure('More than one connection could be meant.', `Name one of them: ${names}.`);
};

/** What the log knows under names that begin like this: all that has ever been. */
const idsBegun = async (api: Api, kind: string, wanted: string): Promise<string[]> => {
  const query = new URLSearchParams({ stream: `${kind}-${wanted}*`, limit: '200' });
  const { data } = await api.get<{ data: { stream: string }[] }>(`/api/events?${query.toString()}`);
  return [...new Set(data.map(({ stream }) => stream.slice(kind.length + 1)))];
};

type Named = { id: string; name: string | null; email: string | null };
const SHOWN = 10;

/** The id of the lead that is meant: by its id or the beginning of it, its e-mail address, or what only one lead is found by. */
export const leadIdOf = async (api: Api, wanted: string): Promise<string> => {
  if (isId(wanted)) return wanted;
  const begun = BEGINNING.test(wanted) ? await idsBegun(api, 'lead', wanted) : [];
  if (begun.length === 1 && begun[0] !== undefined) return begun[0];
  const query = new URLSearchParams({ search: wanted, limit: '200' });
  const { data } = await api.get<{ data: Named[] }>(`/api/leads?${query.toString()}`);
  const exact = data.filter(({ email }) => email?.toLowerCase() === wanted.toLowerCase());
  const found = exact.length > 0 ? exact : data;
  const [one] = found;
  if (found.length === 1 && one !== undefined) return one.id;
  if (found.length === 0) {
    throw begun.length > 1
      ? new Failure(`${begun.length} leads have an id that begins with "${wanted}".`, 'Say more of it.')
      : new Failure(
          `No lead is found by "${wanted}".`,
          'Say its e-mail address, its id, or a part of its name: crm-sync leads lists them.',
        );
  }
  const lines = found
    .slice(0, SHOWN)
    .map(({ id, name, email }) => `  ${short(id)}  ${shown(name)}  ${shown(email)}`);
  const more = found.length > SHOWN ? ['  …'] : [];
  throw new Failure(
    [`More than one lead is found by "${wanted}":`, ...lines, ...more].join('\n'),
    'Say which by its e-mail address or its id.',
  );
};

/** The id of the run that is meant: by its id or the beginning of it; the last one when nothing is said. */
export const runIdOf = async (api: Api, wanted: string | undefined): Promise<string> => {
  if (wanted !== undefined && isId(wanted)) return wanted;
  if (wanted === undefined || wanted === 'last') {
    const [last] = await collected(api.rows<{ id: string }>('/api/runs', 1));
    if (last !== undefined) return last.id;
    throw new Failure('There are no runs yet.', 'crm-sync sync starts one.');
  }
  const found = BEGINNING.test(wanted) ? await idsBegun(api, 'sync-run', wanted) : [];
  const [one] = found;
  if (found.length === 1 && one !== undefined) return one;
  throw found.length === 0
    ? new Failure(`There is no run "${wanted}".`, 'crm-sync runs lists them.')
    : new Failure(`${found.length} runs have an id that begins with "${wanted}".`, 'Say more of it.');
};

export type Waiting = {
  id: string;
  connectionId: string;
  kind: string;
  externalId: string;
  status: string;
  code: string;
  detail: string;
  advice: string;
  leads: string[];
  record: unknown;
  firstSeenAt: string;
  lastSeenAt: string;
  attempts: number;
};

/** The id of the record in quarantine that is meant: by its id or the beginning of it, or its number in one company's CRM. */
export const recordIdOf = async (api: Api, wanted: string, connection?: string): Promise<string> => {
  if (isId(wanted)) return wanted;
  const of = connection === undefined ? '' : `&connectionId=${(await connectionOf(api, connection)).id}`;
  const numbered: Waiting[] = [];
  const begun: Waiting[] = [];
  for (const status of ['waiting', 'dismissed'])
    for await (const row of api.rows<Waiting>(`/api/quarantine?status=${status}${of}`)) {
      if (row.externalId === wanted) numbered.push(row);
      else if (BEGINNING.test(wanted) && row.id.startsWith(wanted)) begun.push(row);
    }
  const all = numbered.length > 0 ? numbered : begun;
  const [one] = all;
  if (all.length === 1 && one !== undefined) return one.id;
  const lines = all
    .slice(0, SHOWN)
    .map(({ id, code, detail }) => `  ${short(id)}  ${code}  ${shown(detail)}`);
  throw all.length === 0
    ? new Failure(`No record "${wanted}" is in quarantine.`, 'crm-sync quarantine lists them.')
    : new Failure(
        [`More than one record could be meant by "${wanted}":`, ...lines].join('\n'),
        'Say which by its id, or of which company with --connection.',
      );
};
