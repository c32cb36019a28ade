import { LeadList } from '../../src/modules/leads/lead-list.read-model.ts';
import type { LeadRow } from '../../src/modules/leads/lead-list.read-model.ts';
import { MatchLeads, UpsertLeads } from '../../src/modules/leads/contract.ts';
import type { LeadMatch, LeadUpserted, LeadValues } from '../../src/modules/leads/contract.ts';
import { MatchLeadsHandler } from '../../src/modules/leads/match-leads.ts';
import { UpsertLeadsHandler } from '../../src/modules/leads/upsert-leads.ts';
import type { Decision } from '../../src/shared/event-store/decider.ts';
import { openTestStore } from '../shared/event-store-harness.ts';
import type { TestStore } from '../shared/event-store-harness.ts';

/** A client of a company, as short as tests want to write it. */
export type Guest = { id: string } & Partial<LeadValues>;

/** Per client: what became of the lead, or why it can be nobody's. */
export type Verdict =
  | LeadUpserted['data']['change']
  | 'unchanged'
  | Exclude<LeadMatch, { leadId: string }>['code'];

/** The books as a sync sees them: clients are matched, and those that match become leads, in one transaction. */
export type Books = {
  store: TestStore;
  leads: LeadList;
  /** Takes a page of clients; `email` is `<id>@example.com` and `name` the id unless they are said. */
  page(connectionId: string, guests: Guest[], withoutEmail?: 'quarantine' | 'import'): Promise<Verdict[]>;
  /** Every lead by the clients it comes from, the primary one first: `1+2: <e-mail>`. */
  summary(): Promise<string[]>;
  all(): Promise<LeadRow[]>;
  close(): Promise<void>;
};

const BY = { actor: 'cli', correlationId: 'test', causationId: null };
/** The books know no client's own events. */
const NOTHING: Decision = { stream: 'nothing', decide: () => [] };

export const valuesOf = ({ id, ...said }: Guest): LeadValues => ({
  name: id,
  email: `${id}@example.com`,
  phone: null,
  ...said,
});

export const openBooks = async (): Promise<Books> => {
  const store = await openTestStore();
  const leads = new LeadList(store.database);
  store.events.subscribe(leads);
  const match = new MatchLeadsHandler(leads);
  const upsert = new UpsertLeadsHandler();

  const page: Books['page'] = (connectionId, guests, withoutEmail = 'quarantine') => {
    const clients = guests.map((guest) => ({ connectionId, externalId: guest.id, values: valuesOf(guest) }));
    return store.events.transaction(async () => {
      const matches = await match.execute(new MatchLeads(clients, withoutEmail));
      const upserts = clients.flatMap((client, index) => {
        const found = matches[index]!;
        return 'leadId' in found ? [{ ...client, ...found, cause: NOTHING }] : [];
      });
      const recorded = await store.events.transact(await upsert.execute(new UpsertLeads(upserts, 'DE')), BY);
      const outcomes = recorded.map(
        ([event]) => (event as LeadUpserted | undefined)?.data.change ?? 'unchanged',
      );
      return matches.map((found) => ('leadId' in found ? outcomes.shift()! : found.code));
    });
  };
  const all = () => leads.page({ sort: 'createdAt', after: null, limit: 10_000 });
  const summary = async () => {
    const lines = (await all()).map(
      ({ sources, email }) => `${sources.map(({ externalId }) => externalId).join('+')}: ${email ?? 'none'}`,
    );
    return lines.toSorted((a, b) => a.localeCompare(b));
  };
  return { store, leads, page, summary, all, close: () => store.close() };
};
