import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
import type { Booking, Connection, Lead, LogEvent, Run, Waiting } from './contract.ts';
import { API_KEY, COMPILED, ENCRYPTION_KEYS } from './service.ts';
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
      ...COMPILED,
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
    expect(history.out).toMatch(
      /updated from client \d+ of studio\d+ by key:admin {2}\(event \d+, run [0-9a-f-]+\)/,
    );
    expect(history.out).toContain('  phone: +49 30 123456 → +49 30 999999');
    // By a part of its name, its e-mail address or the beginning of its id.
    for (const wanted of ['mia must', lead!.email!, lead!.id.slice(0, 8)]) {
      const shown = await cli(['leads', 'show', wanted]);
      expect(shown.out).toMatch(/primary\s+studio\d+\s+\d+\s+Mia Muster/);
    }
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
    expect((await cli(['quarantine'])).out).toMatch(/email\.missing\s+Client/);
    expect((await cli(['quarantine', 'show', waiting!.externalId])).out).toMatch(
      /"name": "No Address"[\s\S]*here\s+crm-sync quarantine fix \S+ --email/,
    );
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
    const merged = await cli(['leads', 'merge', 'one@twin.example.com', 'two@twin.example.com']);
    expect(merged.out).toMatch(
      /merged with\s+[0-9a-f-]+[\s\S]*primary\s+studio1\s+\d+\s+Twin One[\s\S]*further\s+studio1\s+\d+\s+Twin Two/,
    );
    expect(await json<Lead[]>(['leads', 'twin'])).toHaveLength(1);
    expect((await cli(['leads', 'split', one!])).out).toContain(two!);
    const many = await cli(['leads', 'show', 'twin']);
    expect(many).toMatchObject({ code: 2, err: expect.stringMatching(/More than one lead[\s\S]*Twin Two/) });
    expect(await json<Lead[]>(['leads', 'twin'])).toHaveLength(2);
  });

  it('sees the runs, what one has changed, and cannot cancel one that has ended', async () => {
    const [last] = await json<Run[]>(['runs', '--limit', '1']);
    expect(last!.trigger).toBe('cli');
    expect((await cli(['runs'])).out).toMatch(/started\s+status\s+trigger/);
    expect(await json(['runs', '--status', 'failed'])).toEqual([]);
    expect((await cli(['runs', 'show'])).out).toContain(last!.id);
    expect((await cli(['runs', 'show', last!.id.slice(0, 8)])).out).toMatch(/status\s+succeeded/);
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
      createInterface(program.stdout).on('line', (line) => {
        if (lines.push(line) === 2) resolve();
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

  it('lists what somebody has booked', async () => {
    const all = await json<Booking[]>(['bookings', '--limit', '200']);
    const { leadId } = all.find((one) => one.leadId !== null)!;
    const found = await cli(['bookings', '--lead', leadId!.slice(0, 8)]);
    expect(found.out).toMatch(new RegExp(`start\\s+status[\\s\\S]*${leadId!}`));
    expect((await cli(['bookings', '--from', '2999-01-01'])).out).toBe('There are no such bookings.\n');
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
  /** Escapes, other control characters, and what turns the rest of a line round. */
  const DANGER = /[[\p{Cc}--\n]\u202A-\u202E\u2066-\u2069]/v;

  it('cannot do anything to a terminal', async () => {
    const { company: odd, connection } = await world.connected();
    odd.crm.add({ name: 'red\u202Etxt \u2066x', email: 'odd@example.com', phone: '' });
    const { id } = odd.crm.add({ name: '\u001B]0;owned\u0007\u001B[2J\u009B5m', email: 'worse@example.com' });
    odd.crm.add({ name: 'no\u202Ebody', email: '' });
    await world.sync(connection);
    const record = [String(id), '--connection', odd.account.company];
    for (const args of [
      ['leads', 'odd@example.com'],
      ['leads', 'show', 'odd@example.com'],
      ['leads', 'history', 'odd@example.com'],
      ['runs', 'changes'],
      ['quarantine', '--connection', odd.account.company],
      ['quarantine', 'show', ...record],
      ['leads', 'odd@example.com', '--json'],
      ['quarantine', 'show', ...record, '--json'],
    ]) {
      const { code, out, err } = await cli(args);
      expect([code, err, DANGER.test(out)]).toEqual([0, '', false]);
    }
    expect(await json<Lead[]>(['leads', 'odd@example.com'])).toMatchObject([
      { name: 'red\u202Etxt \u2066x' },
    ]);
    const told = await cli(['leads', 'show', 'no\u202Ebody']);
    expect([told.code, DANGER.test(told.err)]).toEqual([2, false]);
    await world.api('DELETE', `/api/connections/${connection.id}`);
  });
});

describe('a connection', () => {
  it('has a schedule, webhooks and settings that can be changed from a terminal', async () => {
    const { company: other } = await world.connected({ clients: 1 });
    const name = other.account.company;
    const set = await cli(['connections', 'schedule', '30 2 29 2 *', name, '--timezone', 'Europe/Berlin']);
    expect(set).toMatchObject({
      code: 0,
      out: expect.stringMatching(/schedule\s+30 2 29 2 \* \(Europe\/Berlin\)/),
    });
    const wrong = await cli(['connections', 'schedule', '61 * * * *', name]);
    expect(wrong).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^This cannot be right:\n {2}the schedule/),
    });
    const off = await json<Connection>(['connections', 'schedule', 'off', name]);
    expect(off.schedule).toBeNull();
    const settings = ['connections', 'set', name, '--name', 'Studio Süd', '--fields'];
    expect(await json<Connection>(settings)).toMatchObject({ name: 'Studio Süd', clientFields: true });
    const on = await cli(['connections', 'webhooks', 'on', 'Studio Süd']);
    expect(on.out).toMatch(/only this once.*\nhttp:\S+\n[\s\S]*SimplyBook\.me uses it/);
    expect((await cli(['connections', 'webhooks', name])).out).toMatch(/registered\s+SimplyBook\.me uses/);
    expect((await cli(['connections', 'webhooks', 'off', name])).code).toBe(0);
    const none = await cli(['connections', 'webhooks', name]);
    expect(none.out + none.err).toMatch(/has no webhooks: crm-sync/);
    const { password } = other.account;
    const replaced = await cli(['connections', 'credentials', name], { input: password });
    expect(replaced.out).toMatch(/The new credentials work/);
    expect((await cli(['connections', 'disconnect', name, '--yes'])).code).toBe(0);
  });

  it('of a user with two-factor login takes the secret of the authenticator app', async () => {
    const other = await world.companies.open({ clients: 1 });
    other.faults.set({ twoFactor: 'empty-token' });
    const { company: name, login, password, totpSecret } = other.account;
    const args = ['connect', name, '--login', login];
    const refused = await cli(args, { input: password });
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/second factor[\s\S]*--totp/) });
    const half = await cli([...args, '--totp'], { input: password });
    expect(half.err).toMatch(/^No secret of the authenticator app.*\n.*CRM_SYNC_TOTP_SECRET/);
    const schedule = ['--schedule', '30 2 29 2 *', '--timezone', 'Europe/Berlin'];
    const made = await cli([...args, '--totp', ...schedule], { input: `${password}\n${totpSecret}\n` });
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/30 2 29 2 \* \(Europe\/Berlin\)/) });
    expect(made.out).not.toContain(totpSecret);
    await cli(['connections', 'disconnect', name, '--yes']);
  });
});

describe('quarantine', () => {
  it('is swept by reason', async () => {
    const { company: other, connection } = await world.connected({ clients: 1 });
    for (const name of ['One', 'Two']) other.crm.add({ name, email: '', phone: '' });
    await world.sync(connection);
    const all = await cli(['quarantine', 'dismiss-all']);
    expect(all).toMatchObject({ code: 2, err: expect.stringMatching(/This would be all of them/) });
    const of = ['--connection', other.account.company];
    const tried = await cli(['quarantine', 'replay-all', '--code', 'email.missing', ...of]);
    expect(tried).toMatchObject({ code: 1, out: '0 are taken, 2 still wait.\n' });
    expect((await cli(['quarantine', 'dismiss-all', ...of])).out).toBe('2 wait no longer.\n');
    expect(await json<Waiting[]>(['quarantine', '--dismissed', ...of])).toHaveLength(2);
    await world.api('DELETE', `/api/connections/${connection.id}`);
  });
});

describe('deletions that a run has held', () => {
  it('are approved from a terminal', async () => {
    const { company: other, connection } = await world.connected({ clients: 40 });
    await world.sync(connection);
    for (const { id } of other.crm.all().slice(0, 30)) other.crm.delete(id);
    const held = await cli(['sync', other.account.company]);
    expect(held.code).toBe(1);
    const [, id] = /crm-sync runs approve-deletions (\S+) says/.exec(held.out)!;
    const approved = await cli(['runs', 'approve-deletions', id!]);
    expect(approved).toMatchObject({ code: 0, out: expect.stringMatching(/^Approved\./) });
    await world.api('DELETE', `/api/connections/${connection.id}`);
  });
});

describe('somebody who waits for a sync', () => {
  it('can stop waiting: the sync goes on, and it is said how to see and to end it', async () => {
    const { company: other, connection } = await world.connected({ clients: 150 });
    const page = other.holdPage(2);
    const program = begin(['sync', other.account.company]);
    program.stdin.end();
    await page.reached;
    program.kill('SIGINT');
    const [[code], said] = await Promise.all([once(program, 'close'), text(program.stderr)]);
    page.release();
    expect(code).toBe(130);
    const [, id] = /stopped waiting\.\nThe sync goes on[\s\S]*crm-sync runs cancel (\S+) ends it/.exec(said)!;
    expect(await world.end(id!)).toMatchObject({ status: 'succeeded' });
    await world.api('DELETE', `/api/connections/${connection.id}`);
  });

  it('on a terminal sees a bar, and tables that fit', async () => {
    const args = ['-qec', `stty cols 60; "${process.execPath}" "${CLI}" sync ${company.account.company}`];
    const env = { CRM_SYNC_URL: world.service.url, CRM_SYNC_API_KEY: API_KEY, NO_COLOR: '1' };
    const program = spawn('script', [...args, '/dev/null'], {
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', TERM: 'xterm', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [[code], out] = await Promise.all([once(program, 'close'), text(program.stdout)]);
    expect(code).toBe(0);
    expect(out).toMatch(/[✔√] Sync studio\d+: succeeded, \d+ clients/);
    // No colours where they are not wanted; only the cursor moves.
    expect(out).not.toMatch(/\u001B\[\d*m/);
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
    [['leads', '--limit', 'x'], /whole number from 1/],
    [['runs', '--limit', '0'], /whole number from 1/],
    [['connections', 'nonsense'], /unknown command 'nonsense'\n/],
    [['leads', 'mia', 'muster'], /unknown command 'mia'; a text of several words is put in quotes/],
    [['leads', '--url', 'http://127.0.0.1:9/?x=1'], /is no address of a service/],
    [['sync', '--nonsense'], /unknown option '--nonsense'/],
    [['events', '--since', 'yesterday'], /--since is no time: "yesterday"\.\nSay it like/],
    [['events', '--follow', '--since', '2h'], /--follow begins at a position/],
    [['events', '--after', 'x'], /This cannot be right:\n {2}--after must be/],
    [['quarantine', 'show', '4711'], /No record "4711" is in quarantine/],
    [['runs', 'show', 'abcdef01'], /There is no run "abcdef01"/],
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

  it('does not end well when its answer found no room', async () => {
    const full = await open('/dev/full', 'w');
    for (const args of [['leads', 'export'], ['runs']]) {
      const program = spawn(process.execPath, [CLI, ...args], {
        cwd: nowhere,
        env: { PATH: process.env['PATH'], CRM_SYNC_URL: world.service.url, CRM_SYNC_API_KEY: API_KEY },
        stdio: ['ignore', full.fd, 'pipe'],
      });
      const [[code], err] = await Promise.all([once(program, 'close'), text(program.stderr!)]);
      expect([args, code]).toEqual([args, 2]);
      expect(err).toMatch(/could not be written.*ENOSPC/);
    }
    await full.close();
  });

  it('finds the key in the data directory', async () => {
    const file = join(nowhere, 'api-key');
    await writeFile(file, `${API_KEY}\n`, { mode: 0o600 });
    const env = { CRM_SYNC_API_KEY: '', CRM_SYNC_DATA_DIR: nowhere };
    expect(await cli(['connections'], { env })).toMatchObject({ code: 0 });
  });
});

describe('an address where something else answers', () => {
  /** What another program or a proxy says to whatever it is asked, and where. */
  const answering = async (status: number, type: string, body: string, headers = {}) => {
    const server = createServer((_, response) => {
      response.writeHead(status, { 'content-type': type, ...headers }).end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
  };

  it.each<[string, Parameters<typeof answering>, RegExp]>([
    ['a page', [200, 'text/html', '<p>It works!</p>'], /is not crm-sync/],
    ['JSON', [200, 'application/json', '{"ok":1,"data":[{}]}'], /is not crm-sync/],
    ['null', [200, 'application/json', 'null'], /is not crm-sync/],
    ['not found', [404, 'text/html', 'nothing here'], /is not crm-sync \(status 404\)/],
    ['a login of its own', [401, 'text/html', 'who are you?'], /is not crm-sync \(status 401\)/],
    ['bad gateway', [502, 'text/html', 'nginx'], /is a proxy that does not reach the service/],
    ['unavailable', [503, 'text/html', 'nginx'], /is a proxy that does not reach the service/],
    [
      'another address',
      [301, 'text/html', '', { location: 'https://crm.example/api' }],
      /sends callers on to https:\/\/crm\.example\.\nSay with --url/,
    ],
  ])('is told as such: %s', async (_, said, expected) => {
    const { url, close } = await answering(...said);
    const { code, out, err } = await cli(['verify', '--url', url]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(expected);
    close();
  });

  it('is told as such by every command', async () => {
    const { url, close } = await answering(200, 'application/json', '{"data":[{}]}');
    for (const args of [['leads', 'export'], ['events', '--follow'], ['sync']]) {
      const { code, out, err } = await cli([...args, '--url', url]);
      expect([args, code, out, err]).toEqual([args, 2, '', expect.stringMatching(/is not crm-sync/)]);
    }
    const doctor = await cli(['doctor', '--url', url]);
    expect(doctor).toMatchObject({ code: 2, out: expect.stringMatching(/✖ Service: .* is not crm-sync/) });
    close();
  });

  it('is told as such where no HTTP is spoken', async () => {
    const server = createSocketServer((socket) => socket.on('error', () => undefined).end('220 ready\r\n'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, err } = await cli(['leads', '--url', `http://127.0.0.1:${port}`]);
    expect([code, err]).toEqual([2, expect.stringMatching(/^What answers speaks no HTTP at/)]);
    server.close();
  });

  it('is listened to all the same while a proxy waits for the service to come back', async () => {
    let isThere = true;
    const proxy = createServer((request, response) => {
      if (!isThere) return response.writeHead(502).end('nginx');
      const { method, url, headers } = request;
      const on = ask(world.service.url + url, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      response.on('close', () => on.destroy());
      return on.on('error', () => response.destroy()).end();
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const program = begin([
      'events',
      '--follow',
      '--json',
      '--after',
      '0',
      '--url',
      `http://127.0.0.1:${port}`,
    ]);
    program.stdin.end();
    const positions: number[] = [];
    createInterface(program.stdout).on('line', (line) => {
      positions.push((JSON.parse(line) as LogEvent).position);
    });
    const lost = once(createInterface(program.stderr), 'line');
    const all = async (): Promise<number[]> =>
      (await world.all<LogEvent>('/api/events')).map(({ position }) => position);
    const until = async (count: number): Promise<void> => {
      while (positions.length < count) await pause(20);
    };
    await until((await all()).length);
    isThere = false;
    proxy.closeAllConnections();
    expect(String(await lost)).toMatch(/does not answer/);
    await cli(['sync', company.account.company]);
    isThere = true;
    await until((await all()).length);
    expect(positions).toEqual(await all());
    program.kill('SIGTERM');
    await once(program, 'close');
    proxy.closeAllConnections();
    proxy.close();
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
      said: 'DATABASE_URL points to one that nobody listens at (ECONNREFUSED)',
    });
    const gone = await cli(['doctor', '--url', 'http://127.0.0.1:9']);
    expect(gone.code).toBe(2);
    expect(gone.out).toMatch(/✖ Service: Nobody answers/);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['a file', { '.': '' }, /is no directory$/],
    ['a database without its keys', { 'postgres/PG_VERSION': '18' }, /holds a database, but not the file/],
    [
      'keys that are none',
      { 'postgres/PG_VERSION': '18', 'encryption-keys': 'k1:short' },
      /"encryption-keys" that is not/,
    ],
    [
      'a database of another version',
      { 'postgres/PG_VERSION': '17', 'encryption-keys': ENCRYPTION_KEYS },
      /was made by PostgreSQL 17/,
    ],
    ['keys that are none, and nothing else', { 'encryption-keys': 'k1' }, /"encryption-keys" that is not/],
    [
      'half a database',
      { 'postgres/base/1': '', 'encryption-keys': ENCRYPTION_KEYS },
      /is not a whole PostgreSQL database/,
    ],
  ])('sees what keeps a service from starting in a data directory: %s', async (_, files, said) => {
    const place = join(await mkdtemp(join(nowhere, 'directory-')), 'data');
    for (const [name, content] of Object.entries(files)) {
      const file = join(place, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { mode: 0o600 });
    }
    const findings = await examined({ CRM_SYNC_DATA_DIR: place });
    expect(about(findings, 'Data directory')).toMatchObject({
      state: 'broken',
      said: expect.stringMatching(said),
    });
  });

  it('knows the database that is ours', async () => {
    const findings = await examined({
      DATABASE_URL: world.service.databaseUrl,
      CRM_SYNC_ENCRYPTION_KEYS: ENCRYPTION_KEYS,
    });
    expect(about(findings, 'Database')).toMatchObject({
      state: 'fine',
      said: expect.stringMatching(/^PostgreSQL \d+/),
    });
    const locked = await examined({
      DATABASE_URL: world.service.databaseUrl,
      CRM_SYNC_ENCRYPTION_KEYS: `a:${Buffer.alloc(32).toString('base64')}`,
    });
    expect(about(locked, 'Database')).toMatchObject({
      state: 'broken',
      said: 'CRM_SYNC_ENCRYPTION_KEYS does not hold the key it was made with',
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
