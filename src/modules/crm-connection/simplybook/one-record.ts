import type { BookingRead, ClientRead } from '../../webhooks/contract.ts';
import type { BookingWindow } from '../crm-provider.ts';
import { BookingReader } from './booking-reader.ts';
import { isRecord, readId, readRecord } from './client-record.ts';
import { restCompany, rpcCompany } from './company.ts';
import type { Json } from './json.ts';
import { RestClosed } from './refusals.ts';
import type { Question } from './rest-visit.ts';
import { oneBookingByRpc, oneClientByRpc } from './rpc-one-record.ts';
import type { Visit } from './visit.ts';

type Answer<T> = { answer: T } | { unusable: string };

/** Made of a record that was answered, if it is the one that was asked for. */
export const checked = <T>(
  { value, cut }: Json,
  externalId: string,
  make: (record: Record<string, unknown>, cut: boolean) => T,
): Answer<T> =>
  isRecord(value) && readId(value['id']) === externalId
    ? { answer: make(value, cut) }
    : { unusable: 'the answer is not the record that was asked for' };

export const clientOf = (record: Record<string, unknown>, cut: boolean): ClientRead => {
  const reading = readRecord(record, cut);
  if (reading.kind === 'deleted') return 'gone';
  return reading.kind === 'client' ? { client: reading.client } : { unreadable: reading.unreadable };
};

const clientQuestion = (externalId: string): Question<ClientRead> => ({
  path: `/admin/clients/${encodeURIComponent(externalId)}`,
  query: {},
  read: (json) => checked(json, externalId, clientOf),
  instead: { 403: 'unknown' },
  missing: 'gone',
});

type Found = { record: unknown; cut: boolean };

const bookingQuestion = (externalId: string): Question<Found | 'gone' | 'unknown'> => ({
  path: `/admin/bookings/${encodeURIComponent(externalId)}`,
  query: {},
  read: (json) => checked(json, externalId, (record, cut) => ({ record, cut })),
  instead: { 403: 'unknown' },
  missing: 'gone',
});

/** By REST, or by JSON-RPC where REST is no way. */
const byEither = async <T>(visit: Visit, rest: () => Promise<T>, rpc: () => Promise<T>): Promise<T> => {
  if ((await visit.tokens.way()) === 'rpc') return rpc();
  try {
    return await rest();
  } catch (error) {
    if (error instanceof RestClosed && visit.rpc.exists) return rpc();
    throw error;
  }
};

export const readOneClient = (visit: Visit, externalId: string): Promise<ClientRead> =>
  byEither(
    visit,
    () => visit.rest.ask(clientQuestion(externalId)),
    () => oneClientByRpc(visit.rpc, externalId),
  );

type Window = Pick<BookingWindow, 'since' | 'timezone'>;

export const readOneBooking = async (
  visit: Visit,
  externalId: string,
  { since, timezone }: Window,
): Promise<BookingRead> => {
  let company = restCompany(visit.rest, timezone);
  const found = await byEither(
    visit,
    () => visit.rest.ask(bookingQuestion(externalId)),
    () => {
      company = rpcCompany(visit.rpc, timezone);
      return oneBookingByRpc(visit.rpc, externalId);
    },
  );
  return typeof found === 'string' ? found : bookingOf(found, new BookingReader(company, since));
};

/** In the window if a listing would show it there, too. */
const bookingOf = async ({ record, cut }: Found, reader: BookingReader): Promise<BookingRead> => {
  const wanted = await reader.page([record], cut, null);
  const onlyKnown = wanted.bookings.length + wanted.unreadable.length === 0;
  const { bookings, unreadable } = onlyKnown ? await reader.page([record], cut, null, 'all') : wanted;
  const [booking] = bookings;
  const [unusable] = unreadable;
  if (booking !== undefined) return { booking, onlyKnown };
  return unusable === undefined ? 'unknown' : { unusable, onlyKnown };
};
