import type { LogEvent } from '../api.ts';
import { plain, reasonOf } from '../parts/words.ts';

export const EVENT_TYPES = [
  'CrmConnected',
  'CrmCredentialsReplaced',
  'CrmNeedsAttention',
  'CrmRecovered',
  'CrmScheduleChanged',
  'CrmDisconnected',
  'SyncStarted',
  'SyncCompleted',
  'SyncFailed',
  'SyncCancelled',
  'SyncInterrupted',
  'ClientImported',
  'ClientQuarantined',
  'ClientDismissed',
  'ClientFixed',
  'ClientMissing',
  'ClientGone',
  'ClientReturned',
  'LeadUpserted',
  'LeadGone',
  'LeadRestored',
  'LeadMerged',
  'LeadSplit',
  'LeadErased',
  'BookingUpserted',
  'BookingQuarantined',
  'BookingDismissed',
];

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const withOther = (role: unknown, other: string): string =>
  `${role === 'kept' ? 'stays; the other is' : 'goes along; the other is'} lead ${other.slice(0, 8)}`;

/** What became of it, in words. */
const spoken = (facts: Record<string, unknown>): string | null => {
  const code = text(facts['code']);
  if (code !== null) return reasonOf(code).toLowerCase();
  const state = text(facts['change']) ?? text(facts['status']);
  return state === null ? text(facts['company']) : plain(state).toLowerCase();
};

/** In a few words: who or what, what became of it, and which fields. */
export const gistOf = ({ type, data, personal, erased, stream }: LogEvent): string => {
  const facts: Record<string, unknown> = data;
  const values: Record<string, unknown> = personal ?? {};
  const who = text(values['name']) ?? text(values['service']) ?? (erased ? 'an erased person' : null);
  const external = text(facts['externalId']);
  const other = text(facts['otherId']);
  const what = other !== null ? withOther(facts['role'], other) : spoken(facts);
  const changed = Array.isArray(facts['changed']) ? facts['changed'].join(', ') : '';
  const parts = [
    who ?? (external === null ? null : `${type.startsWith('Booking') ? 'booking' : 'client'} ${external}`),
    what,
    changed,
  ].filter((part) => part !== null && part !== '');
  return parts.length > 0 ? parts.join(' · ') : stream;
};
