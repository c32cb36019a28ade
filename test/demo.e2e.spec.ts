import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';

const PROGRAM = join(import.meta.dirname, '..', 'demo', 'main.ts');
const running = new Set<ReturnType<typeof launch>>();

const launch = (flags: string[]) =>
  spawn(process.execPath, [PROGRAM, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });

/** A demo as somebody at a pipe sees it. */
const startDemo = (...flags: string[]) => {
  const child = launch(flags);
  running.add(child);
  const said = { out: '', err: '' };
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  const lines = createInterface(child.stdout).on('line', (line) => (said.out += `${line}\n`));
  const saying = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      lines.on('line', (line) => line.includes(wanted) && resolve());
      child.once('close', () =>
        reject(new Error(`it ended without saying "${wanted}": ${said.out}${said.err}`)),
      );
    });
  const end = once(child, 'close').then(([code]) => {
    running.delete(child);
    return { ...said, code: Number(code) };
  });
  return { child, saying, end, mark: `crm-sync-demo-${child.pid}-` };
};

/** Programs that have to do with this demo: by their command line, or by the environment they were given. */
const programsOf = async (mark: string): Promise<{ pid: number; command: string }[]> => {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const read = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const programs = pids.map(async (pid) => ({
    pid,
    command: (await read(pid, 'cmdline')).replaceAll('\0', ' '),
    environment: await read(pid, 'environ'),
  }));
  return (await Promise.all(programs)).filter(({ command, environment }) =>
    (command + environment).includes(mark),
  );
};

const leftBehind = async (mark: string): Promise<string[]> => {
  const files = (await readdir(tmpdir())).filter((name) => name.startsWith(mark));
  return [...files, ...(await programsOf(mark)).map(({ command }) => command)];
};

/** The column of the first or the second sync: `{ fetched: 1000, … }`. */
const statisticsIn = (out: string, column: 1 | 2): Record<string, number> =>
  Object.fromEntries(
    [...out.matchAll(/^ {2}([a-z]+) +([\d,]+) +([\d,]+)$/gm)].map((match) => [
      match[1] ?? '',
      Number(match[column + 1]?.replaceAll(',', '')),
    ]),
  );

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

describe('The demo', () => {
  it('shows once where every client went and that again changes nothing, and leaves nothing behind', async () => {
    const demo = startDemo('--once');
    const { code, out, err } = await demo.end;

    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { fetched, ...outcomes } = statisticsIn(out, 1);
    expect(fetched).toBeGreaterThan(900);
    expect(outcomes['created']).toBeGreaterThan(0);
    expect(outcomes['linked']).toBeGreaterThan(0);
    expect(outcomes['quarantined']).toBeGreaterThan(3);
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(fetched);

    const { created, updated, linked } = statisticsIn(out, 2);
    expect({ created, updated, linked }).toEqual({ created: 0, updated: 0, linked: 0 });
    expect(out).toContain('appended only its own 2 events: SyncStarted, SyncCompleted.');
    const bookings = (name: string, column: 1 | 2): number =>
      Number(new RegExp(`^ {2}bookings ${name} +(\\d+) +(\\d+)$`, 'm').exec(out)?.[column]);
    expect(bookings('created', 1)).toBeGreaterThan(100);
    expect(bookings('fetched', 1)).toBe(bookings('created', 1) + bookings('quarantined', 1));
    expect([bookings('created', 2), bookings('unchanged', 2)]).toEqual([0, bookings('created', 1)]);
    expect(out.match(/^ {2}Booking \d+ .*\.$/gm)).toHaveLength(3);
    expect(out.match(/^ {2}Client \d+ .*\.$/gm)).toHaveLength(3);
    expect(out.match(/LeadUpserted \(\w+\) at position [\d,]+/g)).toHaveLength(3);
    expect(await leftBehind(demo.mark)).toEqual([]);
  });

  it('stays up where it says, with a curl line that works, until Ctrl-C ends it all', async () => {
    const demo = startDemo();
    let out = '';
    demo.child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await demo.saying('Ctrl-C ends it');

    const [, key = '', url = ''] = /curl -H 'Authorization: Bearer (\S+)' \\\n +'(\S+)'/.exec(out) ?? [];
    const leads = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
    expect(leads.status).toBe(200);
    expect(await leads.json()).toMatchObject({ data: [{}, {}, {}] });
    const [, consoleLink = ''] = /Console +(\S+)/.exec(out) ?? [];
    expect(consoleLink).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sign-in#\S+$/);
    expect((await fetch(consoleLink)).status).toBe(200);
    const [, docs = '', sandbox = ''] = /Docs +(\S+)[^]*Sandbox +(\S+)/.exec(out) ?? [];
    for (const page of [docs, sandbox]) expect((await fetch(page)).status).toBe(200);

    demo.child.kill('SIGINT');
    expect(await demo.end).toMatchObject({ code: 0, err: '' });
    expect(await leftBehind(demo.mark)).toEqual([]);
  });

  it('says so when the service dies half-way, and leaves neither its database nor its files', async () => {
    const demo = startDemo('--once');
    await demo.saying('Sync its clients into leads');
    const service = (await programsOf(demo.mark)).find(({ command }) => command.includes('dist/main.js'));
    process.kill(service?.pid ?? 0, 'SIGKILL');

    const { code, err } = await demo.end;
    expect(code).toBe(1);
    expect(err).toContain('The demo ended early. The service ended in the middle of its work (SIGKILL)');
    expect(await leftBehind(demo.mark)).toEqual([]);
  });

  it('starts nothing when it is asked for something it does not know', async () => {
    const { code, out, err } = await startDemo('--twice').end;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/Unknown option '--twice'[^]*npm run demo \[-- --once\]/);
  });
});
