import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, LogEvent, Run, Waiting } from './contract.ts';
import { API_KEY } from './service.ts';
import { startWorld, type World } from './world.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

let world: World;
let company: Company;
let nowhere: string;
beforeAll(async () => {
  world = await startWorld();
  company = await world.companies.open({ clean: true, clients: 12, bookings: 6 });
  nowhere = await mkdtemp(join(tmpdir(), 'crm-sync-cli-'));
});
afterAll(async () => {
  await world.stop();
  await rm(nowhere, { recursive: true, force: true });
});

type Ended = { code: number; out: string; err: string };
type Options = { input?: string; env?: Record<string, string> };

const begin = (args: string[], { env = {} }: Options = {}) =>
  spawn(process.execPath, [CLI, ...args], {
    cwd: nowhere,
    env: {
      PATH: process.env['PATH'],
      NODE_NO_WARNINGS: '1',
      CRM_SYNC_URL: world.service.url,
      CRM_SYNC_API_KEY: API_KEY,
      TZ: 'UTC',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });

/** The command line as a process, to its end. */
const cli = async (args: string[], options: Options = {}): Promise<Ended> => {
  const program = begin(args, options);
  program.stdin.end(options.input ?? '');
  const [[code], out, err] = await Promise.all([
    once(program, 'close'),
    text(program.stdout),
    text(program.stderr),
  ]);
  expect(`${out}${err}`).not.toMatch(/^\s+at /m);
  return { code: code as number, out, err };
};

const json = async <Answer>(args: string[], options: Options = {}): Promise<Answer> => {
  const { out, err } = await cli([...args, '--json'], options);
  expect(err).toBe('');
  return JSON.parse(out) as Answer;
};

describe('somebody at a terminal', () => {
  it('connects a company; the secret comes from standard input and is never shown', async () => {
    const { login, password } = company.account;
    const connected = await cli(
      ['connect', company.account.company, '--login', login, '--timezone', 'Europe/Berlin'],
      {
        input: `${password}\n`,
      },
    );
    expect(connected).toMatchObject({ code: 0, err: '' });
    expect(connected.out).toMatch(/status\s+connected/);
    expect(connected.out).toContain(`crm-sync sync ${company.account.company}`);
    expect(connected.out).not.toContain(password);
  });

  it('is told why a company cannot be connected', async () => {
    const again = await cli(['connect', company.account.company, '--login', company.account.login], {
      env: { CRM_SYNC_SECRET: company.account.password },
    });
    expect(again).toMatchObject({ code: 2, out: '' });
    expect(again.err).toMatch(/already/);
    const wrong = await world.companies.open({ clients: 1 });
    const refused = await cli(['connect', wrong.account.company, '--login', wrong.account.login], {
      input: 'wrong',
    });
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/refused the login/);
    const without = await cli(['connect', 'studio', '--login', 'x'], { input: '' });
    expect(without.err).toMatch(/No secret was given\.\n.*CRM_SYNC_SECRET/);
  });

  it('syncs it, sees the statistics, and ends with 0', async () => {
    const { code, out } = await cli(['sync', company.account.company]);
    expect(code).toBe(0);
    expect(out).toMatch(/status\s+succeeded/);
    expect(out).toMatch(/created\s+12\s+\d+/);
  });

  it('finds a lead, and sees where its phone number came from', async () => {
    const [first] = company.crm.all();
    company.crm.change(first!.id, { name: 'Mia Muster', phone: '+49 30 123456' });
    await cli(['sync']);
    company.crm.change(first!.id, { phone: '+49 30 999999' });
    await cli(['sync']);
    const found = await cli(['leads', 'mia']);
    expect(found.out).toMatch(/Mia Muster\s+\S+\s+\+49 30 999999\s+active/);
    const [lead] = await json<Lead[]>(['leads', 'mia']);
    const history = await cli(['leads', 'history', lead!.id]);
    expect(history.out).toMatch(/updated by key:admin, client \d+ {2}\(event \d+, run [0-9a-f-]+\)/);
    expect(history.out).toContain('  phone: +49 30 123456 → +49 30 999999');
    const shown = await cli(['leads', 'show', lead!.id]);
    expect(shown.out).toMatch(/primary\s+\d+\s+Mia Muster/);
    const [, before] = history.out.split('\n\n');
    const [, event] = /\(event (\d+)/.exec(before!)!;
    const was = await json<Lead>(['leads', 'show', lead!.id, '--as-of', event!]);
    expect(was.phone).toBe('+49 30 123456');
    const then = await json<Lead>(['leads', 'show', lead!.id, '--as-of', '2999-01-01T00:00:00Z']);
    expect(then.phone).toBe('+49 30 999999');
  });

  it('repairs a client in quarantine, and the sync that found it ended with 1', async () => {
    company.crm.add({ name: 'No Address', email: '', phone: '' });
    const { code, out } = await cli(['sync']);
    expect(code).toBe(1);
    expect(out).toMatch(/In quarantine[\s\S]*email\.missing: Client \d+ \(No Address\)/);
    const [waiting] = await json<Waiting[]>(['quarantine', '--code', 'email.missing']);
    expect((await cli(['quarantine'])).out).toMatch(/client\s+email\.missing/);
    expect((await cli(['quarantine', 'show', waiting!.id])).out).toMatch(/"name": "No Address"/);
    const bad = await cli(['quarantine', 'fix', waiting!.id, '--email', 'nonsense']);
    expect(bad.code).toBe(2);
    expect((await cli(['quarantine', 'fix', waiting!.id])).err).toMatch(/Nothing is put right/);
    const fixed = await cli(['quarantine', 'fix', waiting!.id, '--email', 'found@example.com']);
    expect(fixed).toMatchObject({ code: 0, out: expect.stringMatching(/^It is lead [0-9a-f-]+ now\./) });
    expect((await cli(['quarantine'])).out).toBe('Nothing waits in quarantine.\n');
  });

  it('merges two leads and splits them again', async () => {
    company.crm.add({ name: 'Twin One', email: 'one@twin.example.com', phone: '' });
    company.crm.add({ name: 'Twin Two', email: 'two@twin.example.com', phone: '' });
    await cli(['sync']);
    const twins = await json<Lead[]>(['leads', 'twin', '--sort', 'name']);
    const [one, two] = twins.map(({ id }) => id);
    const merged = await cli(['leads', 'merge', one!, two!]);
    expect(merged.out).toMatch(/primary\s+\d+\s+Twin One[\s\S]*further\s+\d+\s+Twin Two/);
    expect(await json<Lead[]>(['leads', 'twin'])).toHaveLength(1);
    expect((await cli(['leads', 'split', one!, two!])).code).toBe(0);
    expect(await json<Lead[]>(['leads', 'twin'])).toHaveLength(2);
  });

  it('sees the runs, what one has changed, and cannot cancel one that has ended', async () => {
    const [last] = await json<Run[]>(['runs', '--limit', '1']);
    expect((await cli(['runs'])).out).toMatch(/started\s+status\s+trigger/);
    expect((await cli(['runs', 'show', last!.id])).out).toMatch(/status\s+succeeded/);
    expect((await cli(['runs', 'changes', last!.id])).out).toMatch(/lead\s+created\s+Twin/);
    const late = await cli(['runs', 'cancel', last!.id]);
    expect(late).toMatchObject({ code: 2, err: expect.stringMatching(/ended already/) });
  });

  it('reads the log and follows it', async () => {
    const newest = await json<LogEvent[]>(['events', '--limit', '3']);
    expect(newest.map(({ position }) => position)).toEqual(
      newest.map(({ position }) => position).toSorted((a, b) => a - b),
    );
    const program = begin(['events', '--follow', '--json', '--type', 'SyncStarted,SyncCompleted']);
    program.stdin.end();
    const lines: string[] = [];
    const both = new Promise<void>((resolve) =>
      program.stdout.on('data', (chunk: Buffer) => {
        lines.push(...chunk.toString().trim().split('\n'));
        if (lines.length >= 2) resolve();
      }),
    );
    // It is there when the service has been asked by it: one sync may come before that, so a few are made.
    const syncing = (async () => {
      while (lines.length < 2) await cli(['sync', '--json']);
    })();
    await both;
    program.kill('SIGTERM');
    await syncing;
    expect(lines.slice(0, 2).map((line) => (JSON.parse(line) as LogEvent).type)).toContain('SyncCompleted');
  });

  it('gets the leads as a file', async () => {
    const { code, out } = await cli(['leads', 'export', 'mia']);
    expect([code, out.split('\r\n').length]).toEqual([0, 3]);
  });

  it('disconnects only when that is said twice', async () => {
    const other = await world.connected({ clients: 1 });
    const name = other.company.account.company;
    const asked = await cli(['connections', 'disconnect', name]);
    expect(asked).toMatchObject({ code: 2, err: expect.stringMatching(/with --yes/) });
    expect((await cli(['connections', 'disconnect', name, '--yes'])).code).toBe(0);
    expect((await json<Connection[]>(['connections'])).map(({ status }) => status)).toContain('disconnected');
  });
});

describe('a sync that fails', () => {
  it('ends with 2 and says why', async () => {
    const broken = await world.connected({ clients: 2 });
    broken.company.faults.set({ accessDenied: true });
    const { code, out } = await cli(['sync', broken.company.account.company]);
    expect(code).toBe(2);
    expect(out).toMatch(/status\s+failed[\s\S]*crm-/);
    await world.api('DELETE', `/api/connections/${broken.connection.id}`);
  });
});

describe('what people wrote', () => {
  it('cannot do anything to a terminal', async () => {
    const odd = await world.connected();
    odd.company.crm.add({
      name: '\u001B]0;owned\u0007\u001B[2Jred\u202Etxt',
      email: 'odd@example.com',
      phone: '',
    });
    await world.api('POST', `/api/connections/${odd.connection.id}/sync`);
    const { out } = await cli(['leads', 'odd@example.com']);
    expect(out).not.toMatch(/[[\p{Cc}--\n]\u202A-\u202E]/v);
    await world.api('DELETE', `/api/connections/${odd.connection.id}`);
  });
});

describe('the command line', () => {
  it.each([
    [[], /Usage: crm-sync/],
    [['--help'], /Examples:[\s\S]*crm-sync doctor/],
    [['sync', '--help'], /Ends with 0[\s\S]*Examples:/],
    [['leads', '--help'], /history[\s\S]*merge/],
  ])('explains itself: %j', async (args, said) => {
    const { out, err } = await cli(args);
    expect(out + err).toMatch(said);
  });

  it.each([
    [['nonsense'], /unknown command/],
    [['sync', 'nobody'], /No connection is called "nobody"\.\nThere are: /],
    [['leads', '--sort', 'shoe-size'], /Allowed choices/],
    [['leads', 'show', 'x'], /./],
    [['runs', 'show', '00000000-0000-4000-8000-000000000000'], /There is no run with this id/],
    [['connect', 'studio'], /--login/],
  ])('says what is wrong and ends with 2: %j', async (args, said) => {
    const { code, out, err } = await cli(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(said);
  });

  it('says when nobody answers, when the key is wrong, and when there is none', async () => {
    const nobody = await cli(['leads', '--url', 'http://127.0.0.1:9']);
    expect(nobody).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^Nobody answers at .*\nStart the service/),
    });
    const wrong = await cli(['leads'], { env: { CRM_SYNC_API_KEY: 'crs_not-the-key-of-this-service' } });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/does not accept this API key/) });
    expect(wrong.err).not.toContain('crs_not');
    const none = await cli(['leads'], { env: { CRM_SYNC_API_KEY: '' } });
    expect(none).toMatchObject({ code: 2, err: expect.stringMatching(/There is no API key/) });
    const other = await cli(['leads', '--url', world.companies.url]);
    expect(other).toMatchObject({ code: 2, err: expect.stringMatching(/is not crm-sync/) });
  });

  it('finds the key in the data directory', async () => {
    const file = join(nowhere, 'api-key');
    await writeFile(file, `${API_KEY}\n`, { mode: 0o600 });
    const env = { CRM_SYNC_API_KEY: '', CRM_SYNC_DATA_DIR: nowhere };
    expect(await cli(['connections'], { env })).toMatchObject({ code: 0 });
  });
});

describe('the doctor', () => {
  type Finding = { what: string; state: string; said: string; advice: string | null };
  const examined = (env: Record<string, string> = {}): Promise<Finding[]> =>
    json<Finding[]>(['doctor'], { env });
  const about = (findings: Finding[], what: string): Finding | undefined =>
    findings.find((one) => one.what.startsWith(what));

  it('finds an installation that is well', async () => {
    const findings = await examined();
    expect(about(findings, 'Service')).toMatchObject({ state: 'fine' });
    expect(about(findings, `Company ${company.account.company}`)).toMatchObject({ state: 'fine' });
    expect(about(findings, 'Settings')).toMatchObject({ state: 'fine' });
  });

  it('says what is wrong and how to mend it', async () => {
    const file = join(nowhere, 'api-key');
    await writeFile(file, API_KEY);
    await chmod(file, 0o644);
    const findings = await examined({ CRM_SYNC_DATA_DIR: nowhere });
    expect(about(findings, 'Data directory')).toEqual({
      what: 'Data directory',
      state: 'broken',
      said: 'others can read api-key',
      advice: `chmod 600 ${file}`,
    });
    const settings = await examined({ LOG_LEVEL: 'loud' });
    expect(about(settings, 'Settings')).toMatchObject({
      state: 'broken',
      said: expect.stringMatching(/^LOG_LEVEL/),
    });
    const elsewhere = await examined({
      DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
      CRM_SYNC_ENCRYPTION_KEYS: `a:${Buffer.alloc(32).toString('base64')}`,
    });
    expect(about(elsewhere, 'Database')).toMatchObject({
      state: 'broken',
      said: expect.stringMatching(/ECONNREFUSED/),
    });
    const gone = await cli(['doctor', '--url', 'http://127.0.0.1:9']);
    expect(gone.code).toBe(2);
    expect(gone.out).toMatch(/✖ Service: nobody answers/);
  });

  it('knows the database that is ours', async () => {
    const findings = await examined({
      DATABASE_URL: world.service.databaseUrl,
      CRM_SYNC_ENCRYPTION_KEYS: `a:${Buffer.alloc(32).toString('base64')}`,
    });
    expect(about(findings, 'Database')).toMatchObject({
      state: 'fine',
      said: expect.stringMatching(/^PostgreSQL \d+/),
    });
  });

  it('tells of companies that need somebody', async () => {
    const broken = await world.connected({ clients: 2 });
    broken.company.faults.set({ accessDenied: true });
    await world.api('POST', `/api/connections/${broken.connection.id}/sync`);
    const { code, out } = await cli(['doctor']);
    expect(code).toBe(2);
    expect(out).toMatch(
      new RegExp(`✖ Company ${broken.company.account.company}: .*\\n {2}crm-sync connections test`),
    );
    await world.api('DELETE', `/api/connections/${broken.connection.id}`);
  });
});
