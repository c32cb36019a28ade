import type { RouteName } from './answers.ts';
import { amount, choice, flag, several, SwitchError, text } from './settings.ts';
import { TROUBLE_KINDS, troubles, type Trouble } from './troubles.ts';
import { WEIRD_KINDS } from './weird.ts';

/** Every switch. Untouched, the sandbox behaves as the evidence about the real API favours. */
export const SWITCHES = {
  // login and tokens
  login: choice(
    ['ok', 'refused', 'key-refused', 'not-allowed', 'hipaa', 'blocked', 'api-off', 'confirm-ip'],
    'what a right login meets: tokens; 400 as for a wrong one; 400 for the API User Key by REST only; 403 Access denied; 403 HIPAA; 400 user blocked; 403 custom feature off; 400 confirm the new IP address by e-mail. JSON-RPC has codes for the same',
  ),
  loginTells: choice(
    ['why', 'nothing'],
    'whether REST tells why it refuses a login, or calls everything but a lock-out a wrong password',
  ),
  wrongRegion: flag(false, 'the company lives on another domain than this one; getServiceUrl tells which'),
  serviceUrl: choice(['domain', 'url', 'api-url'], 'how getServiceUrl tells where the company lives'),
  tokenDomain: choice(
    ['own', 'null', 'absent', 'foreign'],
    "`domain` in the answer to a login: the company's, null, not there, or one that is not SimplyBook.me's",
  ),
  unknownCompany: choice(
    ['json', 'html'],
    'how a login for another company ends: 400 JSON or a 404 HTML page',
  ),
  twoFactor: choice(
    ['off', 'empty-token', 'no-token'],
    'a login by password wants a second factor: `token` empty or not there at all',
  ),
  twoFactorBy: choice(
    ['both', 'sms', 'not-told'],
    'which second factors it offers: authenticator app and text message, the message only, or it does not tell',
  ),
  totpSeconds: amount(30, 'how long the authenticator app shows a code'),
  totpSkew: amount(1, 'how many windows before and after the present one a code is let pass'),
  lockoutAfter: amount(5, 'more failed logins than this in lockoutSeconds lock the login with 403; 0: never'),
  lockoutSeconds: amount(300, 'how long failed logins count'),
  tokenSeconds: amount(3600, 'how long a token lives'),
  expireAfter: amount(0, 'a token also expires after this many requests; 0: it does not'),
  expiry: choice(
    ['body-419', 'http-419', 'plain-401', 'http-400', 'http-200'],
    'how an expired token is told: 401 with code 419 in the body; 419; 401; 400 or 200 with "Token Expired" in the message',
  ),
  oneTokenOnly: flag(false, 'a new token ends all earlier ones'),
  refreshRefused: flag(false, 'every refresh is refused with 401'),
  refreshLost: amount(0, 'so many refreshes are done but their answer is lost'),
  refreshSameToken: flag(false, 'a refresh brings the same token again'),
  accessDenied: flag(false, 'the role may not see anything: 403 Access denied'),
  // which API there is, and whose tokens it takes
  restMissing: flag(false, 'REST is not there: a 404 page whatever is asked'),
  restRefusesTokens: flag(false, 'REST logs in, and refuses its own tokens with 401'),
  rpcMissing: flag(false, 'JSON-RPC is not there: a 404 page whatever is asked'),
  rpcTokenOnRest: flag(true, 'REST takes the tokens of getUserToken'),
  restTokenOnRpc: flag(true, 'JSON-RPC takes the tokens of REST'),
  rpcHeader: choice(['either', 'x-user-token', 'x-token'], 'the header in which JSON-RPC wants the token'),
  rpcSlash: choice(['any', 'wanted'], 'whether /admin without a slash at its end opens to anybody'),
  rpcList: choice(['array', 'map'], 'getClientList as a list, or as a map by id'),
  rpcPages: choice(
    ['honoured', 'hundreds', 'of-the-cut', 'ignored', 'refused'],
    "getClientList's third parameter, the page: of as many rows as the limit says; always counted in hundreds; of the list as it was cut; ignored; or an error",
  ),
  rpcHonoursLimit: flag(true, 'getClientList gives no more rows than its second parameter says'),
  rpcLimit: amount(0, 'getClientList never gives more rows than this, without a word; 0: it does'),
  rpcUsualLimit: amount(0, 'getClientList gives so many rows when no limit is asked for; 0: all'),
  rpcSearch: choice(
    ['found', 'everybody', 'nobody', 'refused'],
    "what getClientList's first parameter finds: whom it should; everybody; nobody; or an error",
  ),
  // the list of clients
  onPageCap: amount(100, 'most rows on a page'),
  onPageFixed: amount(0, 'always so many rows on a page, whatever is asked for; 0: off'),
  onPageEcho: choice(['used', 'asked'], 'which size `metadata.on_page` tells'),
  order: choice(['name', 'id', 'shuffle'], 'order of the list; shuffle: another one for each request'),
  drift: choice(
    ['none', 'insert', 'rename', 'delete', 'mixed'],
    'what happens to the clients between two pages: one is inserted at the front, one of a later page is renamed to the front, one of this page is deleted',
  ),
  driftTimes: amount(3, 'how often it drifts'),
  repeatPage: amount(0, 'this page is given twice, the ones after it come one later; 0: none'),
  itemsCount: choice(
    ['true', 'more', 'fewer', 'zero', 'null', 'text', 'absent'],
    'what `metadata.items_count` tells: the truth; 7 more or fewer; 0; null; the number as a text; nothing',
  ),
  pagesCount: choice(
    ['true', 'less', 'zero', 'null', 'text', 'huge', 'grows', 'absent'],
    'what `metadata.pages_count` tells: the truth; one less; 0; null; the number as a text; 1,000,000,000; always one more than asked for; nothing',
  ),
  metadata: choice(
    ['object', 'list', 'absent'],
    '`metadata` as it should be, as an empty list, or not there',
  ),
  endless: choice(
    ['off', 'repeat', 'new'],
    'pages past the end: empty; the last one again; ever new clients',
  ),
  bareArray: flag(false, 'the list is a bare array'),
  empty: flag(false, 'the account has no clients (wrong company, end of the trial)'),
  ids: choice(['number', 'text', 'float', 'padded', 'big'], 'ids as 12, "12", 12.0, "012" or beyond 2^53'),
  fieldValues: choice(
    ['list', 'map', 'empty', 'forbidden'],
    'the custom fields of a client: a list; a map, as PHP writes a list with holes; none; 403',
  ),
  hide: several(
    ['name', 'email', 'phone', 'address1', 'address2', 'city', 'zip', 'country_id', 'state_id'],
    'fields that are not shown',
  ),
  listDeleted: flag(false, 'deleted clients stay in the list and are told by is_deleted'),
  deletedAs: choice(['text', 'number', 'boolean'], 'is_deleted in the list as "1", 1 or true'),
  byId: choice(
    ['tells', 'marks', 'forbidden', 'nobody', 'missing'],
    'a client read by its id: a deleted one is 404; it is told with is_deleted; 403; 404 whoever is asked for; no such address, in JSON-RPC no such method',
  ),
  sees: amount(1, 'the role is shown each so-manieth client only; by id it may read them all'),
  weird: several([...WEIRD_KINDS, 'all'], 'odd records at the end of the list'),
  faultyList: choice(
    ['clients', 'bookings', 'both'],
    'the list that the tricks with order, counts, pages and envelope are played on',
  ),
  // bookings
  bookingsRoute: choice(
    ['there', 'missing', 'rest-missing', 'forbidden'],
    'whether bookings can be read: yes; 404 as for an address that does not exist, in JSON-RPC a method that is not there; by JSON-RPC only; not by this role',
  ),
  rpcBookingsLimit: amount(0, 'getBookings never gives more rows than this, without a word; 0: it does'),
  rpcBookingsOrder: choice(['asked', 'newest'], 'the order of getBookings: the one asked for; newest first'),
  nested: flag(true, 'a booking brings its service and provider along; false: their ids only'),
  companyTimezone: text('Europe/Berlin', 'the zone that /admin/company/info tells; empty: none'),
  now: text('', 'the instant that it is at the company, like 2026-11-22T15:30:00Z; empty: as the clock says'),
  // writing clients
  required: choice(['email_phone', 'email', 'phone'], 'what a client must have'),
  existingEmail: choice(
    ['creates', 'returns-it', 'refuses'],
    'what creating with an e-mail that exists does',
  ),
  put: choice(['replaces', 'merges'], 'what PUT does with fields that are left out'),
  postEdits: flag(true, 'POST /admin/clients/{id} edits; false: 404'),
  webhookList: choice(['array', 'wrapped'], 'the registered webhooks as a list, or as {data: […]}'),
  webhookRegister: choice(
    ['all', 'vendor-node', 'none', 'missing', 'forbidden'],
    "which events can be registered: all; those that the vendor's own node offers; none; or there is no register, or not for this role",
  ),
  webhookDelivery: choice(
    ['sent', 'twice', 'held', 'dropped'],
    'what becomes of deliveries: sent; sent twice; kept until the control interface sends them; lost',
  ),
  webhookBody: choice(
    ['thin', 'callback', 'data', 'bare', 'form', 'no-id'],
    'what a delivery says: notification, event and id; for bookings what the callback URL gets; the id within data; just "id"; a form; no id at all',
  ),
  // the wire
  latency: amount(0, 'milliseconds that each answer takes'),
  maxPerSecond: amount(0, 'more requests than this within a second are refused; 0: never'),
  overRate: choice(['429', '403'], 'how a request too many is refused'),
  contentType: text('application/json', 'the content type of JSON answers'),
  troubles: troubles('what goes wrong with single requests'),
};

export type Switches = { [Name in keyof typeof SWITCHES]: (typeof SWITCHES)[Name]['default'] };
export type SwitchName = keyof Switches;

const isSwitch = (name: string): name is SwitchName => Object.hasOwn(SWITCHES, name);

/** Names and values as they come from a flag or over HTTP. @throws SwitchError naming the switch that is wrong. */
export const readSwitches = (given: Record<string, unknown>): Partial<Switches> =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]): unknown[] => {
      if (!isSwitch(name)) throw new SwitchError(`There is no switch ${name}.`);
      try {
        return [name, SWITCHES[name].read(value)];
      } catch (error) {
        throw error instanceof SwitchError ? new SwitchError(`Switch ${name}: ${error.message}`) : error;
      }
    }),
  );

const defaults = (): Switches =>
  Object.fromEntries(Object.entries(SWITCHES).map(([name, setting]): unknown[] => [name, setting.default]));

const isUsual = (name: SwitchName, now: Switches): boolean =>
  JSON.stringify(now[name]) === JSON.stringify(SWITCHES[name].default);

const matches = (trouble: Trouble, route: RouteName, page: number | null): boolean =>
  (trouble.on === undefined || trouble.on === route) && (trouble.page === undefined || trouble.page === page);

/** The switches, changeable at any time, and how often each of them made a difference. */
export class Faults {
  #start: Switches;
  #now: Switches;
  #struck = new Map<string, number>();
  #met = new Map<Trouble, number>();

  constructor(changes: Partial<Switches> = {}) {
    this.#start = { ...defaults(), ...readSwitches(changes) };
    this.#now = this.#start;
  }

  get switches(): Readonly<Switches> {
    return this.#now;
  }

  /** The switches named here change and count anew, the others stay. */
  set(changes: Partial<Switches>): void {
    this.#now = { ...this.#now, ...readSwitches(changes) };
    const counted = [
      ...Object.keys(changes),
      ...(changes.troubles === undefined ? [] : Object.keys(TROUBLE_KINDS)),
    ];
    for (const name of counted) this.#struck.delete(name);
  }

  /** Everything as it was at the start, all counts zero. */
  reset(): void {
    this.#now = this.#start;
    this.#struck.clear();
    this.#met.clear();
  }

  /** How often each switch (and each kind of trouble) made a difference; those that never did are not there. */
  get struck(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#struck);
  }

  /** Counts those of the named switches that are not as the real API would have them. */
  strikeIfSet(names: readonly SwitchName[]): void {
    for (const name of names) if (!isUsual(name, this.#now)) this.strike(name);
  }

  strike(name: string): void {
    this.#struck.set(name, (this.#struck.get(name) ?? 0) + 1);
  }

  /** The trouble that strikes this request, and counts it. The first one in the list that matches wins. */
  troubleFor(route: RouteName, page: number | null): Trouble | null {
    for (const trouble of this.#now.troubles.filter((one) => matches(one, route, page))) {
      const met = this.#met.get(trouble) ?? 0;
      this.#met.set(trouble, met + 1);
      const after = trouble.after ?? 0;
      if (met >= after && met < after + (trouble.times ?? Number.POSITIVE_INFINITY)) {
        this.strike('troubles');
        this.strike(trouble.kind);
        return trouble;
      }
    }
    return null;
  }
}
