import { isDeepStrictEqual } from 'node:util';
import type { Decider } from '../../shared/event-store/decider.ts';
import type { ClientEvent, ClientImported, ClientQuarantined, ClientValues } from './contract.ts';

/** A client of the CRM as far as we have taken it; null before the first time. */
export type Client = {
  /** What was last imported; null when it never was. `erased` when it was, but can no longer be read. */
  imported: ClientValues | 'erased' | null;
  /** Set while its newest version waits in quarantine. */
  quarantined: { code: string; detail: string | null; record: unknown } | null;
} | null;

export const client: Decider<Client, ClientEvent> = {
  initial: null,
  evolve: (state, event) => {
    switch (event.type) {
      case 'ClientImported':
        return { imported: event.personal ?? 'erased', quarantined: null };
      case 'ClientQuarantined':
        return {
          imported: state?.imported ?? null,
          quarantined: {
            code: event.data.code,
            detail: event.personal?.detail ?? null,
            record: event.personal?.record ?? null,
          },
        };
      default:
        event satisfies never;
        return state;
    }
  },
};

type ClientFacts = { connectionId: string; externalId: string; runId: string };

const FIELDS = ['name', 'email', 'phone'] as const;

const changedFields = (
  before: ClientValues | 'erased' | null,
  after: ClientValues,
): ClientImported['data']['changed'] =>
  before === null || before === 'erased'
    ? FIELDS.filter((field) => after[field] !== null)
    : FIELDS.filter((field) => before[field] !== after[field]);

/** Takes a good client: a fact when it is new, has changed, or comes out of quarantine. */
export const importClient =
  (facts: ClientFacts, leadId: string, values: ClientValues) =>
  (state: Client): ClientImported[] => {
    const before = state?.imported ?? null;
    const changed = changedFields(before, values);
    if (before !== null && changed.length === 0 && state?.quarantined === null) return [];
    const data = {
      ...facts,
      leadId,
      change: before === null ? ('new' as const) : ('changed' as const),
      changed,
    };
    return [{ type: 'ClientImported', data, personal: values, subject: clientStream(facts) }];
  };

export type QuarantineReason = {
  code: string;
  detail: string;
  values: ClientValues | null;
  record: unknown;
};

/** Puts aside a client that cannot be taken: a fact when it did not already wait for the same reason in the same state. */
export const quarantineClient =
  (facts: ClientFacts, { code, detail, values, record }: QuarantineReason) =>
  (state: Client): ClientQuarantined[] => {
    const waiting = state?.quarantined ?? null;
    if (waiting !== null && waiting.code === code && isDeepStrictEqual(waiting.record, record)) return [];
    const personal = { detail, values, record };
    return [{ type: 'ClientQuarantined', data: { ...facts, code }, personal, subject: clientStream(facts) }];
  };

/** A client's own stream; also the subject of its personal values. */
export const clientStream = ({
  connectionId,
  externalId,
}: {
  connectionId: string;
  externalId: string;
}): string => `crm-client-${connectionId}-${externalId}`;
