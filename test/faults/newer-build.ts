import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** This build as its next version will be: with one more migration, of these statements. */
export const makeNewerBuild = async (
  migration: string,
  statements: string,
): Promise<{ main: string; remove: () => Promise<void> }> => {
  const directory = await mkdtemp(join(tmpdir(), 'crm-sync-newer-'));
  for (const part of ['dist', 'migrations', 'package.json'])
    await cp(join(ROOT, part), join(directory, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  await writeFile(join(directory, 'migrations', `${migration}.sql`), statements);
  return {
    main: join(directory, 'dist', 'main.js'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
};
