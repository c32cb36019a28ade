import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A child process that has said where it answers. */
export type Program = { url: string; pid: number; stop: () => Promise<void> };

/** `flags` are Node's. */
type Start = { script: string; flags?: string[]; args?: string[]; env?: Record<string, string> };

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MOST_WORDS = 2000;

/** Nothing of the caller's settings: they would change what is measured. */
const launch = ({ script, flags = [], args = [], env = {} }: Start) =>
  spawn(process.execPath, [...flags, script, ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Runs a script to its end and answers what it has printed. */
export const outputOf = async (start: Start): Promise<string> => {
  const child = launch(start);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err = (said.err + chunk.toString()).slice(-MOST_WORDS)));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${start.script} ended with ${String(code)}: ${said.err}`);
  return said.out;
};

/** Starts a program and waits until it prints `ready`, whose first group is its address. */
export const startProgram = async (start: Start, ready: RegExp): Promise<Program> => {
  const child = launch(start);
  const ended = once(child, 'close');
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-MOST_WORDS);
      const found = ready.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('close', () => reject(new Error(`${start.script} did not start: ${said}`)));
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, pid: child.pid!, stop };
};

/** The most memory a process ever had at a time (resident, 10^6 bytes); null where the system does not tell. */
export const peakMegabytes = async (pid: number | 'self'): Promise<number | null> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Math.round((Number(kibibytes) * 1024) / 1e6);
};
