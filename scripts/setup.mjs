// Makes the other npm scripts work in a bare clone: installs what package-lock.json says and, with --build, compiles src and web.
// Runs on the system's own Node, before there is anything else; silent when there is nothing to do.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const MODULES = join(ROOT, 'node_modules');
const BIN = join(MODULES, '.bin');
const LOCKFILE = join(ROOT, 'package-lock.json');
const INSTALLED = join(MODULES, '.setup-stamp');
const BUILT = join(ROOT, 'dist', '.stamp');
const BUSY = join(ROOT, '.setup.lock');
const SOURCES = ['src', 'migrations', 'web'];
/** Made by the build itself. */
const GENERATED = join(ROOT, 'web', 'src', 'api-schema.ts');
const SETTINGS = /^(nest-cli|tsconfig.*|package-lock)\.json$/;

const main = async () => {
  if (!isAtLeast(process.version, 20, 11)) {
    fail(`crm-sync needs Node 20.19 or newer to install itself, and this is ${process.version}.`);
  }
  await unlessDone(isInstalled, install);
  if (!(await hasNode())) {
    fail(
      `crm-sync needs Node 22.17 or newer: this is ${process.version}, and there is none for ${process.platform}-${process.arch} ` +
        'in node_modules. Install Node 24, or run npm ci without --omit=optional.',
    );
  }
  if (process.argv.includes('--build')) await unlessDone(isBuilt, build);
};

/** One program at a time installs or builds; one that waited looks again. */
const unlessDone = async (isDone, work) => {
  if (isDone()) return;
  const release = await acquire();
  try {
    if (!isDone()) await work();
  } finally {
    release();
  }
};

const isInstalled = () => {
  if (!existsSync(LOCKFILE))
    fail('package-lock.json is missing: get it back with git checkout package-lock.json.');
  if (read(INSTALLED) === hashOf(LOCKFILE)) return true;
  if (!matchesLockfile()) return false;
  keep(INSTALLED, hashOf(LOCKFILE));
  return true;
};

/** Somebody ran npm himself: npm's own note of what is in node_modules says whether that is what we want. */
const matchesLockfile = () => {
  const note = read(join(MODULES, '.package-lock.json'));
  if (note === null) return false;
  const present = JSON.parse(note).packages;
  return Object.entries(JSON.parse(read(LOCKFILE)).packages).every(([path, wanted]) => {
    const found = present[path];
    if (path === '') return true;
    if (found === undefined) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
};

const install = async () => {
  say('Installing dependencies (first use, about a minute)…');
  rmSync(INSTALLED, { force: true });
  const stamp = hashOf(LOCKFILE);
  // npm ci removes the Node in node_modules, so npm has to run on the system's.
  const path = process.env.PATH.split(delimiter).filter((folder) => folder !== BIN);
  // The build needs the development dependencies, whatever NODE_ENV says.
  const code = await run('npm', ['ci', '--include=dev', '--include=optional'], path);
  if (code !== 0) fail(`Installing dependencies failed (npm ci ended with ${code}, see above).`);
  keep(INSTALLED, stamp);
};

const isBuilt = () => read(BUILT) === hashOfSources();

const build = async () => {
  say('Building…');
  rmSync(BUILT, { force: true });
  const stamp = hashOfSources();
  const code = await run('npm', ['run', '-s', 'build'], [BIN, ...process.env.PATH.split(delimiter)]);
  if (code !== 0) fail(`Building failed (npm run build ended with ${code}, see above).`);
  keep(BUILT, stamp);
};

/** npm puts node_modules/.bin first, so what runs this is already the right one unless it was installed just now. */
const hasNode = async () => {
  if (isAtLeast(process.version, 22, 17)) return true;
  if (!existsSync(join(BIN, 'node'))) return false;
  const isRecent =
    'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 17) ? 0 : 1)';
  return (await run(join(BIN, 'node'), ['-e', isRecent], [BIN])) === 0;
};

const isAtLeast = (version, major, minor) => {
  const [ownMajor, ownMinor] = version.slice(1).split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
};

/** Answers the exit code, or why there is none. Standard output is left to the program that asked for the set-up. */
const run = (program, args, path) =>
  new Promise((done) => {
    const env = { ...process.env, PATH: path.join(delimiter) };
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 2, 2] });
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(code ?? signal));
  });

const hashOfSources = () => {
  const files = SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .filter((file) => file !== GENERATED),
  );
  const settings = readdirSync(ROOT).filter((name) => SETTINGS.test(name));
  const hash = createHash('sha256');
  const sorted = [...files, ...settings.map((name) => join(ROOT, name))].toSorted((a, b) => (a < b ? -1 : 1));
  for (const file of sorted) {
    const content = readFileSync(file);
    hash.update(`${relative(ROOT, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
};

const hashOf = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
};

/** Where it cannot be kept, in a read-only image, the comparison is made again each time. */
const keep = (file, stamp) => {
  try {
    writeFileSync(file, stamp);
  } catch {
    return;
  }
};

/** Waits until no other program holds the lock; one whose process is gone does not count. Answers how to give it back. */
const acquire = async () => {
  const offer = `${BUSY}.${randomUUID()}`;
  try {
    mkdirSync(offer);
  } catch (error) {
    fail(`${ROOT} cannot be written (${error.code}), and something has to be installed or built first.`);
  }
  writeFileSync(join(offer, 'owner'), identityOf(process.pid));
  for (let look = 1; !moved(offer, BUSY); look += 1) {
    breakIfStale();
    if (look === 2) say('Another command is installing or building, waiting for it…');
    await sleep(200);
  }
  return () => {
    renameSync(BUSY, offer);
    rmSync(offer, { recursive: true, force: true });
  };
};

/** Renaming a folder with its owner's name in it onto another such folder is refused, so only one gets through. */
const moved = (from, to) => {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code)) return false;
    throw error;
  }
};

const breakIfStale = () => {
  const owner = read(join(BUSY, 'owner'));
  if (owner === null || identityOf(Number.parseInt(owner, 10)) === owner) return;
  const taken = `${BUSY}.${randomUUID()}`;
  if (!moved(BUSY, taken)) return;
  // Should it be a new owner's by now, he gets it back.
  if (read(join(taken, 'owner')) !== owner && moved(taken, BUSY)) return;
  rmSync(taken, { recursive: true, force: true });
};

/** A pid together with the start time of its process, where the system tells it: pids are used again. Null: gone. */
const identityOf = (pid) => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return null;
  }
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? String(pid) : `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
};

const say = (line) => console.error(line);

/** Something a person can mend: told in one line. */
class Trouble extends Error {}

const fail = (line) => {
  throw new Trouble(line);
};

try {
  await main();
} catch (error) {
  say(error instanceof Trouble ? error.message : error);
  process.exitCode = 1;
}
