import { afterEach } from '@jest/globals';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox.ts';

export type Reply = { status: number; headers: Headers; text: string };

export type Row = Record<string, unknown>;
export type List = { data: Row[]; metadata: Row };

type Extras = { body?: unknown; headers?: Record<string, string> };

/** Somebody who uses the sandbox over HTTP like any other program. */
export type Visitor = {
  sandbox: Sandbox;
  ask: (method: string, path: string, extras?: Extras) => Promise<Reply>;
  /** POST /admin/auth with the right password, unless told otherwise. */
  logIn: (changes?: Row) => Promise<Reply>;
  /** Like `ask`, after a login of its own. */
  askInside: (method: string, path: string, body?: unknown) => Promise<Reply>;
};

export const parsed = (reply: Reply): Row => JSON.parse(reply.text);

export const listed = (reply: Reply): List => JSON.parse(reply.text);

const send = async (address: string, method: string, { body, headers }: Extras): Promise<Reply> => {
  const reply = await fetch(address, {
    method,
    redirect: 'manual',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: reply.status, headers: reply.headers, text: await reply.text() };
};

export const visitorOf = (sandbox: Sandbox): Visitor => {
  const { company, login, password } = sandbox.account;
  const ask: Visitor['ask'] = (method, path, extras = {}) => send(`${sandbox.url}${path}`, method, extras);
  const logIn: Visitor['logIn'] = (changes = {}) =>
    ask('POST', '/admin/auth', { body: { company, login, password, ...changes } });
  const askInside: Visitor['askInside'] = async (method, path, body) => {
    const token = String(parsed(await logIn())['token']);
    return ask(method, path, { body, headers: { 'x-company-login': company, 'x-token': token } });
  };
  return { sandbox, ask, logIn, askInside };
};

const open: Sandbox[] = [];

/** A sandbox that ends with the test. */
export const visit = async (options: Partial<SandboxOptions> = {}): Promise<Visitor> => {
  const sandbox = await startSandbox({ clients: 25, clean: true, ...options });
  open.push(sandbox);
  return visitorOf(sandbox);
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((sandbox) => sandbox.close()));
});
