import type { Command } from 'commander';
import { findAccess } from './access.ts';
import { Api } from './api.ts';
import { jsonOf } from './output.ts';

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
    if (json) print(jsonOf(answer));
    else print(typeof text === 'string' ? text : text());
  };
  return { api, json, say };
};

/** All rows of a list in memory. */
export const collected = async <Row>(rows: AsyncIterable<Row>): Promise<Row[]> => {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
};

/** The first rows of a list that was asked for one more than that, and whether there are more. */
export const first = async <Row>(
  rows: AsyncIterable<Row>,
  limit: number,
): Promise<{ rows: Row[]; more: boolean }> => {
  const all = await collected(rows);
  return { rows: all.slice(0, limit), more: all.length > limit };
};
