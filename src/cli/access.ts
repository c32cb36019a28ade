import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from './failure.ts';

const DEFAULT_URL = 'http://127.0.0.1:3000';

/** Where the service is and the key that opens it, as the options and the environment say. */
export type Access = { url: string; key: string };

/** @throws Failure when there is no key to be found. */
export const findAccess = async (url: string | undefined, env: NodeJS.ProcessEnv): Promise<Access> => {
  const given = (name: string): string | undefined => env[name]?.trim() || undefined;
  const port = given('PORT');
  const usual = port !== undefined && /^[1-9]\d*$/.test(port) ? `http://127.0.0.1:${port}` : DEFAULT_URL;
  const address = url ?? given('CRM_SYNC_URL') ?? usual;
  if (!/^https?:\/\/[^?#]+$/.test(address) || !URL.canParse(address)) {
    throw new Failure(
      `"${address}" is no address of a service.`,
      'Give one like http://127.0.0.1:3000 with --url.',
    );
  }
  if (new URL(address).username !== '' || new URL(address).password !== '') {
    throw new Failure(
      'The address of the service holds a user name or a password.',
      'Leave it out: the service knows API keys only.',
    );
  }
  const key = given('CRM_SYNC_API_KEY') ?? (await keptKey(given('CRM_SYNC_DATA_DIR')));
  // No header can carry it, and no service has it.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Failure(
      'The API key has characters that no key has: blanks, line breaks or letters beyond A to Z.',
      'Copy it once more to CRM_SYNC_API_KEY; it stands in the file api-key of the data directory.',
    );
  }
  return { url: address.replace(/\/+$/, ''), key };
};

const keptKey = async (directory = '.data'): Promise<string> => {
  const key = (await readFile(join(directory, 'api-key'), 'utf8').catch(() => '')).trim();
  if (key !== '') return key;
  throw new Failure(
    `There is no API key: CRM_SYNC_API_KEY is not set, and ${directory} holds none that can be read.`,
    'Set CRM_SYNC_API_KEY, or run this where the service runs (CRM_SYNC_DATA_DIR says where its data directory is).',
  );
};
