import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { failure, page, type Answer, type Ask } from './answers.ts';
import { Auth } from './auth.ts';
import { Crm } from './clients.ts';
import { controlAnswer, isControl } from './control.ts';
import { Faults, type Switches } from './faults.ts';
import { Requests, type Asked } from './requests.ts';
import { answerTo, routeOf, type Route } from './rest.ts';
import type { Trouble } from './troubles.ts';
import { insteadOf, isEmptyHanded, plainly, send } from './wire.ts';
import type { Account, World } from './world.ts';

export type SandboxOptions = Account & {
  /** 0: a free one. */
  port: number;
  /** How many clients the list shows at first. */
  clients: number;
  /** The same seed makes the same people. */
  seed: number;
  /** Only good clients: a name, a distinct e-mail, a phone, nothing deleted. */
  clean: boolean;
  switches: Partial<Switches>;
};

/** Invented, and good for nothing but the sandbox. */
export const DEFAULTS: SandboxOptions = {
  port: 0,
  clients: 1000,
  seed: 1,
  clean: false,
  company: 'acmestudio',
  login: 'owner@acmestudio.example',
  password: 'sandbox-password-of-the-owner',
  apiUserKey: 'sandbox-api-user-key-of-the-owner',
  domain: 'simplybook.me',
  switches: {},
};

export type Sandbox = {
  /** `http://127.0.0.1:<port>`: what `https://user-api-v2.<domain>` is in the real world. */
  url: string;
  account: Account;
  crm: Crm;
  auth: Auth;
  faults: Faults;
  requests: Requests;
  /** Ends every connection, also those that wait for an answer that never comes. */
  close: () => Promise<void>;
};

const BODY_LIMIT = 1_048_576;

const bodyOf = async (req: IncomingMessage): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const askOf = (req: IncomingMessage, body: string): Ask => {
  const [path = '/', query = ''] = (req.url ?? '/').split('?', 2);
  return { method: req.method ?? 'GET', path, query: new URLSearchParams(query), headers: req.headers, body };
};

const numberIn = (query: URLSearchParams, name: string): number | null => {
  const value = Number(query.get(name) ?? Number.NaN);
  return Number.isInteger(value) ? value : null;
};

const tooFast = ({ faults, requests }: World): Answer | null => {
  const { maxPerSecond, overRate } = faults.switches;
  if (maxPerSecond === 0 || requests.perSecond <= maxPerSecond) return null;
  faults.strike('maxPerSecond');
  return failure(Number(overRate), 'Too many requests');
};

const withType = (answer: Answer, contentType: string): Answer =>
  answer.headers?.['content-type'] === 'application/json'
    ? { ...answer, headers: { ...answer.headers, 'content-type': contentType } }
    : answer;

const NOTHING: Answer = { status: 0, body: '' };

const answerOf = (world: World, ask: Ask, route: Route, trouble: Trouble | null): Answer => {
  if (trouble !== null && isEmptyHanded(trouble.kind)) return NOTHING;
  const instead = trouble === null ? null : insteadOf(trouble);
  return instead ?? tooFast(world) ?? answerTo(world, ask, route);
};

/** A refresh that is done while its answer gets lost is the one case of `lost` that has a switch of its own. */
const lostRefresh = ({ faults }: World, route: Route): Trouble | null => {
  const lost = faults.struck['refreshLost'] ?? 0;
  if (route.name !== 'refresh' || lost >= faults.switches.refreshLost) return null;
  faults.strike('refreshLost');
  return { kind: 'lost' };
};

const note = (world: World, ask: Ask, route: Route): Asked =>
  world.requests.begin({
    route: route.name,
    method: ask.method,
    page: numberIn(ask.query, 'page'),
    onPage: numberIn(ask.query, 'on_page'),
    withToken: ask.headers['x-token'] !== undefined,
  });

const serve = async (world: World, ask: Ask, res: ServerResponse, signal: AbortSignal): Promise<void> => {
  if (isControl(ask.path)) return plainly(res, controlAnswer(world, ask));
  const route = routeOf(ask.method, ask.path);
  const asked = note(world, ask, route);
  res.once('close', () => world.requests.end(asked));
  const { latency, contentType } = world.faults.switches;
  const trouble = world.faults.troubleFor(route.name, asked.page) ?? lostRefresh(world, route);
  const answer = withType(answerOf(world, ask, route, trouble), contentType);
  asked.status = answer.status === 0 ? null : answer.status;
  asked.trouble = trouble?.kind ?? null;
  world.faults.strikeIfSet(['latency', 'contentType']);
  if (latency > 0) await pause(latency, undefined, { signal });
  return send(res, answer, trouble, signal);
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** A SimplyBook.me of our own on loopback. What is not given is as in `DEFAULTS`. */
export const startSandbox = async (options: Partial<SandboxOptions> = {}): Promise<Sandbox> => {
  const { port, clients, seed, clean, switches, ...account } = { ...DEFAULTS, ...options };
  const faults = new Faults(switches);
  const auth = new Auth(account, faults);
  const world: World = {
    account,
    faults,
    auth,
    crm: new Crm(clients, { seed, clean }),
    requests: new Requests(),
  };
  const ended = new AbortController();
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    bodyOf(req)
      .then((body) =>
        body === null
          ? plainly(res, page(413, 'Request Entity Too Large'))
          : serve(world, askOf(req, body), res, ended.signal),
      )
      .catch(() => res.destroy());
  });
  const url = `http://127.0.0.1:${await listen(server, port)}`;
  const close = (): Promise<void> => {
    ended.abort();
    return closed(server);
  };
  return { url, ...world, close };
};
