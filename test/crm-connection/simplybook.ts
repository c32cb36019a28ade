import { afterEach } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox.ts';
import type {
  BookingPage,
  ClientPage,
  CrmBooking,
  CrmClient,
  CrmWarning,
  UnreadableRecord,
  UnusableBooking,
} from '../../src/modules/crm-connection/contract.ts';
import type {
  BookingWindow,
  CrmAccount,
  CrmReport,
  CrmSession,
} from '../../src/modules/crm-connection/crm-provider.ts';
import { SimplyBookSettings } from '../../src/modules/crm-connection/simplybook/settings.ts';
import { SimplyBookProvider } from '../../src/modules/crm-connection/simplybook/simplybook.provider.ts';
import { TransientTokens } from './transient-tokens.ts';
import { Refusal } from '../../src/shared/errors.ts';

/** What a listing came to. */
export type Listing = {
  pages: ClientPage[];
  clients: CrmClient[];
  unreadable: UnreadableRecord[];
  ids: string[];
  end: ClientPage['end'];
};

/** What a listing of bookings came to. */
export type BookingListing = {
  pages: BookingPage[];
  bookings: CrmBooking[];
  unusable: UnusableBooking[];
  ids: string[];
  warnings: CrmWarning[];
  end: BookingPage['end'];
};

/** The real adapter, talking to whatever is at an address. Waits between tries are short. */
export type Caller = {
  provider: SimplyBookProvider;
  session: CrmSession;
  signIn: (changes?: Partial<CrmAccount>) => ReturnType<SimplyBookProvider['signIn']>;
  list: (signal?: AbortSignal) => Promise<Listing>;
  check: () => Promise<CrmReport>;
  /** The bookings of the last 30 days; the connection knows no zone unless told. */
  listBookings: (window?: Partial<BookingWindow>) => Promise<BookingListing>;
};

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

export const closeAfterTest = (close: () => Promise<void> | void): void => {
  closing.push(close);
};

/** Never aborts. */
export const never = new AbortController().signal;

const unpaced = (): Promise<void> => Promise.resolve();

const QUICK = { retryBaseMs: 1, retryMostMs: 5, retryAfterMostMs: 20 };

/** Nobody else uses the authenticator of a test. */
const stepsOf = (): CrmSession['takeStep'] => {
  let last = 0;
  return async (step) => step > last && (last = step) > 0;
};

export const callerOf = (
  restUrl: string | null,
  account: CrmAccount,
  settings: Partial<SimplyBookSettings> = {},
): Caller => {
  const provider = new SimplyBookProvider(
    new HttpService(),
    new SimplyBookSettings({ restUrl, ...QUICK, ...settings }),
  );
  closeAfterTest(() => provider.onModuleDestroy());
  const session: CrmSession = {
    account,
    tokens: new TransientTokens(),
    otherTokens: new TransientTokens(),
    pace: unpaced,
    takeStep: stepsOf(),
  };
  const list: Caller['list'] = async (signal = never) => {
    const pages: ClientPage[] = [];
    for await (const page of provider.clientPages(session, signal)) pages.push(page);
    const clients = pages.flatMap((page) => page.clients);
    const unreadable = pages.flatMap((page) => page.unreadable);
    const ids = clients.map((client) => client.externalId);
    return { pages, clients, unreadable, ids, end: pages.at(-1)?.end ?? null };
  };
  const listBookings: Caller['listBookings'] = async (changes = {}) => {
    const window = {
      since: new Date(Date.now() - 30 * 86_400_000),
      changedSince: null,
      timezone: null,
      ...changes,
    };
    const pages: BookingPage[] = [];
    for await (const page of provider.bookingPages(session, window, never)) pages.push(page);
    const bookings = pages.flatMap((page) => page.bookings);
    return {
      pages,
      bookings,
      unusable: pages.flatMap((page) => page.unreadable),
      ids: bookings.map((booking) => booking.externalId),
      warnings: pages.flatMap((page) => page.warnings),
      end: pages.at(-1)?.end ?? null,
    };
  };
  const signIn: Caller['signIn'] = (changes = {}) =>
    provider.signIn({ ...session, account: { ...account, ...changes } }, never);
  const check: Caller['check'] = () => provider.check(session, never);
  return { provider, session, signIn, list, listBookings, check };
};

export type Meeting = Caller & { sandbox: Sandbox; account: CrmAccount };

/** Like `meet`, where the company has JSON-RPC as well. */
export const meetBoth = (
  options: Partial<SandboxOptions> = {},
  settings: Partial<SimplyBookSettings> = {},
): Promise<Meeting> => meet(options, settings, 'both');

/** The adapter and a sandbox of `clients` good clients (250 unless told otherwise) that both end with the test. */
export const meet = async (
  options: Partial<SandboxOptions> = {},
  settings: Partial<SimplyBookSettings> = {},
  apis: 'rest' | 'both' = 'rest',
): Promise<Meeting> => {
  const sandbox = await startSandbox({ clients: 250, clean: true, ...options });
  closeAfterTest(sandbox.close);
  const { company, login, password: secret, domain } = sandbox.account;
  const account = { company, login, secret, totpSecret: null, domain };
  const rpcUrl = apis === 'both' ? sandbox.rpcUrl : null;
  return { ...callerOf(sandbox.url, account, { rpcUrl, ...settings }), sandbox, account };
};

/** The ids of all clients that the sandbox has and that are not deleted, in its own order of ids. */
export const idsIn = ({ crm }: Sandbox): string[] =>
  crm
    .all()
    .filter((client) => !client.deleted)
    .map((client) => String(client.id));

export const sorted = (ids: readonly string[]): string[] =>
  ids.toSorted((one, other) => Number(one) - Number(other));

/** The refusal that work ends with. */
export const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('It was not refused.');
};
