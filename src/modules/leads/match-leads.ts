import { randomUUID } from 'node:crypto';
import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { MatchLeads } from './contract.ts';
import type { LeadMatch, SourceClient } from './contract.ts';
import { emailKey } from './email-key.ts';
import { LeadList } from './lead-list.read-model.ts';
import type { KnownSource } from './lead-list.read-model.ts';

@QueryHandler(MatchLeads)
export class MatchLeadsHandler implements IQueryHandler<MatchLeads> {
  constructor(private readonly leads: LeadList) {}

  async execute({ clients, clientsWithoutEmail }: MatchLeads): Promise<LeadMatch[]> {
    const keys = clients.map(({ values }) => emailKey(values.email));
    const known = await this.leads.sources(clients);
    const owners = await this.leads.ownersOf(keys.flatMap((key) => ('key' in key ? [key.key] : [])));
    const books = new Books(known, owners);
    return clients.map((client, index) => match(client, keys[index]!, books, clientsWithoutEmail));
  }
}

/** Whose e-mail is whose, kept up to date while a page is matched client by client. */
class Books {
  constructor(
    private readonly known: ReadonlyMap<string, KnownSource>,
    private readonly owners: Map<string, string>,
  ) {}

  source(externalId: string): KnownSource | undefined {
    return this.known.get(externalId);
  }

  owner(key: string): string | undefined {
    return this.owners.get(key);
  }

  /** The lead goes by `key` from now on, and no longer by the one it had, if that was this source's. */
  move(leadId: string, key: string, source?: KnownSource): void {
    if (source !== undefined && source.emailKey !== source.leadEmailKey) return;
    const old = source?.emailKey ?? null;
    if (old !== null && this.owners.get(old) === leadId) this.owners.delete(old);
    this.owners.set(key, leadId);
  }
}

const match = (
  { externalId, values }: SourceClient,
  email: ReturnType<typeof emailKey>,
  books: Books,
  clientsWithoutEmail: 'quarantine' | 'import',
): LeadMatch => {
  if (values.name === null) return { code: 'name.missing', detail: 'has no name' };
  const source = books.source(externalId);
  if ('code' in email) {
    if (email.code === 'email.missing' && clientsWithoutEmail === 'import') {
      return { leadId: source?.leadId ?? randomUUID() };
    }
    return email;
  }
  const owner = books.owner(email.key);
  if (source === undefined) {
    const leadId = owner ?? randomUUID();
    if (owner === undefined) books.move(leadId, email.key);
    return { leadId };
  }
  const isNew = source.emailKey !== email.key;
  if (isNew && owner !== undefined && owner !== source.leadId) {
    const detail = `has an e-mail address that belongs to lead ${owner}, while the client is lead ${source.leadId}`;
    return { code: 'email.taken', detail };
  }
  if (isNew && owner === undefined) books.move(source.leadId, email.key, source);
  return { leadId: source.leadId };
};
