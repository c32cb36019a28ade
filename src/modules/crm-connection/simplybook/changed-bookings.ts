import type { BookingPage, CrmWarning } from '../contract.ts';
import type { BookingReader } from './booking-reader.ts';
import { isRecord, readId } from './client-record.ts';
import { CrmRefusal } from './refusals.ts';
import type { RestVisit } from './rest-visit.ts';
import { rpcBookingsQuestion } from './rpc-bookings.ts';
import type { Visit } from './visit.ts';

/** More are not read one by one; the next sync begins where this one began. */
const MOST = 200;

const TOO_MANY: CrmWarning = {
  code: 'bookings-changed-unread',
  detail: `More than ${MOST} bookings of long ago have changed since the last sync; the others were not read.`,
};

/** Null where JSON-RPC does not do what only it can: without it the list is as complete as REST can tell. */
const changedIds = async ({ rpc }: Visit, from: string): Promise<string[] | null> => {
  try {
    const rows = await rpc.ask({ ...rpcBookingsQuestion({ edited_date_from: from }), withoutLogin: true }, 1);
    return typeof rows === 'string'
      ? null
      : rows.records.flatMap((row) => (isRecord(row) ? (readId(row['id']) ?? []) : []));
  } catch (error) {
    if (error instanceof CrmRefusal) return null;
    throw error;
  }
};

const oneBooking = (rest: RestVisit, id: string): Promise<{ record: unknown; cut: boolean } | null> =>
  rest.ask<{ record: unknown; cut: boolean } | null>({
    path: `/admin/bookings/${id}`,
    query: {},
    read: ({ value, cut }) => ({ answer: { record: value, cut } }),
    instead: { 404: null },
  });

/**
 * What has changed since the last sync outside of the window, for example the cancellation of an old booking. JSON-RPC
 * alone knows, with its `edited_date_from`; what they are now REST says.
 */
export async function* changedBookings(
  visit: Visit,
  reader: BookingReader,
  changedSince: Date | null,
): AsyncGenerator<BookingPage, void, undefined> {
  if (changedSince === null || !visit.rpc.exists) return;
  const ids = await changedIds(visit, await reader.dayOf(changedSince));
  const unseen = (ids ?? []).filter((id) => !reader.hasSeen({ id }));
  if (unseen.length > MOST) reader.warn(TOO_MANY);
  for (const id of unseen.slice(0, MOST)) {
    const one = await oneBooking(visit.rest, id);
    if (one !== null) {
      yield { ...(await reader.page([one.record], one.cut, null, 'all')), onlyKnown: true };
    }
  }
}
