import type { Command } from 'commander';
import { Api, findAccess } from './api.ts';
import { Failure } from './failure.ts';

/** What every command works with. */
export type Context = {
  api: Api;
  /** Whether a program reads the answer. */
  json: boolean;
  /** One answer: as JSON for programs, else as `text` for people. */
  say: (answer: unknown, text: string | (() => string)) => void;
};

export type GlobalOptions = { url?: string; json?: boolean };

export const print = (line: string): void => void process.stdout.write(`${line}\n`);

export const contextOf = async (command: Command): Promise<Context> => {
  const { url, json = false } = command.optsWithGlobals<GlobalOptions>();
  const api = new Api(await findAccess(url, process.env));
  const say: Context['say'] = (answer, text) => {
    if (json) print(JSON.stringify(answer, null, 2));
    else print(typeof text === 'string' ? text : text());
  };
  return { api, json, say };
};

export type Connection = {
  id: string;
  name: string;
  company: string;
  login: string;
  domain: string;
  status: string;
  attention: { code: string; detail: string } | null;
  lastSyncedAt: string | null;
  nextSyncAt: string | null;
};

/** All rows of a list in memory. */
export const collected = async <Row>(rows: AsyncIterable<Row>): Promise<Row[]> => {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
};

/** The connection that is meant: by its id, its company or its name; the only one when nothing is said. */
export const connectionOf = async (api: Api, wanted: string | undefined): Promise<Connection> => {
  const all = await collected(api.rows<Connection>('/api/connections'));
  const open = all.filter(({ status }) => status !== 'disconnected');
  const found = open.filter(
    ({ id, company, name }) =>
      wanted === undefined || id.startsWith(wanted) || company === wanted || name === wanted,
  );
  const [one] = found;
  if (found.length === 1 && one !== undefined) return one;
  const names = open.map(({ company }) => company).join(', ');
  if (open.length === 0) throw new Failure('No company is connected.', 'Connect one with crm-sync connect.');
  throw found.length === 0
    ? new Failure(`No connection is called "${wanted}".`, `There are: ${names}.`)
    : new Failure('More than one connection is meant.', `Name one of them: ${names}.`);
};
