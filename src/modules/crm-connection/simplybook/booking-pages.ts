import type { BookingPage, CrmWarning } from '../contract.ts';
import type { BookingWindow } from '../crm-provider.ts';
import { BookingReader } from './booking-reader.ts';
import { changedBookings } from './changed-bookings.ts';
import { restCompany, rpcCompany } from './company.ts';
import { RestBookings, type Shut } from './rest-bookings.ts';
import { RpcBookings } from './rpc-bookings.ts';
import type { Visit } from './visit.ts';

const SHUT: Record<Shut, string> = {
  'bookings-not-offered':
    'This SimplyBook.me account offers no bookings to read (there is no such address), so none were synced.',
  'bookings-forbidden':
    'SimplyBook.me does not let this user read bookings, so none were synced. Connect an administrator, or give the user a role that may see all bookings.',
};

const shutPage = (code: Shut): BookingPage => {
  const warnings: CrmWarning[] = [{ code, detail: SHUT[code] }];
  return { bookings: [], unreadable: [], announced: null, warnings, end: { complete: true } };
};

/** What a listing would make of these records today, in the window or not. */
export const bookingsOf = async (
  visit: Visit,
  records: readonly unknown[],
  timezone: string | null,
): Promise<BookingPage> => {
  const isRpc = (await visit.tokens.way()) === 'rpc';
  const company = isRpc ? rpcCompany(visit.rpc, timezone) : restCompany(visit.rest, timezone);
  return new BookingReader(company, new Date()).page(records, true, null, 'all');
};

/** A company's bookings of the window: by REST, or by JSON-RPC where REST is no way or has none. */
export async function* bookingPages(
  visit: Visit,
  { since, changedSince, timezone }: BookingWindow,
  mostPages: number,
): AsyncGenerator<BookingPage, void, undefined> {
  let shut: Shut | null = 'bookings-not-offered';
  const isRpcOnly = (await visit.tokens.way()) === 'rpc';
  if (!isRpcOnly) {
    const reader = new BookingReader(restCompany(visit.rest, timezone), since);
    const bookings = new RestBookings(visit.rest, reader, mostPages);
    shut = yield* bookings.pages(() => changedBookings(visit, reader, changedSince));
  }
  if (shut === 'bookings-not-offered' && visit.rpc.exists) {
    const reader = new BookingReader(rpcCompany(visit.rpc, timezone), since);
    shut = yield* new RpcBookings(visit.rpc, reader, isRpcOnly).pages();
  }
  if (shut !== null) yield shutPage(shut);
}
