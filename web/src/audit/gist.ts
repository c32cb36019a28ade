import type { LogEvent } from '../api.ts';

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

/** In a few words: who or what, what became of it, and which fields. */
export const gistOf = ({ type, data, personal, erased, stream }: LogEvent): string => {
  const facts: Record<string, unknown> = data;
  const values: Record<string, unknown> = personal ?? {};
  const who = text(values['name']) ?? text(values['service']) ?? (erased ? 'an erased person' : null);
  const record = text(facts['externalId']);
  const kind = type.startsWith('Booking') ? 'booking' : 'client';
  const other = text(facts['otherId']);
  const what =
    other !== null
      ? withOther(facts['role'], other)
      : (text(facts['change']) ?? text(facts['status']) ?? text(facts['code']) ?? text(facts['company']));
  const changed = Array.isArray(facts['changed']) ? facts['changed'].join(', ') : '';
  const parts = [who ?? (record === null ? null : `${kind} ${record}`), what, changed].filter(
    (part) => part !== null && part !== '',
  );
  return parts.length > 0 ? parts.join(' · ') : stream;
};
