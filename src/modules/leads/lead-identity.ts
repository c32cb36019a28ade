import { randomUUID } from 'node:crypto';
import type { LeadMatch, Source, SourceClient } from './contract.ts';
import { emailKey } from './email-key.ts';

/** A source of a lead and the key of its e-mail, if it has one. */
export type KeyedSource = Source & { emailKey: string | null };

/** What is known of the leads that a page can touch: their sources in the order they were linked, and who has which key. */
export type KnownLeads = {
  sources: ReadonlyMap<string, readonly KeyedSource[]>;
  owners: ReadonlyMap<string, string>;
};

type Policy = 'quarantine' | 'import';

/** The lead's key is that of its e-mail, which the first source that has one gives. */
const keyOf = (sources: readonly KeyedSource[]): string | null =>
  sources.find((source) => source.emailKey !== null)?.emailKey ?? null;

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

class Books {
  private readonly sources: Map<string, readonly KeyedSource[]>;
  private readonly owners: Map<string, string>;
  private readonly leads = new Map<string, string>();

  constructor({ sources, owners }: KnownLeads) {
    this.sources = new Map(sources);
    this.owners = new Map(owners);
    for (const [leadId, all] of sources) for (const source of all) this.leads.set(nameOf(source), leadId);
  }

  leadOf(source: Source): string | undefined {
    return this.leads.get(nameOf(source));
  }

  ownerOf(key: string | null): string | undefined {
    return key === null ? undefined : this.owners.get(key);
  }

  sourcesOf(leadId: string): readonly KeyedSource[] {
    return this.sources.get(leadId) ?? [];
  }

  put(leadId: string, sources: readonly KeyedSource[]): void {
    const before = keyOf(this.sourcesOf(leadId));
    const after = keyOf(sources);
    if (before !== null && before !== after && this.owners.get(before) === leadId) this.owners.delete(before);
    if (after !== null) this.owners.set(after, leadId);
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

/** Rules 2 and 3: the lead that has the e-mail, or a new one. */
const link = (source: KeyedSource, books: Books): LeadMatch => {
  const leadId = books.ownerOf(source.emailKey) ?? randomUUID();
  books.put(leadId, [...books.sourcesOf(leadId), source]);
  return { leadId };
};

/** Rule 1: its own lead, unless that would give one e-mail to two leads. */
const keep = (source: KeyedSource, leadId: string, books: Books): LeadMatch => {
  const before = books.sourcesOf(leadId);
  const after = before.map((other) => (nameOf(other) === nameOf(source) ? source : other));
  const old = before.find((other) => nameOf(other) === nameOf(source));
  const isMoved = old?.emailKey !== source.emailKey;
  const owner = books.ownerOf(isMoved ? source.emailKey : null) ?? leadId;
  if (owner !== leadId) {
    return taken(`has an e-mail address that belongs to lead ${owner}, while the client is lead ${leadId}`);
  }
  const heir = books.ownerOf(keyOf(after)) ?? leadId;
  if (heir !== leadId) {
    return taken(`would leave its lead ${leadId} with an e-mail address that belongs to lead ${heir}`);
  }
  books.put(leadId, after);
  return { leadId };
};

const taken = (detail: string): LeadMatch => ({ code: 'email.taken', detail });
