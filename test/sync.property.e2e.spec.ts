import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Company } from './companies.ts';
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
  | { does: 'sync-again' };

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

/** A few clients and a sync; then some changes, a sync or what should have been one, and so on. */
const play: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.array(added, { minLength: 2, maxLength: 4 }),
    fc.array(fc.tuple(fc.array(change, { minLength: 1, maxLength: 4 }), ending), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([first, rounds]) => [
    ...first,
    { does: 'sync' },
    ...rounds.flatMap(([changes, end]) => [...changes, end]),
  ]);

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
];

const PAGE = 4;

type Listed = { id: number } & Values;

const trimmed = ({ name, email, phone }: Listed): Values => ({
  name: name.trim(),
  email: email.trim(),
  phone: phone.trim(),
});
const looks = (one: Listed): string => JSON.stringify(trimmed(one));

/** The identity rules (design, section 6), told once more: a list, a map, no database. */
class Books {
  /** By client: which lead, and what was last taken of it. In the order in which they were linked. */
  readonly sources = new Map<number, { lead: number; values: Values }>();
  readonly waiting = new Map<number, string>();
  readonly #seen = new Map<number, string>();
  #leads = 0;

  /** `whole`: the list was read to its end, so that those who want the address of another are looked at again. */
  take(clients: readonly Listed[], whole: boolean): void {
    let held = this.#pass(clients);
    if (!whole) return;
    for (let before = Number.POSITIVE_INFINITY; held.length < before;) {
      before = held.length;
      held = this.#pass(held);
    }
    for (const one of held) {
      this.waiting.set(one.id, 'email.taken');
      this.#seen.set(one.id, looks(one));
    }
  }

  #pass(clients: readonly Listed[]): Listed[] {
    return clients.filter((one) => {
      const mayHaveMoved = this.waiting.get(one.id) === 'email.taken';
      if (this.#seen.get(one.id) === looks(one) && !mayHaveMoved) return false;
      const trouble = this.#file(one.id, trimmed(one));
      if (trouble === 'email.taken') return true;
      this.#seen.set(one.id, looks(one));
      if (trouble === null) this.waiting.delete(one.id);
      else this.waiting.set(one.id, trouble);
      return false;
    });
  }

  #file(id: number, values: Values): string | null {
    if (values.email === '') return 'email.missing';
    if (!values.email.includes('@')) return 'email.invalid';
    const known = this.sources.get(id);
    const owner = this.#owner(values.email);
    if (known === undefined) {
      this.sources.set(id, { lead: owner ?? (this.#leads += 1), values });
      return null;
    }
    const isNew = known.values.email.toLowerCase() !== values.email.toLowerCase();
    if (isNew && owner !== null && owner !== known.lead) return 'email.taken';
    known.values = values;
    return null;
  }

  #owner(wanted: string): number | null {
    for (const lead of new Set([...this.sources.values()].map((source) => source.lead))) {
      if (this.#sourcesOf(lead)[0]?.[1].values.email.toLowerCase() === wanted.toLowerCase()) return lead;
    }
    return null;
  }

  #sourcesOf(lead: number) {
    return [...this.sources].filter(([, source]) => source.lead === lead);
  }

  /** Each lead with its own values and its clients, the primary one first. */
  leads(): { name: string; email: string; phone: string | null; clients: string[] }[] {
    return [...new Set([...this.sources.values()].map(({ lead }) => lead))].map((lead) => {
      const sources = this.#sourcesOf(lead);
      const first = sources[0]![1].values;
      return {
        name: first.name,
        email: first.email,
        phone: sources.map(([, { values }]) => values.phone).find((value) => value !== '') ?? null,
        clients: sources.map(([id]) => String(id)),
      };
    });
  }
}

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
  });
  play.books.take(listed(play), true);
  return events.map(({ type }) => type).filter((type) => !type.startsWith('Sync'));
};

const perform = async (play: Play, step: Step): Promise<void> => {
  const { company, connection } = play;
  const { crm } = company;
  const own = ({ email, ...rest }: Partial<Values>): Partial<Values> => ({
    ...rest,
    ...(email === undefined
      ? {}
      : { email: /^\w+$/.test(email) ? `${email}@${company.account.company}.example.com` : email }),
  });
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
  const found = leads.map(({ name, email, phone, sources }) => {
    expect(sources.map(({ primary }) => primary)).toEqual(sources.map((_, index) => index === 0));
    return { name, email, phone, clients: sources.map(({ externalId }) => externalId) };
  });
  expect(found.toSorted(byClient)).toEqual(books.leads().toSorted(byClient));
  const waiting = await world.all<Waiting>(`/api/quarantine?connectionId=${connection.id}`);
  expect(Object.fromEntries(waiting.map(({ externalId, code }) => [externalId, code]))).toEqual(
    Object.fromEntries(books.waiting),
  );
};

/** What must hold in the database at every moment; each statement finds what does not. */
const BROKEN = {
  'a client is linked twice': `select connection_id, external_id from lead_sources
    group by 1, 2 having count(*) > 1`,
  'two leads have one e-mail': `select email_key from leads where email_key is not null group by 1 having count(*) > 1`,
  'a lead has no source': `select id from leads l where not exists (select from lead_sources where lead_id = l.id)`,
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
    fc.asyncProperty(play, async (steps) => {
      const company = await world.companies.open({ switches: { onPageCap: PAGE } });
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
      examples: KEPT.map((steps) => [steps]),
      numRuns: 80,
      interruptAfterTimeLimit: 45_000,
      markInterruptAsFailure: false,
    },
  );
}, 120_000);
