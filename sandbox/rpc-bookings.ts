import type { Booking } from './appointments.ts';
import { idText } from './client-json.ts';
import { PROVIDERS, SERVICES } from './services.ts';
import type { World } from './world.ts';

type Filter = Record<string, unknown>;

const textOf = (filter: Filter, name: string): string | null => {
  const value = filter[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
};

/** Whether a time's day is within what the filter says from and to. */
const isWithin = (filter: Filter, name: string, time: string): boolean => {
  const from = textOf(filter, `${name}_from`);
  const to = textOf(filter, `${name}_to`);
  const day = time.slice(0, 10);
  return (from === null || day >= from) && (to === null || day <= to);
};

const isOfType = ({ status }: Booking, type: string | null): boolean => {
  if (type === 'cancelled') return status === 'canceled';
  return type !== 'non_cancelled' || status !== 'canceled';
};

const isAsked = (filter: Filter, name: string, value: string | number | null): boolean => {
  const asked = textOf(filter, name);
  return asked === null || asked === String(value);
};

/** Everything is a text, ids and yes and no too; names differ from REST's. */
const rowOf = ({ crm, faults }: World, booking: Booking): string => {
  const { id, clientId, serviceId, providerId, status, start, end, recorded, code } = booking;
  const ids = faults.switches.ids === 'number' ? 'text' : faults.switches.ids;
  const client = clientId === null ? null : crm.get(clientId);
  const rest = {
    code,
    client: client?.name ?? '',
    client_phone: client?.phone ?? '',
    client_email: client?.email ?? '',
    start_date: start,
    end_date: end,
    record_date: recorded,
    unit: PROVIDERS.find((one) => one.id === providerId)?.name ?? '',
    unit_id: String(providerId),
    event: SERVICES.find((one) => one.id === serviceId)?.name ?? '',
    event_id: String(serviceId),
    is_confirm: status === 'canceled' ? '0' : '1',
    status: status === 'canceled' ? 'cancelled' : status,
  };
  const clientJson = clientId === null ? 'null' : idText(clientId, ids);
  return `{"id":${idText(id, ids)},"client_id":${clientJson},${JSON.stringify(rest).slice(1)}`;
};

const byText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const ORDERS: Record<string, (one: Booking, other: Booking) => number> = {
  start_date_asc: (one, other) => byText(one.start, other.start),
  start_date: (one, other) => byText(other.start, one.start),
  record_date: (one, other) => byText(other.recorded, one.recorded),
};

const orderIn = ({ faults }: World, filter: Filter): string =>
  faults.switches.rpcBookingsOrder === 'newest' ? 'record_date' : (textOf(filter, 'order') ?? '');

/** What getBookings answers: rows as JSON texts, the newest first unless another order is asked for. */
export const rpcRows = (world: World, filter: Filter): readonly string[] => {
  const { bookings, faults } = world;
  const now = textOf(filter, 'upcoming_only') === '1' ? bookings.now() : '';
  const found = bookings
    .all()
    .filter(
      (one) =>
        isWithin(filter, 'date', one.start) &&
        isWithin(filter, 'created_date', one.recorded) &&
        isWithin(filter, 'edited_date', one.edited) &&
        isAsked(filter, 'client_id', one.clientId) &&
        isAsked(filter, 'event_id', one.serviceId) &&
        isAsked(filter, 'unit_group_id', one.providerId) &&
        isAsked(filter, 'code', one.code) &&
        isOfType(one, textOf(filter, 'booking_type')) &&
        one.start >= now,
    )
    .toReversed()
    .toSorted(ORDERS[orderIn(world, filter)] ?? (() => 0));
  const { rpcBookingsLimit: most } = faults.switches;
  faults.strikeIfSet(['rpcBookingsOrder']);
  const limit = Math.min(Number(textOf(filter, 'limit') ?? Infinity), most === 0 ? Infinity : most);
  faults.strikeIfSet(['rpcBookingsLimit']);
  return found.slice(0, limit).map((one) => rowOf(world, one));
};
