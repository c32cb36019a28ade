import type { Companies, Company } from '../companies.ts';
import type { Asked } from '../requests.ts';
import { bookingsTruth } from './booking-truth.ts';
import type { Ask, Books } from './books.ts';
import { changedSince, snapshotOf } from './compare.ts';
import { idle } from './coverage.ts';
import { costOf, overloggedIn, type Cost } from './limits.ts';
import { inWords, type Profile } from './profile.ts';
import { truthOf } from './truth.ts';
import { Visit, type Synced } from './visit.ts';

/** The service that is tried, and the CRM that it is given. */
export type Stage = { companies: Companies; service: Ask; pacedService: Ask };

/** A profile and what came of it. */
export type Report = {
  profile: Profile;
  /** By which API the clients came, as the CRM counted. */
  wayIn: string;
  /** How each run ended. */
  runs: string[];
  leads: { ours: number; crm: number };
  /** Clients and bookings. */
  waiting: number;
  bookings: { ours: number; crm: number };
  /** Of each sync. */
  requests: number[];
  logins: number;
  refreshes: number;
  /** Events of the second sync beside its own start and end; null: it did not come to a good end. */
  appended: number | null;
  /** What was not as expected. */
  wrong: string[];
};

const inAll = (lists: readonly (readonly Asked[])[], what: keyof Cost): number =>
  lists.reduce((sum, list) => sum + costOf(list)[what], 0);

const wayIn = (list: readonly Asked[]): string => {
  const good = new Set(
    list.filter(({ status, rpcError }) => status === 200 && rpcError === null).map(({ route }) => route),
  );
  if (good.has('rpc-clients')) return 'JSON-RPC';
  if (!good.has('clients')) return '–';
  return good.has('rpc-login') ? 'REST by RPC token' : 'REST';
};

const NOBODY: Books = {
  sources: new Map(),
  leads: 0,
  waiting: new Map(),
  leadOf: new Map(),
  bookings: new Map(),
  waitingBookings: new Map(),
  gone: new Set(),
  wrong: [],
};

/** Other people in each profile, the same ones each time: a newcomer of one company is not to be a client of another. */
const seedOf = (name: string): number =>
  Array.from(name).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_536, 7);

const prepared = async ({ companies }: Stage, profile: Profile): Promise<Company> => {
  const company = await companies.open({
    seed: seedOf(profile.name),
    clients: profile.clients ?? 23,
    bookings: profile.bookings ?? 6,
    clean: profile.ugly !== true,
    ...(profile.domain === undefined ? {} : { domain: profile.domain }),
    switches: { onPageCap: 10, ...profile.switches },
  });
  profile.before?.(company);
  company.requests.clear();
  return company;
};

const reportOf = (
  profile: Profile,
  company: Company,
  connecting: readonly Asked[],
  syncs: Synced[],
  wrong: string[],
): Report => {
  const lists = [connecting, ...syncs.map(({ asked }) => asked)];
  const books = syncs.at(-1)?.books ?? NOBODY;
  const { places } = truthOf(company);
  const booked = [...bookingsTruth(company).values()];
  const waiting = [...places.values()].filter((place) => place === 'waiting').length;
  return {
    profile,
    wayIn: wayIn(lists.flat()),
    runs: syncs.map(({ run }) => run),
    leads: { ours: books.sources.size, crm: places.size - waiting },
    waiting: books.waiting.size + books.waitingBookings.size,
    bookings: { ours: books.bookings.size, crm: booked.filter((place) => place !== 'waiting').length },
    requests: syncs.map(({ asked }) => asked.length),
    logins: inAll(lists, 'logins'),
    refreshes: inAll(lists, 'refreshes'),
    appended: syncs[1]?.appended ?? null,
    wrong: [...wrong, ...overloggedIn(lists.flat(), profile), ...idle(profile, company.faults)],
  };
};

/** A second sync of what has not changed appends nothing but its own start and end. */
const appendedTooMuch = (second: Synced, changed: number): string[] =>
  (second.appended ?? 0) > 2 * changed
    ? [`the second sync appended ${second.appended} events beside its own, ${changed} clients were changed`]
    : [];

/** Connects, syncs twice, compares, and counts. */
export const runProfile = async (profile: Profile, stage: Stage): Promise<Report> => {
  const company = await prepared(stage, profile);
  const visit = new Visit(profile, company, profile.paced === true ? stage.pacedService : stage.service);
  const { expected } = profile;
  const connected = await visit.connect();
  const connecting = [...company.requests.list];
  const wanted = 'notConnected' in expected ? expected.notConnected : 'connected';
  if (connected !== wanted || 'notConnected' in expected) {
    const wrong = connected === wanted ? [] : [`${connected} instead of ${wanted}`];
    return reportOf(profile, company, connecting, [], wrong);
  }
  company.faults.set(profile.afterConnect ?? {});
  profile.afterwards?.(company);
  const before = snapshotOf(company);
  const first = await visit.sync(expected[0]);
  company.faults.set(profile.between ?? {});
  const second = await visit.sync(expected[1]);
  const syncs = [first, second];
  const wrong = [
    ...first.wrong.map((what) => `first sync: ${what}`),
    ...second.wrong.map((what) => `second sync: ${what}`),
    ...(expected[0] === 'complete' ? appendedTooMuch(second, changedSince(company, before)) : []),
  ];
  const report = reportOf(profile, company, connecting, syncs, wrong);
  return expected[1] === 'complete'
    ? report
    : { ...report, wrong: [...report.wrong, ...(await visit.heal())] };
};

/** Runs them all, some at a time, the slow ones first; each report as soon as it is there. */
export const runAll = (
  profiles: readonly Profile[],
  stage: Stage,
  atATime: number,
): Map<string, Promise<Report>> => {
  const queue = profiles.toSorted((one, other) => Number(other.slow ?? false) - Number(one.slow ?? false));
  const reports = new Map(queue.map((profile) => [profile.name, Promise.withResolvers<Report>()]));
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { resolve, reject } = reports.get(next.name)!;
      await runProfile(next, stage).then(resolve, reject);
    }
  };
  for (let count = 0; count < atATime; count += 1) void work();
  return new Map([...reports].map(([name, { promise }]) => [name, promise]));
};

export const verdictOf = ({ profile, wrong }: Report): string =>
  wrong.length === 0 ? inWords(profile.expected) : `NOT ${inWords(profile.expected)}: ${wrong.join('; ')}`;
