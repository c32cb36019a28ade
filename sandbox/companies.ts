import { members, type Ask } from './answers.ts';
import type { Client } from './people.ts';
import { makeWorld, startServer, type SandboxOptions } from './sandbox.ts';
import type { World } from './world.ts';

/** `reached` when the first request has come; all wait until `release`. */
export type Hold = { reached: Promise<void>; release: () => void };

/** One company in the CRM: a world of its own, and a way to hold up the answer for one page of its clients. */
export type Company = World & {
  /** Requests for this page wait from now on; `reached` when the first one has come, until `release`. */
  holdPage: (page: number) => Hold;
  /** Alike for the requests that match. */
  hold: (matches: (ask: Ask) => boolean) => Hold;
  /** The next one that matches is carried out, and its answer waits: it tells what was so before. */
  holdAnswer: (matches: (ask: Ask) => boolean) => Hold;
  /** Every token that was shown to it. */
  tokensSeen: ReadonlySet<string>;
  /** From now on nobody answers for it. */
  close: () => void;
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

type Gate = { holds: (ask: Ask) => boolean; arrive: () => void; opened: Promise<void> };
type Held = { company: Company; gate: Gate | null; tokensSeen: Set<string>; isClosed: boolean };

/** Several SimplyBook.me companies behind one address, as the real one has them. Requests for any other go to the one opened last. */
export const startCompanies = async (): Promise<Companies> => {
  const held = new Map<string, Held>();
  const server = await startServer(async (ask) => {
    const entry = held.get(companyOf(ask)) ?? [...held.values()].at(-1);
    if (entry === undefined || entry.isClosed) return null;
    for (const token of tokensIn(ask)) entry.tokensSeen.add(token);
    if (entry.gate?.holds(ask) === true) {
      entry.gate.arrive();
      await entry.gate.opened;
    }
    return entry.company;
  });

  const open: Companies['open'] = (options = {}) => {
    const company = `studio${held.size + 1}`;
    const { samePeople = false, ...wanted } = options;
    const world = makeWorld({
      clients: 0,
      company,
      login: `owner@${company}.example`,
      password: `password-of-the-owner-of-${company}`,
      apiUserKey: `api-user-key-of-the-owner-of-${company}`,
      ...wanted,
    });
    if (!samePeople)
      for (const client of world.crm.all()) world.crm.change(client.id, ownAddress(client, company));
    const tokensSeen = new Set<string>();
    const holdPage: Company['holdPage'] = (page) =>
      hold(entry, ({ query }) => query.get('page') === String(page));
    const close = (): void => {
      entry.isClosed = true;
    };
    const entry: Held = {
      company: {
        ...world,
        tokensSeen,
        holdPage,
        hold: (matches) => hold(entry, matches),
        holdAnswer: (matches) => holdAnswer(entry.company, matches),
        close,
      },
      gate: null,
      tokensSeen,
      isClosed: false,
    };
    held.set(world.account.company, entry);
    return Promise.resolve(entry.company);
  };
  return { ...server, open };
};

/** Addresses that are usable stay so; those of different companies differ. */
const ownAddress = ({ email }: Client, company: string): Partial<Client> =>
  email === null ? {} : { email: email.replace('@', `@${company}.`) };

const hold = (entry: Held, holds: Gate['holds']): Hold => {
  const arrival = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<void>();
  entry.gate = { holds, arrive: arrival.resolve, opened: opening.promise };
  const release = (): void => {
    entry.gate = null;
    opening.resolve();
  };
  return { reached: arrival.promise, release };
};

const holdAnswer = (world: World, matches: (ask: Ask) => boolean): Hold => {
  const arrival = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<void>();
  let isHeld = false;
  world.beforeAnswer = async (ask) => {
    if (isHeld || !matches(ask)) return;
    isHeld = true;
    arrival.resolve();
    await opening.promise;
  };
  return { reached: arrival.promise, release: opening.resolve };
};

/** Every request names its company: in a header, or before there is a token in the body. */
const companyOf = ({ headers, body }: Ask): string => {
  const { company, params } = members(body);
  const [first] = Array.isArray(params) ? params : [];
  return String(headers['x-company-login'] ?? company ?? first);
};

const tokensIn = ({ headers, body }: Ask): string[] =>
  [headers['x-token'], headers['x-user-token'], members(body)['refresh_token']].filter(
    (token) => typeof token === 'string',
  );
