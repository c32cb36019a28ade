import type { CrmDelivery } from '../../webhooks/contract.ts';
import { isRecord, readId } from './client-record.ts';

/** Reminders, and what is neither a client nor a booking: nothing of ours changes by them. */
const NO_MATTER = /^(notify|remind(er)?|new_invoice|create_invoice|new_offer)$/;

const WORDS = ['event', 'notification_type', 'event_type', 'type'];

/** A member by its name, of the body or of the `data` in it, which forms write as `data[name]`. */
const members = (body: Record<string, unknown>, name: string): unknown[] => {
  const { data } = body;
  return [body[name], isRecord(data) ? data[name] : undefined, body[`data[${name}]`]];
};

const idIn = (body: Record<string, unknown>, ...names: string[]): string | null => {
  for (const name of names) {
    for (const given of members(body, name)) {
      const id = readId(given);
      if (id !== null) return id;
    }
  }
  return null;
};

const kindOf = (word: string, body: Record<string, unknown>): 'client' | 'booking' | null => {
  if (word.includes('client')) return 'client';
  if (word.includes('booking') || /^(new|create|change|cancel)$/.test(word)) return 'booking';
  if (idIn(body, 'booking_id') !== null) return 'booking';
  return idIn(body, 'client_id') === null ? null : 'client';
};

/**
 * What a delivery says to have changed. Its shape is in no documentation (simplybook-api notes, sections 9.1 and 9.4), so
 * every one that has been told of is understood; of what is understood by none of them only that something has changed.
 */
export const readDelivery = (body: Record<string, unknown>): CrmDelivery => {
  const word = WORDS.map((name) => body[name]).find((value) => typeof value === 'string') ?? '';
  const company = typeof body['company'] === 'string' ? body['company'] : null;
  if (NO_MATTER.test(word)) return { company, about: null };
  const kind = kindOf(word, body);
  const externalId = kind === null ? null : idIn(body, `${kind}_id`, 'id');
  const isTold = kind !== null && externalId !== null;
  return { company, about: isTold ? { kind, externalId } : 'something' };
};
