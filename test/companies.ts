import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { members } from '../sandbox/answers.ts';
import type { Client } from '../sandbox/people.ts';
import { RPC_ROOT } from '../sandbox/rpc.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox.ts';

/** One company in the CRM: a sandbox of its own, and a way to hold up the answer for one page of its clients. */
export type Company = Sandbox & {
  /** Requests for this page wait from now on; `reached` when the first one has come, until `release`. */
  holdPage: (page: number) => { reached: Promise<void>; release: () => void };
  /** Every token that was shown to it. */
  tokens: ReadonlySet<string>;
};

/** `samePeople`: e-mail addresses stay as the seed makes them, so that two companies know the same people. */
export type CompanyOptions = Partial<SandboxOptions> & { samePeople?: boolean };

export type Companies = {
  /** What SIMPLYBOOK_REST_URL has to be. */
  url: string;
  /** What SIMPLYBOOK_RPC_URL has to be. */
  rpcUrl: string;
  /** Opens a company. Names are made up unless given; there are no clients unless asked for. */
  open: (options?: CompanyOptions) => Promise<Company>;
  close: () => Promise<void>;
};

type Gate = { page: number; arrive: () => void; opened: Promise<void> };
type Held = { company: Company; gate: Gate | null; tokens: Set<string> };

/** Several SimplyBook.me companies behind one address, as the real one has them. Requests for any other go to the one opened last. */
export const startCompanies = async (): Promise<Companies> => {
  const held = new Map<string, Held>();
  const server = createServer((req, res) => {
    forward(held, req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const open: Companies['open'] = async (options = {}) => {
    const company = `studio${held.size + 1}`;
    const { samePeople = false, ...wanted } = options;
    const sandbox = await startSandbox({
      clients: 0,
      company,
      login: `owner@${company}.example`,
      password: `password-of-the-owner-of-${company}`,
      apiUserKey: `api-user-key-of-the-owner-of-${company}`,
      ...wanted,
    });
    if (!samePeople)
      for (const client of sandbox.crm.all()) sandbox.crm.change(client.id, ownAddress(client, company));
    const tokens = new Set<string>();
    const holdPage: Company['holdPage'] = (page) => hold(entry, page);
    const entry: Held = { company: { ...sandbox, tokens, holdPage }, gate: null, tokens };
    held.set(sandbox.account.company, entry);
    return entry.company;
  };

  const close = async (): Promise<void> => {
    for (const { company } of held.values()) await company.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  };
  return { url, rpcUrl: `${url}${RPC_ROOT}`, open, close };
};

/** Addresses that are usable stay so; those of different companies differ. */
const ownAddress = ({ email }: Client, company: string): Partial<Client> =>
  email === null ? {} : { email: email.replace('@', `@${company}.`) };

const hold = (entry: Held, page: number): ReturnType<Company['holdPage']> => {
  const arrival = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<void>();
  entry.gate = { page, arrive: arrival.resolve, opened: opening.promise };
  const release = (): void => {
    entry.gate = null;
    opening.resolve();
  };
  return { reached: arrival.promise, release };
};

/** Passes the request on as it came, and back whatever comes: also half an answer, or none. */
const forward = async (
  held: ReadonlyMap<string, Held>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> => {
  const body = await buffer(req);
  const entry = held.get(companyOf(req, body)) ?? [...held.values()].at(-1);
  if (entry === undefined) throw new Error('There is no company yet.');
  for (const token of tokensIn(req, body)) entry.tokens.add(token);
  const page = new URL(req.url ?? '/', 'http://crm').searchParams.get('page');
  if (entry.gate !== null && page === String(entry.gate.page)) {
    entry.gate.arrive();
    await entry.gate.opened;
  }
  const { connection: _, ...headers } = req.headers;
  const onward = request(
    `${entry.company.url}${req.url}`,
    { method: req.method ?? 'GET', headers, agent: false },
    (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
      answer.once('error', () => res.destroy());
    },
  );
  onward.once('error', () => res.destroy());
  res.once('close', () => onward.destroy());
  onward.end(body);
};

/** Every request names its company: in a header, or before there is a token in the body. */
const companyOf = (req: IncomingMessage, body: Buffer): string => {
  const { company, params } = members(body.toString());
  const [first] = Array.isArray(params) ? params : [];
  return String(req.headers['x-company-login'] ?? company ?? first);
};

const tokensIn = (req: IncomingMessage, body: Buffer): string[] =>
  [req.headers['x-token'], req.headers['x-user-token'], members(body.toString())['refresh_token']].filter(
    (token) => typeof token === 'string',
  );
