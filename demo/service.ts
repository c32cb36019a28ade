import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoFailure } from './failure.ts';
import type { Closers } from './stage.ts';

const PROGRAM = join(import.meta.dirname, '..', 'dist', 'main.js');
const GUARD = join(import.meta.dirname, 'end-with-parent.ts');
const READY_WITHIN = 120_000;
/** The service promises to be gone within ten seconds. */
const GONE_WITHIN = 12_000;
const WORDS_KEPT = 12;

/** `console`: the address that signs in to it, once. */
export type Service = { url: string; key: string; console: string };

export type ServiceOptions = {
  dataDir: string;
  sandboxUrl: string;
  /** Gets what ends the service, as soon as there is something to end. */
  closers: Closers;
  /** Told when the service ends though nobody asked it to. */
  onDeath: (failure: DemoFailure) => void;
  signal: AbortSignal;
  /** Tried in turn; left out: 3000, or a free one when that is taken. */
  ports?: readonly number[];
  /** Settings beside its own. */
  environment?: Record<string, string>;
};

/**
 * Starts the built service.
 * @throws DemoFailure with the service's last words when it does not get ready
 */
export const startService = async (options: ServiceOptions): Promise<Service> => {
  if (!existsSync(PROGRAM)) {
    throw new DemoFailure('The service is not built: dist/main.js is missing.', 'Start with: npm run demo');
  }
  for (const port of options.ports ?? [3000, 0]) {
    const service = await startOn(port, options);
    if (service !== null) return service;
  }
  throw new DemoFailure(
    'The service found no free port on 127.0.0.1.',
    'End a program that holds many ports.',
  );
};

/** Null: the port is taken. */
const startOn = async (port: number, options: ServiceOptions): Promise<Service | null> => {
  const key = `demo_${randomBytes(18).toString('base64url')}`;
  const child = launch(environmentOf(options, port, key));
  const { words, ready, closed } = listenTo(child);
  let asked = false;
  const stop = async (): Promise<void> => {
    asked = true;
    await end(child, closed);
  };
  options.closers.push(stop);
  const late = sleep(READY_WITHIN, 'late' as const, { signal: options.signal, ref: false });
  const url = await Promise.race([ready, closed, late]);
  if (url === 'closed' && words.some((line) => /cannot start: PORT\b/.test(line))) return null;
  if (url === 'late' || url === 'closed') throw diedOf(child, words, 'did not start');
  void closed.then(() => asked || options.onDeath(diedOf(child, words, 'ended in the middle of its work')));
  const link = words.flatMap((line) => /^Sign in to the console.*: (\S+)$/.exec(line)?.[1] ?? []);
  return { url, key, console: link[0] ?? url };
};

/** Its own settings and nothing of ours: a DATABASE_URL meant for the real service must not be touched. */
const environmentOf = (
  { dataDir, sandboxUrl, environment }: ServiceOptions,
  port: number,
  key: string,
): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  TMPDIR: process.env['TMPDIR'],
  PORT: String(port),
  HOST: '127.0.0.1',
  LOG_LEVEL: 'warn',
  CRM_SYNC_DATA_DIR: dataDir,
  CRM_SYNC_API_KEY: key,
  SIMPLYBOOK_REST_URL: sandboxUrl,
  SIMPLYBOOK_RPC_URL: `${sandboxUrl}/rpc`,
  SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: '0',
  ...environment,
});

/** In a process group of its own: Ctrl-C reaches the demo only, which ends the service in good order. */
const launch = (env: NodeJS.ProcessEnv) =>
  spawn(process.execPath, ['--import', GUARD, PROGRAM], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });

const listenTo = (child: ReturnType<typeof launch>) => {
  const words: string[] = [];
  const closed = once(child, 'close').then(() => 'closed' as const);
  const ready = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        const [, url] = /^crm-sync is ready: (\S+)/.exec(line) ?? [];
        if (url !== undefined) return resolve(url);
        words.push(line);
        if (words.length > WORDS_KEPT) words.shift();
      });
    }
  });
  return { words, ready, closed };
};

const end = async (child: ChildProcess, closed: Promise<unknown>): Promise<void> => {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GONE_WITHIN);
  await closed;
  clearTimeout(timer);
};

const diedOf = (child: ChildProcess, words: string[], what: string): DemoFailure => {
  const code = child.exitCode === null ? 'it still runs' : `exit code ${child.exitCode}`;
  const how = child.signalCode ?? code;
  if (words.length === 0) {
    return new DemoFailure(
      `The service ${what} (${how}) without a word.`,
      'Unless you ended it: start again.',
    );
  }
  const said = words.join('\n');
  const advice = 'Mend what it complains about, then start again.';
  return new DemoFailure(`The service ${what} (${how}). Its last words:\n${said}`, advice);
};
