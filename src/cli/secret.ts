import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Failure, INTERRUPTED } from './failure.ts';

/** Nothing of what is typed is shown. */
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

/** A secret, the variable that may hold it, and how it is asked for. */
export type Wanted = { name: string; variable: string; question: string };

/**
 * Secrets, in this order: each from its variable, else from the next line of standard input, else asked of whoever sits at the
 * terminal. They are never arguments, which other users of the machine can see.
 */
export const readSecrets = async (wanted: readonly Wanted[]): Promise<string[]> => {
  let lines: string[] | null = null;
  const secrets: string[] = [];
  for (const { name, variable, question } of wanted) {
    const given = process.env[variable];
    let secret: string | undefined;
    if (given !== undefined && given !== '') secret = given;
    else if (process.stdin.isTTY) secret = await asked(question);
    else {
      lines ??= (await text(process.stdin)).split(/\r?\n/);
      secret = lines.shift();
    }
    if (secret === undefined || secret.trim() === '')
      throw new Failure(`No ${name} was given.`, `Type it, send it to standard input, or set ${variable}.`);
    secrets.push(secret);
  }
  return secrets;
};

const asked = async (question: string): Promise<string> => {
  process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const left = new AbortController();
  lines.once('SIGINT', () => left.abort());
  try {
    return await lines.question('', { signal: left.signal });
  } catch {
    throw new Failure('Nothing was done.', null, INTERRUPTED);
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
};

export const secretOf = (login: string): Wanted => ({
  name: 'secret',
  variable: 'CRM_SYNC_SECRET',
  question: `Password or API user key of ${login} (it is not shown): `,
});

export const AUTHENTICATOR: Wanted = {
  name: 'secret of the authenticator app',
  variable: 'CRM_SYNC_TOTP_SECRET',
  question: 'Secret of the authenticator app (letters and digits, it is not shown): ',
};
