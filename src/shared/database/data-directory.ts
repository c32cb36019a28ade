import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { reasonOf, refuseToStart } from './start-failure.ts';

/**
 * Makes the data directory if need be, closed to other people, and answers its real path. Missing parents are ordinary
 * directories: whatever the umask, the database's account must be able to pass through them.
 * @throws Refusal when it cannot be made.
 */
export const makeDataDirectory = async (dataDir: string): Promise<string> => {
  const path = resolve(dataDir);
  if (/["$`\\\n]/.test(path)) {
    throw refuseToStart(
      `The data directory ${JSON.stringify(path)} has a character in its path that PostgreSQL's pg_ctl does not bear ` +
        '(one of " $ ` \\ or a line break): set CRM_SYNC_DATA_DIR to another directory.',
    );
  }
  try {
    await makePrivate(path);
    return await realpath(path);
  } catch (error) {
    throw refuseToStart(
      `The data directory ${path} cannot be made (${reasonOf(error)}): ` +
        'give this user the right to, or set CRM_SYNC_DATA_DIR to a directory that can be written.',
      error,
    );
  }
};

/** What is there already is left as it is. Root's is open for passing through, to whom the database's files belong. */
export const makePrivate = async (path: string): Promise<void> => {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  if (process.getuid?.() !== 0) return chmod(path, 0o700);
  for (let parent = dirname(path); parent.startsWith(first); parent = dirname(parent)) {
    await chmod(parent, 0o755);
  }
  await chmod(path, 0o711);
};
