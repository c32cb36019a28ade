import type { Company } from '../companies.ts';
import { SWITCHES, type SwitchName } from '../faults.ts';
import type { Asked } from '../requests.ts';
import { bookingsTruth } from './booking-truth.ts';
import { booksOf, eventsOf, type Ask, type Books } from './books.ts';
import { compare, snapshotOf } from './compare.ts';
import { overstepped } from './limits.ts';
import type { Outcome, Profile } from './profile.ts';
import { truthOf } from './truth.ts';

type Connection = { id: string };
type Problem = { type: string; runId?: string };
type Sync = { runId: string; status: string; warnings: { code: string }[] };

/** One sync: how it ended, what it asked for, and whether our books are what they have to be. */
export type Synced = {
  run: string;
  asked: readonly Asked[];
  appended: number | null;
  books: Books;
  wrong: string[];
};

const codeOf = ({ type }: Problem): string => type.split('/').at(-1) ?? '';

/** What cannot be proven is said, and what can is not. */
const unsaid = (warnings: readonly string[], expected: Outcome): string[] =>
  warnings.some((code) => code.endsWith('-count-unknown')) === (expected === 'unproven')
    ? []
    : [`warned of ${warnings.join(', ') || 'nothing'}`];

/** One profile's use of the service: connects a company and syncs it. */
export class Visit {
  readonly #profile: Profile;
  readonly #company: Company;
  readonly #ask: Ask;
  #id = '';
  /** The bookings that were there when some sync began. */
  readonly #booked = new Set<number>();

  constructor(profile: Profile, company: Company, ask: Ask) {
    this.#profile = profile;
    this.#company = company;
    this.#ask = ask;
  }

  async connect(): Promise<string> {
    const { given = {} } = this.#profile;
    const { company, login, password, apiUserKey, totpSecret } = this.#company.account;
    if (this.#profile.unknown === true) this.#company.account.company = 'somebody-else';
    const secret = { 'api-user-key': apiUserKey, wrong: 'not-the-password' };
    const { status, body } = await this.#ask<Connection & Problem>('POST', '/api/connections', {
      provider: 'simplybook',
      company,
      login,
      secret: given.secret === undefined ? password : secret[given.secret],
      ...(given.totp === true ? { totpSecret } : {}),
      ...(given.fields === true ? { clientFields: true } : {}),
    });
    this.#id = body.id;
    return status === 201 ? 'connected' : codeOf(body);
  }

  async sync(expected: Outcome): Promise<Synced> {
    const company = this.#company;
    const before = snapshotOf(company);
    for (const id of before.bookings.keys()) this.#booked.add(id);
    company.requests.clear();
    const path = `/api/connections/${this.#id}/sync`;
    const answer = await this.#ask<Sync & Problem>('POST', path, undefined, { prefer: 'wait=600' });
    const asked = [...company.requests.list];
    const run = answer.status === 200 ? answer.body.status : codeOf(answer.body);
    const warnings = answer.status === 200 ? answer.body.warnings.map(({ code }) => code) : [];
    const books = await booksOf(this.#ask, this.#id);
    const wrong = compare(company, books, { ...before, booked: this.#booked }, expected === 'complete');
    const events = answer.status === 200 ? await eventsOf(this.#ask, answer.body.runId) : null;
    return {
      run,
      asked,
      books,
      appended: events === null ? null : events.filter((type) => !type.startsWith('Sync')).length,
      wrong: [
        ...this.#ended(run, expected),
        ...unsaid(warnings, expected),
        ...wrong,
        ...overstepped(company),
      ],
    };
  }

  #ended(run: string, expected: Outcome): string[] {
    const { places, nameless } = truthOf(this.#company);
    const all = [...places.values(), ...bookingsTruth(this.#company).values()];
    const isForbidden = this.#company.faults.switches.bookingsRoute === 'forbidden';
    const isClean = all.every((place) => place !== 'waiting') && nameless === 0 && !isForbidden;
    const wanted = {
      complete: isClean ? 'succeeded' : 'succeeded-with-errors',
      unproven: 'succeeded',
      incomplete: 'suspicious',
    };
    const want = Object.hasOwn(wanted, expected) ? wanted[expected as keyof typeof wanted] : expected;
    return run === want ? [] : [`ended as ${run} instead of ${want}`];
  }

  /** The CRM is well again, and has new credentials for us: then nothing may be missing or wrong any more. */
  async heal(): Promise<string[]> {
    const { account, faults, auth } = this.#company;
    const { given, switches, afterConnect, between } = this.#profile;
    const touched = Object.keys({ ...switches, ...afterConnect, ...between }).filter(
      (name) => name !== 'ids',
    );
    faults.set(Object.fromEntries(touched.map((name) => [name, SWITCHES[name as SwitchName].default])));
    auth.forgetFailedLogins();
    const secret = given?.secret === 'api-user-key' ? account.password : account.apiUserKey;
    const path = `/api/connections/${this.#id}/credentials`;
    const { status, body } = await this.#ask('PUT', path, { login: account.login, secret });
    if (status !== 200) return [`once healed: the credentials are refused: ${JSON.stringify(body)}`];
    return (await this.sync('complete')).wrong.map((what) => `once healed: ${what}`);
  }
}
