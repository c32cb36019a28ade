import { failure, json, jsonText, notFoundPage, type Answer, type Ask } from './answers.ts';
import type { Booking } from './appointments.ts';
import { bookingDetailJson, bookingJson } from './booking-json.ts';
import { idOf } from './client-json.ts';
import type { Switches } from './faults.ts';
import { cut, listAnswer, metadataOf, shuffled, tricksOf, windowOf, type Window } from './list-tricks.ts';
import { PROVIDERS, providerJson, SERVICES, serviceJson } from './services.ts';
import type { World } from './world.ts';

/** All values of `filter[name]`, `filter[name][]` and `filter[name][0]`. Without the prefix they are not seen at all. */
const filterOf = (query: URLSearchParams, name: string): string[] =>
  [...query]
    .filter(([key]) => key.startsWith(`filter[${name}]`) && /^(\[\d*\])?$/.test(key.slice(name.length + 8)))
    .map(([, value]) => value);

/** A day as it has to be; anything else is ignored. */
const dayOf = (query: URLSearchParams, name: string): string | undefined =>
  filterOf(query, name).find((value) => /^\d{4}-\d{2}-\d{2}$/.test(value));

const mentions = ({ crm }: World, booking: Booking, wanted: string): boolean => {
  const client = booking.clientId === null ? null : crm.get(booking.clientId);
  const texts = [booking.code, client?.name, client?.email, client?.phone];
  return texts.some((value) => value?.toLowerCase().includes(wanted.toLowerCase()));
};

/** Whether a booking passes every filter. Days are compared with the day on which it starts. */
const passes = (world: World, query: URLSearchParams): ((booking: Booking) => boolean) => {
  const { ids } = world.faults.switches;
  const isAmong = (name: string, value: string | number | null): boolean => {
    const wanted = filterOf(query, name);
    return wanted.length === 0 || wanted.includes(String(value));
  };
  const [day, from, to] = ['date', 'date_from', 'date_to'].map((name) => dayOf(query, name));
  const [clientId] = filterOf(query, 'client_id').map((text) => idOf(text, ids));
  const [search = ''] = filterOf(query, 'search');
  const now = filterOf(query, 'upcoming_only')[0] === '1' ? world.bookings.now() : '';
  return (booking) => {
    const start = booking.start.slice(0, 10);
    return (
      isAmong('status', booking.status) &&
      isAmong('services', booking.serviceId) &&
      isAmong('providers', booking.providerId) &&
      (clientId === undefined || booking.clientId === clientId) &&
      (day === undefined || start === day) &&
      (from === undefined || start >= from) &&
      (to === undefined || start <= to) &&
      booking.start >= now &&
      (search === '' || mentions(world, booking, search))
    );
  };
};

const found = (world: World, query: URLSearchParams): Booking[] =>
  world.bookings.all().filter(passes(world, query));

const rowsOf = (
  world: World,
  bookings: readonly Booking[],
  { order, empty }: Readonly<Switches>,
): string[] => {
  if (empty) return [];
  const all = [...bookings.map((booking) => bookingJson(world, booking)), ...world.bookings.rows];
  return order === 'shuffle' ? shuffled(all, world.faults.struck['order'] ?? 0) : all;
};

/** What others do while somebody pages through: one is booked, or one of this page is gone. */
const drift = ({ bookings, faults }: World, listed: readonly Booking[], { page, size }: Window): void => {
  const { drift: wanted, driftTimes } = faults.switches;
  const times = faults.struck['drift'] ?? 0;
  if (times >= driftTimes || page * size >= listed.length) return;
  faults.strike('drift');
  const isGone = wanted === 'delete' || (wanted === 'mixed' && times % 2 === 1);
  const here = listed[(page - 1) * size];
  if (isGone && here !== undefined) bookings.remove(here.id);
  if (!isGone) bookings.add();
};

/** Ever new bookings, for a list without an end. */
const invented = (page: number, size: number): string[] =>
  Array.from({ length: size }, (_, index) => {
    const id = 100_000_000 + page * size + index;
    const times = { start_datetime: '2099-01-01 10:00:00', end_datetime: '2099-01-01 11:00:00' };
    return JSON.stringify({
      id,
      code: `x${id}`,
      status: 'confirmed',
      ...times,
      client_id: null,
      client: null,
    });
  });

/** Where the company has no bookings to read, or this user may not read them. */
const shut = ({ faults }: World): Answer | null => {
  const { bookingsRoute } = faults.switches;
  if (bookingsRoute === 'there') return null;
  faults.strike('bookingsRoute');
  return bookingsRoute === 'forbidden' ? failure(403, 'Access denied') : notFoundPage();
};

/** GET /admin/bookings, in the order of ids. Parameters it does not know it ignores, without a word. */
export const listBookings = (world: World, ask: Ask): Answer => {
  const refused = shut(world);
  if (refused !== null) return refused;
  const { faults } = world;
  const tricks = tricksOf(faults, 'bookings');
  const window = windowOf(ask.query, tricks);
  const listedNow = found(world, ask.query);
  const rows = rowsOf(world, listedNow, tricks);
  const shown = cut(faults, tricks, rows, window, () => invented(window.page, window.size));
  if (tricks === faults.switches)
    faults.strikeIfSet(['order', 'itemsCount', 'pagesCount', 'bareArray', 'empty']);
  if (tricks.drift !== 'none') drift(world, listedNow, window);
  return listAnswer(tricks, shown, metadataOf(tricks, rows.length, window, {}));
};

/** GET /admin/bookings/{id}: the bare record with its log. */
export const readBooking = (world: World, _ask: Ask, id: string): Answer => {
  const number = idOf(id, world.faults.switches.ids);
  const booking = number === null ? null : world.bookings.get(number);
  if (booking === null) return failure(404, 'Booking not found');
  return shut(world) ?? jsonText(200, bookingDetailJson(world, booking));
};

/** DELETE /admin/bookings/{id} cancels, and answers the booking. */
export const cancelBooking = (world: World, _ask: Ask, id: string): Answer => {
  const canceled = world.bookings.cancel(Number(id));
  return canceled === null
    ? failure(404, 'Booking not found')
    : jsonText(200, bookingDetailJson(world, canceled));
};

const listOf =
  (rows: readonly object[]) =>
  ({ faults }: World, ask: Ask): Answer => {
    const window = windowOf(ask.query, faults.switches);
    const start = (window.page - 1) * window.size;
    const shown = rows.slice(start, start + window.size).map((row) => JSON.stringify(row));
    const usual = tricksOf(faults, 'bookings');
    return listAnswer(usual, shown, metadataOf({ ...usual, repeatPage: 0 }, rows.length, window, {}));
  };

const oneOf =
  <Row extends { id: number }>(rows: readonly Row[], shown: (row: Row) => object) =>
  (_world: World, _ask: Ask, id: string): Answer => {
    const row = rows.find((one) => String(one.id) === id);
    return row === undefined ? failure(404, 'Not found') : json(200, shown(row));
  };

/** GET /admin/services and GET /admin/providers, and each of them by id. */
export const listServices = listOf(SERVICES.map(serviceJson));
export const listProviders = listOf(PROVIDERS.map(providerJson));
export const readService = oneOf(SERVICES, serviceJson);
export const readProvider = oneOf(PROVIDERS, providerJson);
