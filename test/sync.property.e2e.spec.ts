import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

type Values = { name: string; email: string; phone: string };

/** What may happen. `who` counts round the clients that are there. */
type Step =
  | { does: 'add'; values: Values }
  | { does: 'edit'; who: number; values: Partial<Values> }
  | { does: 'share'; who: number; withWhom: number }
  | { does: 'sync' }
  | { does: 'fail'; page: number }
  | { does: 'sync-again' }
  | { does: 'merge'; who: number; withWhom: number }
  | { does: 'split'; who: number }
  | { does: 'replay'; who: number; fix: { email?: string; phone?: string } }
  | { does: 'dismiss'; who: number };

const ADDRESSES = ['ann', 'ben', 'cleo'];
const name = fc.constantFrom('Ann', 'Ben', 'Cleo', 'Élodie', 'zoe', '100%');
const phone = fc.constantFrom('', '1', '2', ' 3 ');
const address = fc.constantFrom(...ADDRESSES, ...ADDRESSES.map((one) => one.toUpperCase()));
const email = fc.oneof(
  { weight: 5, arbitrary: address },
  { weight: 1, arbitrary: fc.constantFrom('', 'no address') },
);
const who = fc.nat(5);

const added: fc.Arbitrary<Step> = fc.record({
  does: fc.constant('add' as const),
  values: fc.record({ name, email, phone }),
});

const change: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: added },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('edit' as const), who, values: fc.record({ email }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('edit' as const),
      who,
      values: fc.record({ name, phone }, { requiredKeys: [] }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('share' as const), who, withWhom: who }) },
);

const ending: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ does: 'sync' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('fail' as const), page: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ does: 'sync-again' as const }) },
);

/** What people do in between. */
const care: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant('merge' as const), who, withWhom: who }),
  fc.record({ does: fc.constant('split' as const), who }),
  fc.record({
    does: fc.constant('replay' as const),
    who,
    fix: fc.record({ email: address, phone: fc.constantFrom('7', '8') }, { requiredKeys: [] }),
  }),
  fc.record({ does: fc.constant('dismiss' as const), who }),
);

/** A few clients and a sync; then some changes, a sync or what should have been one, some care, and so on. */
const play: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.array(added, { minLength: 2, maxLength: 4 }),
    fc.array(
      fc.tuple(fc.array(change, { minLength: 1, maxLength: 4 }), ending, fc.array(care, { maxLength: 4 })),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([first, rounds]) => [
    ...first,
    { does: 'sync' },
    ...rounds.flatMap(([changes, end, cares]) => [...changes, end, ...cares]),
  ]);

/** Milliseconds that each page takes: many pages at a time are one batch, one by one they overlap. */
const pace = fc.constantFrom(0, 6);

/** What has once gone wrong. */
const KEPT: Step[][] = [
  // The second of two clients with one address moves on, and somebody new has the old one.
  [
    { does: 'add', values: { name: 'Ann', email: 'ann', phone: '' } },
    { does: 'add', values: { name: 'Ben', email: 'ann', phone: '' } },
    { does: 'sync' },
    { does: 'edit', who: 1, values: { email: 'ben' } },
    { does: 'add', values: { name: 'zoe', email: 'ann', phone: '' } },
  ],
  // An address comes back to its first owner after somebody else has had it.
  [
    { does: 'add', values: { name: 'Ann', email: 'ann', phone: '' } },
    { does: 'add', values: { name: 'Ann', email: 'ann', phone: '' } },
    { does: 'sync' },
    { does: 'edit', who: 0, values: { email: 'cleo' } },
    { does: 'sync' },
    { does: 'add', values: { name: 'Ann', email: 'ann', phone: '' } },
    { does: 'sync' },
    { does: 'edit', who: 2, values: { email: 'ben' } },
    { does: 'share', who: 0, withWhom: 1 },
    { does: 'sync' },
  ],
  // Two change addresses with each other.
  [
    { does: 'add', values: { name: 'Ann', email: 'ann', phone: '' } },
    { does: 'add', values: { name: 'Ben', email: 'ben', phone: '' } },
    { does: 'sync' },
    { does: 'edit', who: 0, values: { email: 'ben' } },
    { does: 'edit', who: 1, values: { email: 'ann' } },
    { does: 'sync-again' },
  ],
  // A client wants the address of another lead, they are merged, and cannot be split while they share it.
  [
    { does: 'add', values: { name: 'Ann', email: 'ann', phone: '' } },
    { does: 'add', values: { name: 'Ben', email: 'ben', phone: '1' } },
    { does: 'sync' },
    { does: 'edit', who: 0, values: { email: 'ben' } },
    { does: 'sync' },
    { does: 'merge', who: 0, withWhom: 1 },
    { does: 'replay', who: 0, fix: {} },
    { does: 'split', who: 1 },
    { does: 'edit', who: 0, values: { email: 'ann' } },
    { does: 'sync' },
    { does: 'split', who: 1 },
  ],
  // Three become one; a newcomer comes with the address of the innermost and goes with it.
  [
    { does: 'add', values: { name: 'Ann', email: 'ann', phone: '' } },
    { does: 'add', values: { name: 'Ben', email: 'ben', phone: '' } },
    { does: 'add', values: { name: 'Cleo', email: 'cleo', phone: '3' } },
    { does: 'sync' },
    { does: 'merge', who: 1, withWhom: 2 },
    { does: 'merge', who: 0, withWhom: 1 },
    { does: 'add', values: { name: 'zoe', email: 'CLEO', phone: '' } },
    { does: 'sync-again' },
    { does: 'split', who: 3 },
    { does: 'sync-again' },
    { does: 'split', who: 1 },
  ],
  // What was put right lasts until the CRM says something else there; what was dismissed until it says anything else.
  [
    { does: 'add', values: { name: 'Ann', email: '', phone: '' } },
    { does: 'add', values: { name: 'Ben', email: 'no address', phone: '' } },
    { does: 'sync' },
    { does: 'replay', who: 0, fix: { email: 'ann', phone: '7' } },
    { does: 'dismiss', who: 0 },
    { does: 'sync-again' },
    { does: 'edit', who: 0, values: { phone: '1' } },
    { does: 'edit', who: 1, values: { name: 'zoe' } },
    { does: 'sync-again' },
    { does: 'edit', who: 0, values: { email: 'no address' } },
    { does: 'sync' },
    { does: 'edit', who: 0, values: { email: '' } },
    { does: 'sync-again' },
  ],
  // A newcomer takes an address that the page before gives up: each page by itself, the one on its way beside the other.
  [
    { does: 'add', values: { name: 'Ann', email: 'cleo', phone: '1' } },
    { does: 'add', values: { name: 'Cleo', email: 'ANN', phone: '' } },
    { does: 'add', values: { name: '100%', email: 'ben', phone: '' } },
    { does: 'add', values: { name: 'Ben', email: 'ANN', phone: ' 3 ' } },
    { does: 'sync' },
    { does: 'share', who: 3, withWhom: 4 },
    { does: 'edit', who: 2, values: { email: 'ANN' } },
    { does: 'sync' },
    { does: 'merge', who: 5, withWhom: 2 },
    { does: 'replay', who: 2, fix: { email: 'CLEO', phone: '7' } },
    { does: 'add', values: { name: 'Élodie', email: 'ANN', phone: '2' } },
    { does: 'add', values: { name: 'zoe', email: 'ann', phone: '1' } },
    { does: 'add', values: { name: '100%', email: 'cleo', phone: '2' } },
    { does: 'edit', who: 5, values: { email: 'ben' } },
    { does: 'sync' },
    { does: 'merge', who: 1, withWhom: 4 },
    { does: 'merge', who: 0, withWhom: 0 },
    { does: 'merge', who: 5, withWhom: 4 },
    { does: 'merge', who: 5, withWhom: 2 },
  ],
];

const PAGE = 4;

type Listed = { id: number } & Values;

const trimmed = ({ name, email, phone }: Values): Values => ({
  name: name.trim(),
  email: email.trim(),
  phone: phone.trim(),
});
const looks = ({ name, email, phone }: Values): string => JSON.stringify([name, email, phone]);

type Fix = { email?: string; phone?: string };
type Fixes = Partial<Record<keyof Values, { value: string; over: string }>>;

const fixedBy = (values: Values, fixes: Fixes): Values => {
  const fixed = { ...values };
  for (const [field, { value, over }] of Object.entries(fixes) as [keyof Values, Fixes['name'] & object][])
    if (values[field] === over) fixed[field] = value;
  return fixed;
};

/** The identity rules (design, section 6), told once more: a list, a few maps, no database. */
class Books {
  /** By client: the lead it would be by itself, and what was last taken of it. In the order in which they were linked. */
  readonly sources = new Map<number, { home: number; values: Values }>();
  readonly waiting = new Map<number, string>();
  readonly dismissed = new Set<number>();
  /** Which lead was merged into which. */
  readonly #into = new Map<number, number>();
  readonly #fixes = new Map<number, Fixes>();
  readonly #seen = new Map<number, Values>();
  #leads = 0;

  /** `whole`: the list was read to its end, so that those who want the address of another are looked at again. */
  take(clients: readonly Listed[], whole: boolean): void {
    let held = this.#pass(clients);
    if (!whole) return;
    for (let before = Number.POSITIVE_INFINITY; held.length < before;) {
      before = held.length;
      held = this.#pass(held);
    }
    for (const one of held) this.#note(one.id, trimmed(one), 'email.taken');
  }

  /** How many wait, and have not been dismissed. */
  get open(): number {
    return this.waiting.size - this.dismissed.size;
  }

  leadOf(id: number): number | null {
    const source = this.sources.get(id);
    return source === undefined ? null : this.#root(source.home);
  }

  /** The merged lead that this client came with, if it came with one. */
  partOf(id: number): number | null {
    const home = this.sources.get(id)?.home ?? null;
    return home === null || home === this.#root(home) ? null : home;
  }

  clientOf(home: number): number {
    return [...this.sources].find(([, source]) => source.home === home)![0];
  }

  merge(kept: number, merged: number): void {
    const moved = this.#sourcesOf(merged);
    this.#into.set(merged, kept);
    for (const [id, source] of moved) {
      this.sources.delete(id);
      this.sources.set(id, source);
    }
  }

  /** False when both would have one address. */
  split(part: number): boolean {
    const root = this.#root(part);
    const parent = this.#into.get(part)!;
    this.#into.delete(part);
    const keys = [...this.#keysOf(part).keys()];
    if (!keys.some((key) => this.#keysOf(root).has(key))) return true;
    this.#into.set(part, parent);
    return false;
  }

  /** Whether it can be taken now. */
  replay(id: number, fix: Fix): boolean {
    const said = this.#seen.get(id)!;
    const before = this.#fixes.get(id) ?? {};
    const more = Object.entries(fix).map(([field, value]) => [
      field,
      { value, over: said[field as keyof Values] },
    ]);
    this.#fixes.set(id, { ...before, ...Object.fromEntries(more) });
    if (this.#file(id, said) === null) this.#note(id, said, null);
    else this.#fixes.set(id, before);
    return !this.waiting.has(id);
  }

  #pass(clients: readonly Listed[]): Listed[] {
    return clients.filter((one) => {
      const said = trimmed(one);
      const mayHaveMoved = this.waiting.get(one.id) === 'email.taken' && !this.dismissed.has(one.id);
      const seen = this.#seen.get(one.id);
      if (seen !== undefined && looks(seen) === looks(said) && !mayHaveMoved) return false;
      const trouble = this.#file(one.id, said);
      if (trouble === 'email.taken') return true;
      this.#note(one.id, said, trouble);
      return false;
    });
  }

  #note(id: number, said: Values, trouble: string | null): void {
    this.#seen.set(id, said);
    this.dismissed.delete(id);
    if (trouble === null) this.waiting.delete(id);
    else this.waiting.set(id, trouble);
    const still = Object.entries(this.#fixes.get(id) ?? {}).filter(
      ([field, { over }]) => said[field as keyof Values] === over,
    );
    this.#fixes.set(id, Object.fromEntries(still));
  }

  #file(id: number, said: Values): string | null {
    const values = fixedBy(said, this.#fixes.get(id) ?? {});
    if (values.email === '') return 'email.missing';
    if (!values.email.includes('@')) return 'email.invalid';
    const known = this.sources.get(id);
    const owner = this.#owner(values.email);
    if (known === undefined) {
      this.sources.set(id, { home: owner ?? (this.#leads += 1), values });
      return null;
    }
    const isNew = known.values.email.toLowerCase() !== values.email.toLowerCase();
    if (isNew && owner !== null && this.#root(owner) !== this.#root(known.home)) return 'email.taken';
    known.values = values;
    return null;
  }

  /** The part, by itself a lead, that this address belongs to. */
  #owner(wanted: string): number | null {
    for (const root of this.#roots()) {
      const home = this.#keysOf(root).get(wanted.toLowerCase());
      if (home !== undefined) return home;
    }
    return null;
  }

  /** The address of each part, which its first client gives; of two that share one the lead's own comes first. */
  #keysOf(root: number): Map<string, number> {
    const sources = this.#sourcesOf(root).map(([, source]) => source);
    const homes = [...new Set([root, ...sources.map(({ home }) => home)])];
    const keys = new Map<string, number>();
    for (const home of homes) {
      const key = sources.find((source) => source.home === home)!.values.email.toLowerCase();
      if (!keys.has(key)) keys.set(key, home);
    }
    return keys;
  }

  #root(home: number): number {
    const parent = this.#into.get(home);
    return parent === undefined ? home : this.#root(parent);
  }

  #roots(): number[] {
    return [...new Set([...this.sources.values()].map(({ home }) => this.#root(home)))];
  }

  #sourcesOf(root: number) {
    return [...this.sources].filter(([, { home }]) => this.#root(home) === root);
  }

  /** Each lead with its own values and its clients, the primary one first. */
  leads(): Told[] {
    return this.#roots().map((root) => {
      const sources = this.#sourcesOf(root);
      const first = sources[0]![1].values;
      return {
        name: first.name,
        email: first.email,
        phone: sources.map(([, { values }]) => values.phone).find((value) => value !== '') ?? null,
        clients: sources.map(([id]) => String(id)),
        merged: new Set(sources.map(([, { home }]) => home)).size - 1,
      };
    });
  }
}

type Told = { name: string; email: string; phone: string | null; clients: string[]; merged: number };

const byClient = (one: { clients: string[] }, other: { clients: string[] }): number =>
  Number(one.clients[0]) - Number(other.clients[0]);

/** A company in the CRM, its connection, and what our books should say about it. */
type Play = { company: Company; connection: Connection; books: Books };

/** The first so many clients in the order of the list. */
const listed = ({ company }: Play, most = Number.POSITIVE_INFINITY): Listed[] =>
  company.crm
    .list({ order: 'name', deleted: false, search: '' })
    .slice(0, most)
    .map(({ id, name, email, phone }) => ({ id, name, email: email ?? '', phone: phone ?? '' }));

const syncs = async (play: Play): Promise<string[]> => {
  const events = await world.appended(async () => {
    const { stats, status } = await world.sync(play.connection);
    const { clients_quarantined: waiting, clients_fetched: fetched } = stats;
    expect(status).toBe(waiting > 0 ? 'succeeded-with-errors' : 'succeeded');
    expect(fetched).toBe(play.company.crm.count);
    play.books.take(listed(play), true);
    expect(waiting).toBe(play.books.open);
  });
  return events.map(({ type }) => type).filter((type) => !type.startsWith('Sync'));
};

/** The lead that the service has this client under, and the merged one that it came with. */
const filed = async (
  { connection }: Play,
  client: number,
): Promise<{ lead: string; part: string | null }> => {
  const [row] = await world.rows<{ lead: string; part: string | null }>(
    'select lead_id as lead, home_id as part from lead_sources where connection_id = $1 and external_id = $2',
    [connection.id, String(client)],
  );
  return row!;
};

const merges = async (play: Play, one: number, other: number): Promise<void> => {
  const [kept, merged] = [play.books.leadOf(one), play.books.leadOf(other)];
  if (kept === null || merged === null) return;
  const [{ lead }, { lead: leadId }] = [await filed(play, one), await filed(play, other)];
  const { status } = await world.api('POST', `/api/leads/${lead}/merge`, { leadId });
  expect(status).toBe(kept === merged ? 400 : 200);
  if (kept !== merged) play.books.merge(kept, merged);
};

const splits = async (play: Play, one: number): Promise<void> => {
  const part = play.books.partOf(one);
  if (part === null) return;
  const { lead, part: leadId } = await filed(play, one);
  const { status } = await world.api('POST', `/api/leads/${lead}/split`, { leadId });
  expect(status).toBe(play.books.split(part) ? 200 : 409);
};

const aside = async (
  { connection, books }: Play,
  who: number,
): Promise<{ client: number; path: string } | null> => {
  const client = [...books.waiting.keys()][who % Math.max(1, books.waiting.size)];
  if (client === undefined) return null;
  const status = books.dismissed.has(client) ? 'dismissed' : 'waiting';
  const all = await world.all<Waiting>(`/api/quarantine?connectionId=${connection.id}&status=${status}`);
  const found = all.find(({ externalId }) => externalId === String(client))!;
  return { client, path: `/api/quarantine/${found.id}` };
};

const replays = async (play: Play, who: number, fix: Fix): Promise<void> => {
  const found = await aside(play, who);
  if (found === null) return;
  const { status } = await world.api('POST', `${found.path}/replay`, { fix });
  expect(status).toBe(play.books.replay(found.client, fix) ? 200 : 422);
};

const dismisses = async (play: Play, who: number): Promise<void> => {
  const found = await aside(play, who);
  if (found === null) return;
  expect((await world.api('POST', `${found.path}/dismiss`)).status).toBe(200);
  play.books.dismissed.add(found.client);
};

const perform = async (play: Play, step: Step): Promise<void> => {
  const { company, connection } = play;
  const { crm } = company;
  const own = <Some extends { email?: string }>(said: Some): Some =>
    said.email !== undefined && /^\w+$/.test(said.email)
      ? { ...said, email: `${said.email}@${company.account.company}.example.com` }
      : said;
  const one = (index: number) => crm.all()[index % Math.max(1, crm.all().length)];
  switch (step.does) {
    case 'add':
      crm.add(own(step.values));
      return;
    case 'edit':
      crm.change(one(step.who)?.id ?? 0, own(step.values));
      return;
    case 'share':
      crm.change(one(step.who)?.id ?? 0, { email: one(step.withWhom)?.email ?? '' });
      return;
    case 'sync':
      await syncs(play);
      return;
    case 'merge':
      await merges(play, one(step.who)?.id ?? 0, one(step.withWhom)?.id ?? 0);
      return;
    case 'split':
      await splits(play, one(step.who)?.id ?? 0);
      return;
    case 'replay':
      await replays(play, step.who, own(step.fix));
      return;
    case 'dismiss':
      await dismisses(play, step.who);
      return;
    case 'sync-again':
      await syncs(play);
      expect(await syncs(play)).toEqual([]);
      return;
    case 'fail': {
      company.faults.set({ troubles: [{ kind: 'status', value: 400, on: 'clients', page: step.page }] });
      const { status } = await world.api('POST', `/api/connections/${connection.id}/sync`);
      company.faults.set({ troubles: [] });
      const pages = Math.max(1, Math.ceil(crm.count / PAGE));
      expect(status).toBe(step.page <= pages ? 502 : 200);
      const isWhole = step.page > pages;
      play.books.take(listed(play, isWhole ? crm.count : (step.page - 1) * PAGE), isWhole);
    }
  }
};

const expectBooks = async ({ connection, books }: Play): Promise<void> => {
  const leads = await world.all<Lead>(`/api/leads?source=${connection.id}`);
  const found = leads.map(({ name, email, phone, sources, mergedLeads }) => {
    expect(sources.map(({ primary }) => primary)).toEqual(sources.map((_, index) => index === 0));
    const clients = sources.map(({ externalId }) => externalId);
    return { name, email, phone, clients, merged: mergedLeads.length };
  });
  expect(found.toSorted(byClient)).toEqual(books.leads().toSorted(byClient));
  const waiting = await world.all<Waiting>(`/api/quarantine?connectionId=${connection.id}`);
  const path = `/api/quarantine?status=dismissed&connectionId=${connection.id}`;
  const dismissed = await world.all<Waiting>(path);
  expect(
    Object.fromEntries([...waiting, ...dismissed].map(({ externalId, code }) => [externalId, code])),
  ).toEqual(Object.fromEntries(books.waiting));
  expect(new Set(dismissed.map(({ externalId }) => Number(externalId)))).toEqual(books.dismissed);
};

/** What must hold in the database at every moment; each statement finds what does not. */
const BROKEN = {
  'a client is linked twice': `select connection_id, external_id from lead_sources
    group by 1, 2 having count(*) > 1`,
  'two leads have one e-mail': `select email_key from leads where email_key is not null group by 1 having count(*) > 1`,
  'a lead has no source': `select id from leads l
    where (merged_into is null) <> exists (select from lead_sources where lead_id = l.id)`,
  'a merged lead went into another one that is merged': `select l.id from leads l join leads o on o.id = l.merged_into
    where o.merged_into is not null`,
  'a merged lead holds values': `select id from leads
    where merged_into is not null and coalesce(name, email, phone) is not null`,
  'a source has no lead': `select lead_id from lead_sources s where not exists (select from leads where id = s.lead_id)`,
  'a stream has gaps': `select stream from events group by stream
    having count(*) <> max(version) or min(version) <> 1`,
  'the log has gaps': `select from events having count(*) <> coalesce(max(position), 0)`,
  'the head is not the last event': `select from event_log l
    where not exists (select from events e where e.position = l.position and e.hash = l.hash)`,
  'the chain is broken': `select from event_log where first_bad_event(1, position) is not null`,
  'a version differs from its stream': `select id from leads l
    where version <> (select max(version) from events where stream = 'lead-' || l.id)`,
  'a run does not balance': `select id from sync_runs where (counts ->> 'fetched')::int <> (
    select sum(value::int) from jsonb_each_text(counts::jsonb - 'bookings') where key <> 'fetched')`,
  'a run goes on for ever': `select id from sync_runs r where status = 'running'
    and not exists (select from active_runs where run_id = r.id)`,
};

it('whatever happens in the CRM and between the syncs, the books say at the end what the CRM holds', async () => {
  await fc.assert(
    fc.asyncProperty(play, pace, async (steps, latency) => {
      const company = await world.companies.open({ switches: { onPageCap: PAGE, latency } });
      const play = { company, connection: await world.connect(company), books: new Books() };
      for (const one of steps) await perform(play, one);
      await syncs(play);
      await expectBooks(play);
      expect(await syncs(play)).toEqual([]);
      for (const [what, statement] of Object.entries(BROKEN)) {
        expect([what, await world.rows(statement)]).toEqual([what, []]);
      }
    }),
    {
      examples: KEPT.flatMap((steps): [Step[], number][] => [
        [steps, 0],
        [steps, 6],
      ]),
      numRuns: 80,
      interruptAfterTimeLimit: 45_000,
      markInterruptAsFailure: false,
    },
  );
});
