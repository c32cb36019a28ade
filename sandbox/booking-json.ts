import type { Booking } from './appointments.ts';
import { detailJson, idText } from './client-json.ts';
import { PROVIDERS, providerJson, SERVICES, serviceJson } from './services.ts';
import type { World } from './world.ts';

const minutesOf = ({ start, end }: Booking): number => {
  const [from, to] = [start, end].map((time) => Date.parse(`${time.replace(' ', 'T')}Z`));
  return Number.isNaN(from) || Number.isNaN(to) ? 0 : ((to ?? 0) - (from ?? 0)) / 60_000;
};

const NOTHING_MORE = {
  membership_id: null,
  invoice_id: null,
  invoice_status: null,
  invoice_payment_received: false,
  invoice_number: null,
  invoice_datetime: null,
  invoice_payment_processor: null,
  ticket_code: null,
  ticket_validation_datetime: null,
  ticket_is_used: null,
  testing_status: null,
  user_status_id: null,
  category_id: null,
  location_id: null,
  category: null,
  location: null,
  client_timezone: null,
  client_time_offset: 0,
  batch_id: null,
  batch_type: null,
};

/** What belongs to the booking: the service as a whole, or what the switch leaves of it. */
const served = ({ faults }: World, { serviceId, providerId }: Booking): object => {
  if (!faults.switches.nested) return {};
  const service = SERVICES.find(({ id }) => id === serviceId);
  const provider = PROVIDERS.find(({ id }) => id === providerId);
  return {
    provider: provider === undefined ? null : providerJson(provider),
    service: service === undefined ? null : serviceJson(service),
  };
};

/** The fields after the two ids, without the opening brace. */
const rest = (world: World, booking: Booking): string => {
  const { status, start, end, recorded, code, serviceId, providerId } = booking;
  const isOpen = status !== 'canceled';
  return JSON.stringify({
    ...served(world, booking),
    status,
    ...NOTHING_MORE,
    can_be_edited: isOpen,
    can_be_canceled: isOpen,
    is_confirmed: isOpen,
    code,
    start_datetime: start,
    end_datetime: end,
    record_date: recorded,
    service_id: serviceId,
    provider_id: providerId,
    duration: minutesOf(booking),
  }).slice(1);
};

/** A row of the list. `client` is the whole client, or null as its id is, or null although its id is known. */
export const bookingJson = (world: World, booking: Booking): string => {
  const { crm, faults } = world;
  const { clientId, id } = booking;
  const { ids } = faults.switches;
  const client = clientId === null ? null : crm.get(clientId);
  const shape = { ...faults.switches, hide: [] };
  return (
    `{"id":${idText(id, ids)},"client_id":${clientId === null ? 'null' : idText(clientId, ids)},` +
    `"client":${client === null ? 'null' : detailJson(crm, client, shape)},${rest(world, booking)}`
  );
};

/** One booking by id: with its log, newest first, in another zone than its other times. */
export const bookingDetailJson = (world: World, booking: Booking): string => {
  const more = {
    log: [{ id: booking.id * 10, datetime: booking.recorded, type: 'create', user_login: '', user_name: '' }],
    additional_fields: [],
    products: [],
    attributes: [],
    resources: [],
    invoice: null,
    membership: null,
    user_status: null,
    comment: null,
  };
  return `${bookingJson(world, booking).slice(0, -1)},${JSON.stringify(more).slice(1)}`;
};
