import { Query } from '@nestjs/cqrs';
import { Refusal } from '../../shared/errors.ts';
import type { Event } from '../../shared/event-store/event.ts';

/** One company in one CRM, as anybody may see it: never a secret. */
export type Connection = {
  id: string;
  provider: 'simplybook';
  name: string;
  company: string;
  login: string;
  domain: string;
  timezone: string | null;
  clientsWithoutEmail: 'quarantine' | 'import';
  status: 'connected' | 'needs-attention' | 'disconnected';
  attention: { code: string; detail: string } | null;
  schedule: { cron: string; timezone: string } | null;
  nextSyncAt: string | null;
  lastSyncedAt: string | null;
  createdAt: string;
  version: number;
};

export const connectionDisconnected = (): Refusal =>
  new Refusal(
    'conflict',
    'connection-disconnected',
    'This connection has been disconnected and its credentials are gone. Connect the company again.',
  );

/** The connection, or a refusal `not-found`. */
export class GetConnection extends Query<Connection> {
  constructor(readonly connectionId: string) {
    super();
  }
}

/** Blank parts are null; `country` is ISO 3166-1 alpha-2, `state` whatever the CRM calls it. */
export type Address = {
  line1: string | null;
  line2: string | null;
  city: string | null;
  zip: string | null;
  country: string | null;
  state: string | null;
};

/** What a company asks of its clients beside the usual, for example a birthday. `title` is what people call it. */
export type CustomField = { id: string; title: string; value: string };

/** A client as the CRM lists it. Texts are as the CRM wrote them, trimmed; blank ones are null. */
export type CrmClient = {
  externalId: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  /** Null when every part is blank; not there when the CRM does not show it, which does not mean that there is none. */
  address?: Address | null;
  /** As received, parsed and nothing else: not safe to store before `storable` has seen it. */
  record: unknown;
};

/** A record that cannot be taken for a client. `externalId` is null when not even its id can be read. */
export type UnreadableRecord = { externalId: string | null; detail: string; record: unknown };

/** What one request for clients brought. Clients the CRM marks as deleted are in none of the lists. */
export type ClientPage = {
  clients: CrmClient[];
  unreadable: UnreadableRecord[];
  /** How many clients the CRM says there are; null when it does not say. */
  announced: number | null;
  /** Set on the last page only: whether the whole list has provably been seen, and if not, why. */
  end: { complete: true } | { complete: false; reason: string } | null;
};

/**
 * The client list of a connection, page by page, each client once. Ends with a page whose `end` is set, or throws a
 * Refusal `crm-…` when no complete page can be had after bounded retries.
 */
export abstract class CrmClients {
  abstract pages(connectionId: string, signal: AbortSignal): AsyncGenerator<ClientPage, void, undefined>;
}

/** `personal` of a connection: who signs in, and what people call it. */
export type ConnectionLabels = { name: string; login: string };
type ConnectionFacts = { connectionId: string };

export type CrmConnected = Event<
  'CrmConnected',
  ConnectionFacts & {
    provider: 'simplybook';
    company: string;
    domain: string;
    timezone: string | null;
    clientsWithoutEmail: 'quarantine' | 'import';
  },
  ConnectionLabels
>;
export type CrmCredentialsReplaced = Event<'CrmCredentialsReplaced', ConnectionFacts, { login: string }>;
export type CrmNeedsAttention = Event<
  'CrmNeedsAttention',
  ConnectionFacts & { reason: { code: string; detail: string } }
>;
export type CrmRecovered = Event<'CrmRecovered', ConnectionFacts>;
export type CrmDisconnected = Event<'CrmDisconnected', ConnectionFacts>;
export type ConnectionEvent =
  | CrmConnected
  | CrmCredentialsReplaced
  | CrmNeedsAttention
  | CrmRecovered
  | CrmDisconnected;
