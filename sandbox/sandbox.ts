import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { page, type Ask } from './answers.ts';
import { Auth } from './auth.ts';
import { Bookings } from './bookings.ts';
import { Crm } from './clients.ts';
import { companyTime } from './company-time.ts';
import { Credentials, type Account } from './credentials.ts';
import { Faults, type Switches } from './faults.ts';
import { Requests } from './requests.ts';
import { RPC_ROOT } from './rpc.ts';
import { askOf, bodyOf, serve } from './serving.ts';
import { Tokens } from './tokens.ts';
import { plainly } from './wire.ts';
import { Webhooks } from './webhooks.ts';
import type { World } from './world.ts';

export type SandboxOptions = Account & {
  /** 0: a free one. */
  port: number;
  /** How many clients the list shows at first. */
  clients: number;
  /** How many bookings it lists at first. */
  bookings: number;
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
  bookings: 0,
  seed: 1,
  clean: false,
  company: 'acmestudio',
  login: 'owner@acmestudio.example',
  password: 'sandbox-password-of-the-owner',
  apiUserKey: 'sandbox-api-user-key-of-the-owner',
  apiKey: 'sandbox-api-key-of-the-company',
  totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  domain: 'simplybook.me',
  switches: {},
};

export type Sandbox = {
  /** `http://127.0.0.1:<port>`: what `https://user-api-v2.<domain>` is in the real world. */
  url: string;
  /** What `https://user-api.<domain>` is there: the JSON-RPC API. */
  rpcUrl: string;
  account: Account;
  crm: Crm;
  bookings: Bookings;
  webhooks: Webhooks;
  auth: Auth;
  faults: Faults;
  requests: Requests;
  /** Ends every connection, also those that wait for an answer that never comes. */
  close: () => Promise<void>;
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

/** Whose a request is; null: nobody's, and its connection ends. */
type Whose = (ask: Ask) => Promise<World | null>;

/** A visitor who leaves early is no matter; a mistake of the sandbox itself must not look like one of its faults. */
const received = async (
  whose: Whose,
  req: IncomingMessage,
  res: ServerResponse,
  ended: AbortSignal,
): Promise<void> => {
  try {
    const body = await bodyOf(req);
    if (body === null) return plainly(res, page(413, 'Request Entity Too Large'));
    const ask = askOf(req, body);
    const world = await whose(ask);
    if (world === null || res.destroyed) res.destroy();
    else await serve(world, ask, res, ended);
  } catch (error) {
    if (!ended.aborted && !req.errored) process.emitWarning(error instanceof Error ? error : String(error));
    res.destroy();
  }
};

/** A company of the CRM, as yet without an address. What is not given is as in `DEFAULTS`. */
export const makeWorld = (options: Partial<SandboxOptions> = {}): World => {
  const { port: _, clients, bookings, seed, clean, switches, ...account } = { ...DEFAULTS, ...options };
  const faults = new Faults(switches);
  const credentials = new Credentials(account, faults);
  const tokens = new Tokens(faults);
  const now = (): string =>
    companyTime(faults.switches.now === '' ? Date.now() : Date.parse(faults.switches.now));
  const crm = new Crm(clients, { seed, clean });
  const made = new Bookings(bookings, { seed, clean, clients, deletedClient: clients + 1 }, now);
  const webhooks = new Webhooks(account, faults);
  crm.onChange = (what, id) => webhooks.tell(`${what}_client`, id);
  made.onChange = (what, id) => webhooks.tell(`${what}_booking`, id);
  return {
    account,
    faults,
    credentials,
    tokens,
    auth: new Auth(account, faults, credentials, tokens),
    crm,
    webhooks,
    bookings: made,
    requests: new Requests(),
  };
};

/** The CRM itself, for the companies that `whose` knows. `close` ends connections that wait for an answer, too. */
export const startServer = async (
  whose: Whose,
  port = 0,
): Promise<Pick<Sandbox, 'url' | 'rpcUrl' | 'close'>> => {
  const ended = new AbortController();
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    void received(whose, req, res, ended.signal);
  });
  const url = `http://127.0.0.1:${await listen(server, port)}`;
  const close = (): Promise<void> => {
    ended.abort();
    return closed(server);
  };
  return { url, rpcUrl: `${url}${RPC_ROOT}`, close };
};

/** A SimplyBook.me of our own on loopback, with one company. What is not given is as in `DEFAULTS`. */
export const startSandbox = async (options: Partial<SandboxOptions> = {}): Promise<Sandbox> => {
  const world = makeWorld(options);
  return { ...world, ...(await startServer(() => Promise.resolve(world), options.port ?? DEFAULTS.port)) };
};
