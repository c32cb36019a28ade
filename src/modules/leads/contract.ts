import { Query } from '@nestjs/cqrs';
import type { Decision } from '../../shared/event-store/decider.ts';
import type { Event, Recorded } from '../../shared/event-store/event.ts';
import type { Address, CustomField } from '../crm-connection/contract.ts';

/** Which client of which connection. */
export type Source = { connectionId: string; externalId: string };

/** What a source tells beside name, e-mail and phone. Absent: not told, or none in what is recorded. */
export type LeadDetails = {
  address?: Address | null;
  fields?: readonly CustomField[];
  /** The phone as it would be dialled from anywhere, when it can be read as a number. */
  phoneE164?: string;
  phoneExtension?: string;
};

/** What a source says about the person. Blank is null. */
export type LeadValues = Record<'name' | 'email' | 'phone', string | null> & LeadDetails;

export type SourceClient = Source & { values: LeadValues };

/**
 * Whose lead a client is, or why it can be nobody's; `leads` are those that want the same e-mail. `home` is the lead it
 * would be by itself: another than `leadId` when that one was merged into this one.
 */
export type LeadMatch =
  | {
      leadId: string;
      home: string;
      /** The e-mail was free when asked, and nothing will notice when it goes to another lead before this is recorded. */
      unsure?: true;
      /** The key of the e-mail by which the lead was found; absent for the client's own lead and for a new one. */
      by?: string;
    }
  | { code: 'email.missing' | 'email.invalid' | 'name.missing'; detail: string }
  | { code: 'email.taken'; detail: string; leads: [string, string] };

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
export type LeadUpsert = SourceClient & { leadId: string; home: string; by?: string; cause: Decision };

/**
 * What brings leads up to date with their sources, a decision for each: `LeadUpserted`, or nothing. For the batch that
 * takes the clients, so that both are recorded together or not at all.
 */
export class UpsertLeads extends Query<Decision[]> {
  constructor(
    readonly upserts: readonly LeadUpsert[],
    /** Where the clients' company is, ISO 3166-1 alpha-2: how their phones are read. */
    readonly country: string | null,
  ) {
    super();
  }
}

/** A client that the CRM has no more, and the decision that says so; `at` is when that was found. */
export type LostSource = Source & { at: string; cause: Decision };

/**
 * What the loss of a client does to its lead; no decisions when it is nobody's. `leads`: it cannot go, because its lead would be
 * left with an e-mail address that belongs to the second one.
 */
export type LeadLoss = { decisions: Decision[] } | { leads: [string, string] };

/** Tells leads which of their clients are gone, one after the other. For the batch that records the clients' own events. */
export class LoseSources extends Query<LeadLoss[]> {
  constructor(readonly lost: readonly LostSource[]) {
    super();
  }
}

/** A lead's own values at one time; null where it has none. */
export type LeadView = Pick<LeadValues, 'name' | 'email' | 'phone'> & {
  phoneE164: string | null;
  phoneExtension: string | null;
  address: Address | null;
  status: 'active' | 'gone';
  /** The lead that it was a part of then. */
  mergedInto: string | null;
};

/**
 * What one event made of a lead: `before` is null when it made the lead. `changed` names the fields that have another value
 * since, and `sources` when what one of its sources says, or which they are, has changed.
 */
export type LeadChange = {
  leadId: string;
  change: LeadUpserted['data']['change'] | 'merged' | 'split' | 'gone' | 'restored';
  changed: string[];
  before: LeadView | null;
  after: LeadView | null;
  event: Recorded<LeadEvent>;
};

/** What these events of leads have changed, in their order. */
export class DescribeLeadChanges extends Query<LeadChange[]> {
  constructor(readonly events: readonly Recorded<LeadEvent>[]) {
    super();
  }
}

/** How many leads there are, and how many were new on each of the last thirty days in this zone (IANA), the oldest first. */
export class CountLeads extends Query<{
  total: number;
  byStatus: Record<'active' | 'gone' | 'erased', number>;
  newPerDay: { day: string; count: number }[];
}> {
  constructor(readonly timezone: string) {
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

/** What people read in place of the ids of these leads; one without a name, or that is none, is not among them. */
export class NameLeads extends Query<ReadonlyMap<string, string>> {
  constructor(readonly ids: readonly string[]) {
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
    changed: ('name' | 'email' | 'phone' | 'address' | 'sources')[];
    source: Source;
    /** Since when the CRM has this client no more; absent while it has. */
    gone?: string;
    /** The merged leads through which the source came here, its own one last. Absent when it came by itself. */
    via?: readonly string[];
  },
  /** What the source says; the lead's own values follow from all its sources. */
  LeadValues
>;

/** A source that goes from one lead to another; `via` as seen from the lead that is merged or split off. */
export type MovedSource = Source & { via?: readonly string[] };

/** Stands in both streams: the lead that is `kept` has taken in the other one, with these sources. */
export type LeadMerged = Event<
  'LeadMerged',
  { leadId: string; role: 'kept' | 'merged'; otherId: string; sources: readonly MovedSource[] }
>;

/** Stands in both streams: the lead that is `kept` has given the other one back, with these sources. */
export type LeadSplit = Event<
  'LeadSplit',
  { leadId: string; role: 'kept' | 'split'; otherId: string; sources: readonly MovedSource[] }
>;

/** The CRM has none of the lead's clients any more. */
export type LeadGone = Event<'LeadGone', { leadId: string }>;
/** A lead that was gone has a client in the CRM again. */
export type LeadRestored = Event<'LeadRestored', { leadId: string }>;

export type LeadEvent = LeadUpserted | LeadMerged | LeadSplit | LeadGone | LeadRestored;

/** The types of all events of a lead. */
export const LEAD_EVENTS = [
  'LeadUpserted',
  'LeadMerged',
  'LeadSplit',
  'LeadGone',
  'LeadRestored',
] as const satisfies readonly LeadEvent['type'][];
