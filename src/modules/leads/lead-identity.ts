import { randomUUID } from 'node:crypto';
import { Collision } from '../../shared/event-store/decider.ts';
import type { LeadMatch, Source, SourceClient } from './contract.ts';
import { emailKey } from './email-key.ts';
import { homeOf, inOrder } from './lead.decider.ts';
import type { FiledSource, Lead } from './lead.decider.ts';

/**
 * A source of a lead, the key of its e-mail, if it has one, the lead it would be by itself were nothing merged, and since
 * when the CRM has it no more.
 */
export type KeyedSource = Source & { emailKey: string | null; home: string; gone?: string | null };

/** The lead that an e-mail belongs to, and the part of it that brought the e-mail along. */
export type Owner = { leadId: string; home: string };

/** What is known of the leads that a page can touch: their sources in the order they were linked, and who has which key. */
export type KnownLeads = {
  sources: ReadonlyMap<string, readonly KeyedSource[]>;
  owners: ReadonlyMap<string, Owner>;
};

type Policy = 'quarantine' | 'import';

/**
 * The keys that a lead has, each with the part that holds it: one for itself and one for every lead that was merged into
 * it, so that a split finds everything as if there had been no merge. A part's key is that of its e-mail, which the first
 * of its sources that has one gives; what two parts share belongs to the first.
 */
export const keysOf = (leadId: string, all: readonly KeyedSource[]): Map<string, string> => {
  const keys = new Map<string, string>();
  if (all.length === 0) return keys;
  const sources = inOrder(all);
  const done = new Set<string>();
  const own = sources.filter(({ home }) => home === leadId);
  const others = own.length === sources.length ? [] : sources.filter(({ home }) => home !== leadId);
  for (const { home, emailKey: key } of [...own, ...others]) {
    if (key === null || done.has(home)) continue;
    done.add(home);
    if (!keys.has(key)) keys.set(key, home);
  }
  return keys;
};

/** The keys of a lead with these sources, each with the part that holds it. */
export const keysIn = (leadId: string, sources: readonly FiledSource[]): ReadonlyMap<string, string> =>
  keysOf(
    leadId,
    sources.map((source) => {
      const email = emailKey(source.email);
      return { ...source, emailKey: 'key' in email ? email.key : null, home: homeOf(leadId, source) };
    }),
  );

/** Decides only if that part of the lead still has the e-mail by which it was found. @throws Collision */
export const found =
  <E>(leadId: string, { home, by }: { home: string; by?: string }, decide: (state: Lead) => E[]) =>
  (state: Lead): E[] => {
    if (by !== undefined && keysIn(leadId, state?.sources ?? []).get(by) !== home)
      throw new Collision(`Lead ${leadId}`);
    return decide(state);
  };

const nameOf = ({ connectionId, externalId }: Source): string => `${connectionId}/${externalId}`;

/**
 * Decides whose lead each client is, one after the other, as if each were the only one of its page: what an earlier client
 * changes (an e-mail that moves on is free for the next one) counts for the later ones.
 */
export const matchAll = (
  clients: readonly SourceClient[],
  known: KnownLeads,
  clientsWithoutEmail: Policy,
): LeadMatch[] => {
  const books = new Books(known);
  return clients.map((client) => match(client, books, clientsWithoutEmail));
};

/**
 * Whether each of these clients can go, one after the other. `leads`: its lead would be left with the e-mail address of the
 * second one, because the next of its clients has moved on to that. Null for a client that is nobody's.
 */
export const loseAll = (
  lost: readonly (Source & { at: string })[],
  known: KnownLeads,
): ({ leadId: string } | { leads: [string, string] } | null)[] => {
  const books = new Books(known);
  return lost.map((source) => {
    const leadId = books.leadOf(source);
    if (leadId === undefined) return null;
    const before = books.sourcesOf(leadId);
    const after = before.map((other) =>
      nameOf(other) === nameOf(source) ? { ...other, gone: source.at } : other,
    );
    const heir = heirOf(keysOf(leadId, after), leadId, books);
    if (heir !== leadId) return { leads: [leadId, heir] };
    books.put(leadId, after);
    return { leadId };
  });
};

class Books {
  private readonly sources: Map<string, readonly KeyedSource[]>;
  private readonly owners: Map<string, Owner>;
  private readonly leads = new Map<string, string>();

  constructor({ sources, owners }: KnownLeads) {
    this.sources = new Map(sources);
    this.owners = new Map(owners);
    for (const [leadId, all] of sources) for (const source of all) this.leads.set(nameOf(source), leadId);
  }

  leadOf(source: Source): string | undefined {
    return this.leads.get(nameOf(source));
  }

  ownerOf(key: string | null): Owner | undefined {
    return key === null ? undefined : this.owners.get(key);
  }

  sourcesOf(leadId: string): readonly KeyedSource[] {
    return this.sources.get(leadId) ?? [];
  }

  put(leadId: string, sources: readonly KeyedSource[]): void {
    for (const [key] of keysOf(leadId, this.sourcesOf(leadId)))
      if (this.owners.get(key)?.leadId === leadId) this.owners.delete(key);
    for (const [key, home] of keysOf(leadId, sources)) this.owners.set(key, { leadId, home });
    this.sources.set(leadId, sources);
    for (const source of sources) this.leads.set(nameOf(source), leadId);
  }
}

const match = (client: SourceClient, books: Books, clientsWithoutEmail: Policy): LeadMatch => {
  if (client.values.name === null) return { code: 'name.missing', detail: 'has no name' };
  const email = emailKey(client.values.email);
  if ('code' in email && (email.code === 'email.invalid' || clientsWithoutEmail === 'quarantine'))
    return email;
  const { connectionId, externalId } = client;
  const source = { connectionId, externalId, emailKey: 'key' in email ? email.key : null };
  const leadId = books.leadOf(source);
  return leadId === undefined ? link(source, books) : keep(source, leadId, books);
};

type Keyed = Omit<KeyedSource, 'home' | 'gone'>;

/** Rules 2 and 3: the lead that has the e-mail, or a new one. */
const link = (source: Keyed, books: Books): LeadMatch => {
  const found = books.ownerOf(source.emailKey);
  const owner = found ?? asOwner(randomUUID());
  books.put(owner.leadId, [...books.sourcesOf(owner.leadId), { ...source, home: owner.home }]);
  return found === undefined || source.emailKey === null ? owner : { ...owner, by: source.emailKey };
};

const asOwner = (leadId: string): Owner => ({ leadId, home: leadId });

/** Rule 1: its own lead, unless that would give one e-mail to two leads. */
const keep = (source: Keyed, leadId: string, books: Books): LeadMatch => {
  const before = books.sourcesOf(leadId);
  const old = before.find((other) => nameOf(other) === nameOf(source));
  const home = old?.home ?? leadId;
  const after = before.map((other) => (other === old ? { ...source, home } : other));
  const isMoved = old?.emailKey !== source.emailKey;
  const owner = books.ownerOf(isMoved ? source.emailKey : null)?.leadId ?? leadId;
  if (owner !== leadId) {
    const detail = `has an e-mail address that belongs to lead ${owner}, while the client is lead ${leadId}`;
    return { code: 'email.taken', detail, leads: [leadId, owner] };
  }
  const keys = keysOf(leadId, after);
  const heir = heirOf(keys, leadId, books);
  if (heir !== leadId) {
    const detail = `would leave its lead ${leadId} with an e-mail address that belongs to lead ${heir}`;
    return { code: 'email.taken', detail, leads: [leadId, heir] };
  }
  books.put(leadId, after);
  const isUnsure = isMoved && source.emailKey !== null && !keys.has(source.emailKey);
  return { leadId, home, ...(isUnsure && { unsure: true }) };
};

/** Another lead that has one of these keys already; `leadId` when there is none. */
const heirOf = (keys: ReadonlyMap<string, string>, leadId: string, books: Books): string => {
  for (const key of keys.keys()) {
    const owner = books.ownerOf(key)?.leadId ?? leadId;
    if (owner !== leadId) return owner;
  }
  return leadId;
};
