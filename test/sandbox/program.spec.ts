import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';

type Program = ChildProcessByStdio<null, Readable, Readable>;

const MAIN = fileURLToPath(new URL('../../sandbox/main.ts', import.meta.url));
const started: Program[] = [];

const start = (...flags: string[]): Program => {
  const program = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(program);
  return program;
};

const firstLine = async (program: Program): Promise<string> =>
  String((await once(program.stdout, 'data'))[0]);

const ending = async (program: Program): Promise<{ code: number; out: string; err: string }> => {
  const text = { out: '', err: '' };
  program.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  program.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const [code] = await once(program, 'close');
  return { code: Number(code), ...text };
};

const urlOf = (line: string): string => /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';

const control = async (url: string, method: string, path: string, body?: unknown) => {
  const reply = await fetch(`${url}/_sandbox${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: reply.status, body: JSON.parse(await reply.text()) };
};

afterEach(() => {
  for (const program of started.splice(0)) program.kill('SIGKILL');
});

describe('the program', () => {
  it('says in one line where it is and who may log in, and ends with 0 on SIGTERM', async () => {
    const program = start(
      '--clients',
      '7',
      '--company',
      'otherstudio',
      '--login',
      'otto@otherstudio.example',
    );
    const line = await firstLine(program);
    expect(line).toMatch(
      /^SimplyBook\.me sandbox is ready: http:\/\/127\.0\.0\.1:\d+ \(company otherstudio, login otto@otherstudio\.example\)\n$/,
    );
    const { body } = await control(urlOf(line), 'GET', '/clients');
    expect(body.count).toBe(7);
    program.kill('SIGTERM');
    expect((await ending(program)).code).toBe(0);
  });

  it.each([
    'latency=3600000',
    'troubles=[{"kind":"slow","value":3600000}]',
    'troubles=[{"kind":"drip","value":3600000}]',
    'troubles=[{"kind":"hang"}]',
  ])('with %s ends at once although somebody waits for an answer', async (setting) => {
    const program = start('--switch', setting);
    const url = urlOf(await firstLine(program));
    const left = fetch(`${url}/admin`)
      .then((reply) => reply.text())
      .catch((error: Error) => error.message);
    while ((await control(url, 'GET', '/requests')).body.total === 0) await control(url, 'GET', '');
    program.kill('SIGINT');
    expect((await ending(program)).code).toBe(0);
    expect(await left).toMatch(/fetch failed|terminated/);
  });

  it('lists every switch in its help', async () => {
    const { code, out } = await ending(start('--help'));
    expect(code).toBe(0);
    for (const word of ['--switch', 'expireAfter', 'driftTimes', 'gzip-bomb']) expect(out).toContain(word);
  });

  it('ends with 1 and one line when a flag or a switch is wrong', async () => {
    const wrong = await ending(start('--switch', 'order=backwards'));
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toMatch(/^Switch order: "backwards" .*\n$/);
    expect((await ending(start('--clients', 'many'))).code).toBe(1);
  });

  it('is steered over HTTP', async () => {
    const flags = ['--clients', '2', '--clean', '--switch', 'order=id'];
    const url = urlOf(
      await firstLine(start(...flags, '--switch', 'troubles=[{"kind":"html","on":"health"}]')),
    );

    expect((await control(url, 'GET', '/switches')).body.switches.order).toBe('id');
    const changed = await control(url, 'PUT', '/switches', { order: 'name', weird: ['nul'] });
    expect(changed.body.switches).toMatchObject({
      order: 'name',
      weird: ['nul'],
      troubles: [{ kind: 'html' }],
    });
    expect((await control(url, 'PUT', '/switches', { order: 'backwards' })).status).toBe(400);
    expect((await control(url, 'DELETE', '/switches')).body.switches).toMatchObject({
      order: 'id',
      weird: [],
    });

    const added = await control(url, 'POST', '/clients', { name: 'Mia', email: 'mia@example.com' });
    await control(url, 'PATCH', `/clients/${added.body.id}`, { phone: '1' });
    await control(url, 'DELETE', '/clients/1');
    const { clients, count } = (await control(url, 'GET', '/clients')).body;
    expect(count).toBe(2);
    expect(clients).toMatchObject([{ id: 1, deleted: true }, { id: 2 }, { id: 3, name: 'Mia', phone: '1' }]);
    expect((await control(url, 'POST', '/clients/1/return')).body).toMatchObject({ id: 1, deleted: false });
    expect((await control(url, 'POST', '/clients', { nickname: 'Mimi' })).status).toBe(400);

    expect((await fetch(`${url}/admin`)).headers.get('content-type')).toMatch(/^text\/html/);
    expect((await control(url, 'GET', '/requests')).body).toMatchObject({ total: 1, byRoute: { health: 1 } });
    expect((await control(url, 'GET', '/switches')).body.struck).toMatchObject({ html: 1 });
    expect((await control(url, 'POST', '/tokens/expire')).body).toEqual({ expired: 0 });
  });
});
