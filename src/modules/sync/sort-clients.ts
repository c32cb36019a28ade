import { hash } from 'node:crypto';
import { storable } from '../../shared/storable.ts';
import type { CrmClient, UnreadableRecord } from '../crm-connection/contract.ts';
import type { QuarantineReason, Waiting } from './client.decider.ts';
import type { ClientValues } from './contract.ts';
import type { KnownClient, Look } from './crm-clients.read-model.ts';
import { fingerprint } from './fingerprint.ts';
import { NO_ID } from './quarantine/quarantine-advice.ts';

/** `values` and `record` are the CRM's; `waiting` is set for one that is replayed. */
export type Good = {
  externalId: string;
  values: ClientValues;
  record: unknown;
  waiting?: Waiting;
} & Presence;
export type Bad = { externalId: string; reason: QuarantineReason } & Presence;
/** `isBack`: it was missing or gone, and has been met again. */
type Presence = { isBack?: true };
/** A record on its way: good so far, or with the reason why it is not. */
export type Candidate = Good | Bad;
export type Sorted = { candidates: Candidate[]; unchanged: number; waiting: string[] };

export const asCandidate = ({ externalId, name, email, phone, address, record }: CrmClient): Candidate => ({
  externalId,
  values: { name, email, phone, ...(address !== undefined && { address }) },
  record,
});

/** A record without an id is known by its content, so that meeting it again is not a second one. */
export const asUnreadable = ({ externalId, detail, record: received }: UnreadableRecord): Candidate => {
  const record = storable(received);
  return {
    externalId: externalId ?? `${NO_ID}${hash('sha256', JSON.stringify(record)).slice(0, 32)}`,
    reason: {
      code: 'record.unreadable',
      detail: externalId === null ? `A client ${detail}.` : `Client ${externalId} ${detail}.`,
      values: null,
      record,
    },
  };
};

/** Whether looking at a waiting client again can have another result although it has not changed. */
const mayBeReleased = (code: string, clientsWithoutEmail: 'quarantine' | 'import'): boolean =>
  code === 'email.taken' || (code === 'email.missing' && clientsWithoutEmail === 'import');

export const lookOf = (one: Candidate): Look => ({
  externalId: one.externalId,
  fingerprint: 'values' in one ? fingerprint(one.values) : null,
});

/** Tells those apart that have to be looked at from those of whom nothing new can be known. */
export const sort = (
  arrived: readonly Candidate[],
  looks: readonly Look[],
  changed: ReadonlyMap<string, KnownClient | null>,
  clientsWithoutEmail: 'quarantine' | 'import',
): Sorted => {
  const sorted: Sorted = { candidates: [], unchanged: 0, waiting: [] };
  for (const [index, one] of arrived.entries()) {
    const before = changed.get(one.externalId);
    if (before === undefined) sorted.unchanged += 1;
    else if (before !== null && before.absence !== null) sorted.candidates.push({ ...one, isBack: true });
    else if (isStillWaiting(before, looks[index]!, clientsWithoutEmail)) sorted.waiting.push(one.externalId);
    else sorted.candidates.push(one);
  }
  return sorted;
};

/** Without those of whom something newer is known: they stay as they are, or wait, by the code for which they do. */
export const leaveOut = (
  { candidates, unchanged, waiting }: Sorted,
  overtaken: ReadonlyMap<string, string | null>,
): Sorted => {
  if (overtaken.size === 0) return { candidates, unchanged, waiting };
  const left = candidates.filter(({ externalId }) => !overtaken.has(externalId));
  const rest = candidates.flatMap(({ externalId }) => (overtaken.has(externalId) ? [externalId] : []));
  const all = [...waiting, ...rest];
  const still = all.filter((id) => overtaken.get(id) !== null);
  return { candidates: left, unchanged: unchanged + all.length - still.length, waiting: still };
};

/** Whether a client waits in quarantine, looks as it did then, and looking at it again can have no other result. */
const isStillWaiting = (
  before: KnownClient | null,
  look: Look,
  clientsWithoutEmail: 'quarantine' | 'import',
): boolean =>
  before !== null &&
  before.code !== null &&
  look.fingerprint !== null &&
  before.fingerprint === look.fingerprint &&
  !mayBeReleased(before.code, clientsWithoutEmail);
