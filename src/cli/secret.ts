import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Failure } from './failure.ts';

/** Nothing of what is typed is shown. */
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

/** A secret: from CRM_SYNC_SECRET, from the first line of standard input, or asked of whoever sits at the terminal. */
export const readSecret = async (question: string): Promise<string> => {
  const given = process.env['CRM_SYNC_SECRET'];
  if (given !== undefined && given !== '') return given;
  const secret = process.stdin.isTTY ? await asked(question) : (await text(process.stdin)).split(/\r?\n/)[0];
  if (secret === undefined || secret === '') {
    throw new Failure('No secret was given.', 'Type it, send it to standard input, or set CRM_SYNC_SECRET.');
  }
  return secret;
};

const asked = async (question: string): Promise<string> => {
  process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
};
