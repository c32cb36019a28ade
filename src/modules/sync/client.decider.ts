import { isDeepStrictEqual } from 'node:util';
import { Collision } from '../../shared/event-store/decider.ts';
import type { Decider } from '../../shared/event-store/decider.ts';
import type { ClientEvent, ClientField, ClientFixed, ClientQuarantined, ClientValues } from './contract.ts';

/** What a person has put right, field by field, and what the CRM said there then. */
export type Fixes = Partial<Record<ClientField, { value: string; over: string | null }>>;

/** A client of the CRM as far as we have taken it; null before the first time. */
export type Client = {
  /** What was last imported; null when it never was. `erased` when it was, but can no longer be read. */
  imported: ClientValues | 'erased' | null;
  /** Set while its newest version waits in quarantine, or has been dismissed there. */
  quarantined: Waiting | null;
  fixes: Fixes;
  /** Not set while the CRM shows it. `since` is the run that missed it first. */
  absent?: { since: string | null; gone: boolean };
} | null;

export type Waiting = QuarantineReason & { dismissed: boolean };

export const client: Decider<Client, ClientEvent> = {
  initial: null,
  evolve: (state, event) => {
    const { imported, quarantined, fixes, ...rest } = state ?? EMPTY;
    switch (event.type) {
      case 'ClientImported':
        return { ...rest, imported: event.personal ?? 'erased', quarantined: null, fixes };
      case 'ClientQuarantined':
        return { ...rest, imported, quarantined: { ...reasonOf(event), dismissed: false }, fixes };
      case 'ClientFixed':
        return { ...rest, imported, quarantined, fixes: { ...fixes, ...fixesOf(event) } };
      case 'ClientFixEnded':
        return { ...rest, imported, quarantined, fixes: omit(fixes, event.data.fields) };
      case 'ClientDismissed':
        return { ...rest, imported, quarantined: quarantined && { ...quarantined, dismissed: true }, fixes };
      case 'ClientMissing':
        return { imported, quarantined, fixes, absent: { since: event.data.runId, gone: false } };
      // Nobody waits in quarantine who is not there any more.
      case 'ClientGone':
        return {
          ...rest,
          imported,
          quarantined: null,
          fixes,
          absent: { since: null, ...rest.absent, gone: true },
        };
      case 'ClientReturned':
        return { imported, quarantined, fixes };
      default:
        event satisfies never;
        return state;
    }
  },
};

const EMPTY: NonNullable<Client> = { imported: null, quarantined: null, fixes: {} };

const reasonOf = ({ data: { code, leads }, personal }: ClientQuarantined): QuarantineReason => ({
  code,
  detail: personal?.detail ?? '',
  values: personal?.values ?? null,
  record: personal?.record ?? null,
  ...(leads !== undefined && { leads }),
});

const fixesOf = ({ personal }: ClientFixed): Fixes =>
  Object.fromEntries(
    FIELDS.flatMap((field) => {
      const value = personal?.fix[field];
      return value === undefined ? [] : [[field, { value, over: personal?.over[field] ?? null }]];
    }),
  );

const omit = (fixes: Fixes, fields: readonly ClientField[]): Fixes =>
  Object.fromEntries(Object.entries(fixes).filter(([field]) => !fields.some((one) => one === field)));

export type ClientIdentity = { connectionId: string; externalId: string };
type ClientFacts = ClientIdentity & { runId: string | null };

export const FIELDS = ['name', 'email', 'phone'] as const;
const KINDS = [...FIELDS, 'address', 'fields'] as const;

/** What the CRM says with the fixes laid over it. Where the CRM has changed its mind, it is believed. */
export const withFixes = (values: ClientValues, fixes: Fixes): ClientValues => {
  const fixed = { ...values };
  for (const field of FIELDS) {
    const fix = fixes[field];
    if (fix !== undefined && fix.over === values[field]) fixed[field] = fix.value;
  }
  return fixed;
};

/** What a client was judged on: its fixes, and for one that is replayed how it waits. Unset parts do not matter. */
export type Basis = { fixes?: Fixes; waiting?: Waiting };

/** Decides only if the client still is as it was judged. @throws Collision */
export const assuming =
  <E>({ fixes, waiting }: Basis, decide: (state: Client) => E[]) =>
  (state: Client): E[] => {
    const isSame =
      (fixes === undefined || isDeepStrictEqual(state?.fixes ?? {}, fixes)) &&
      (waiting === undefined || isDeepStrictEqual(state?.quarantined, waiting));
    if (!isSame) throw new Collision('A client');
    return decide(state);
  };

const changedFields = (before: ClientValues | 'erased' | null, after: ClientValues): (keyof ClientValues)[] =>
  before === null || before === 'erased'
    ? KINDS.filter((kind) => (after[kind] ?? null) !== null)
    : KINDS.filter((kind) => !isDeepStrictEqual(before[kind] ?? null, after[kind] ?? null));

/** What is known after the CRM has told this: what it does not tell stays as it was, what is blank is left out. */
const known = (told: ClientValues, before: ClientValues | 'erased' | null): ClientValues => {
  const { address: oldAddress, fields: oldFields } = before === 'erased' ? {} : (before ?? {});
  const { address = oldAddress, fields = oldFields, ...values } = told;
  return { ...values, ...(address && { address }), ...(fields && fields.length > 0 && { fields }) };
};

const endFixes = (facts: ClientFacts, fixes: Fixes, values: ClientValues | null): ClientEvent[] => {
  const fields = FIELDS.filter(
    (field) => fixes[field] !== undefined && fixes[field].over !== values?.[field],
  );
  return values === null || fields.length === 0
    ? []
    : [{ type: 'ClientFixEnded', data: { ...facts, fields } }];
};

/** Takes a good client: a fact when it is new, has changed, or comes out of quarantine. */
export const importClient =
  (facts: ClientFacts, leadId: string, told: ClientValues) =>
  (state: Client): ClientEvent[] => {
    const before = state?.imported ?? null;
    const values = known(told, before);
    const changed = changedFields(before, values);
    if (before !== null && changed.length === 0 && state?.quarantined === null) return [];
    const data = {
      ...facts,
      leadId,
      change: before === null ? ('new' as const) : ('changed' as const),
      changed,
    };
    return [
      { type: 'ClientImported', data, personal: values, subject: clientStream(facts) },
      ...endFixes(facts, state?.fixes ?? {}, values),
    ];
  };

/** `values` is null for a record that cannot be read. */
export type QuarantineReason = {
  code: string;
  detail: string;
  values: ClientValues | null;
  record: unknown;
  leads?: readonly [string, string];
};

/** Puts aside a client that cannot be taken: a fact when it did not already wait for the same reason in the same state. */
export const quarantineClient =
  (facts: ClientFacts, { code, detail, values, record, leads }: QuarantineReason) =>
  (state: Client): ClientEvent[] => {
    const waiting = state?.quarantined ?? null;
    const isSame = waiting?.code === code && isDeepStrictEqual(waiting.leads, leads);
    if (isSame && isDeepStrictEqual(waiting.record, record)) return [];
    const data = { ...facts, code, ...(leads !== undefined && { leads }) };
    const personal = { detail, values, record };
    return [
      { type: 'ClientQuarantined', data, personal, subject: clientStream(facts) },
      ...endFixes(facts, state?.fixes ?? {}, values),
    ];
  };

/** A client's own stream; also the subject of its personal values. */
export const clientStream = ({ connectionId, externalId }: ClientIdentity): string =>
  `crm-client-${connectionId}-${externalId}`;
