import { Query } from '@nestjs/cqrs';
import type { Decision } from '../../shared/event-store/decider.ts';
import type { Event } from '../../shared/event-store/event.ts';

/** Which client of which connection. */
export type Source = { connectionId: string; externalId: string };

/** What a source says about the person. Blank is null. */
export type LeadValues = { name: string | null; email: string | null; phone: string | null };

export type SourceClient = Source & { values: LeadValues };

/** Whose lead a client is, or why it can be nobody's. In the order of the clients asked about. */
export type LeadMatch =
  | { leadId: string }
  | { code: 'email.missing' | 'email.invalid' | 'email.taken' | 'name.missing'; detail: string };

/**
 * Applies the identity rules (docs/adr/0005-who-is-a-lead.md): known source, then e-mail key, then a new lead.
 * Decides nothing for ever: the lead is made by what UpsertLeads answers, in the same transaction.
 */
export class MatchLeads extends Query<LeadMatch[]> {
  constructor(
    readonly clients: readonly SourceClient[],
    readonly clientsWithoutEmail: 'quarantine' | 'import',
  ) {
    super();
  }
}

/** A client with the lead it was matched to, and the decision that takes the client. */
export type LeadUpsert = SourceClient & { leadId: string; cause: Decision };

/**
 * What brings leads up to date with their sources, a decision for each: `LeadUpserted`, or nothing. For the batch that
 * takes the clients, so that both are recorded together or not at all.
 */
export class UpsertLeads extends Query<Decision[]> {
  constructor(readonly upserts: readonly LeadUpsert[]) {
    super();
  }
}

/** The leads of these clients of a connection, by the clients' ids; a client that is nobody's is not among them. */
export class FindLeads extends Query<ReadonlyMap<string, string>> {
  constructor(
    readonly connectionId: string,
    readonly externalIds: readonly string[],
  ) {
    super();
  }
}

/**
 * `change` says what became of the lead: `linked` is a new source on a lead whose values stay; `updated` a change in the
 * lead's values or in what one of its sources says. `changed` names the fields of the lead that have another value now, and
 * `sources` when only a source's own have.
 */
export type LeadUpserted = Event<
  'LeadUpserted',
  {
    leadId: string;
    change: 'created' | 'updated' | 'linked';
    changed: (keyof LeadValues | 'sources')[];
    source: Source;
  },
  /** What the source says; the lead's own values follow from all its sources. */
  LeadValues
>;

export type LeadEvent = LeadUpserted;
