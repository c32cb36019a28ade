import { failure, json, notFoundPage, type Answer, type Ask } from './answers.ts';
import type { Appointment, Booking } from './appointments.ts';
import type { Client } from './people.ts';
import { readSwitches, SWITCHES } from './faults.ts';
import { SwitchError } from './settings.ts';
import type { World } from './world.ts';

class BadControl extends Error {}

const objectIn = (text: string): Record<string, unknown> => {
  const value: unknown = JSON.parse(text === '' ? '{}' : text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new BadControl('The body must be a JSON object.');
};

const FIELDS = [
  'name',
  'email',
  'phone',
  'address1',
  'address2',
  'city',
  'zip',
  'country_id',
  'state_id',
  'birthday',
  'deleted',
];

const fieldsIn = (text: string): Partial<Client> => {
  const fields = objectIn(text);
  const stranger = Object.keys(fields).find((field) => !FIELDS.includes(field));
  if (stranger !== undefined)
    throw new BadControl(`A client has no ${stranger}. Fields: ${FIELDS.join(', ')}.`);
  return fields;
};

const APPOINTMENT = ['status', 'start', 'end', 'recorded', 'edited', 'clientId', 'serviceId', 'providerId'];

const appointmentIn = (text: string): Partial<Appointment> => {
  const fields = objectIn(text);
  const stranger = Object.keys(fields).find((field) => !APPOINTMENT.includes(field));
  if (stranger !== undefined)
    throw new BadControl(`A booking has no ${stranger}. Fields: ${APPOINTMENT.join(', ')}.`);
  return fields;
};

const found = (record: Client | Booking | null): Answer =>
  record === null ? notFoundPage() : json(200, record);

const settings = ({ faults }: World): Answer =>
  json(200, { switches: faults.switches, struck: faults.struck });

const done = (): Answer => json(200, {});

type Control = (world: World, ask: Ask, id: number) => Answer;

const CONTROLS: Record<string, Control> = {
  'GET /switches': settings,
  'PUT /switches': (world, ask) => {
    world.faults.set(readSwitches(objectIn(ask.body)));
    return settings(world);
  },
  'DELETE /switches': (world) => {
    world.faults.reset();
    return settings(world);
  },
  'GET /switches/help': () => json(200, SWITCHES),
  'GET /requests': ({ requests }) => json(200, { ...requests.summary(), list: requests.list }),
  'DELETE /requests': ({ requests }) => {
    requests.clear();
    return done();
  },
  'GET /clients': ({ crm }) => json(200, { count: crm.count, clients: crm.all() }),
  'POST /clients': ({ crm }, ask) =>
    json(200, ask.body === '' ? crm.addSomebody() : crm.add(fieldsIn(ask.body))),
  'GET /clients/id': ({ crm }, _ask, id) => found(crm.get(id)),
  'PATCH /clients/id': ({ crm }, ask, id) => found(crm.change(id, fieldsIn(ask.body))),
  'DELETE /clients/id': ({ crm }, _ask, id) => found(crm.delete(id)),
  'POST /clients/id/return': ({ crm }, _ask, id) => found(crm.undelete(id)),
  'POST /rows': ({ crm }, ask) => {
    crm.addRow(ask.body);
    return done();
  },
  'GET /bookings': ({ bookings }) => json(200, { bookings: bookings.all() }),
  'POST /bookings': ({ bookings }, ask) => json(200, bookings.add(appointmentIn(ask.body))),
  'GET /bookings/id': ({ bookings }, _ask, id) => found(bookings.get(id)),
  'PATCH /bookings/id': ({ bookings }, ask, id) => found(bookings.change(id, appointmentIn(ask.body))),
  'POST /bookings/id/cancel': ({ bookings }, _ask, id) => found(bookings.cancel(id)),
  'DELETE /bookings/id': ({ bookings }, _ask, id) => found(bookings.remove(id)),
  'POST /booking-rows': ({ bookings }, ask) => {
    bookings.addRow(ask.body);
    return done();
  },
  'GET /webhooks': ({ webhooks }) => json(200, { webhooks: webhooks.all() }),
  'GET /webhooks/deliveries': ({ webhooks }) => json(200, { deliveries: webhooks.deliveries }),
  'POST /webhooks/deliver': ({ webhooks }) => {
    void webhooks.deliver();
    return done();
  },
  'POST /tokens/expire': ({ auth }) => json(200, { expired: auth.expireTokens() }),
  'DELETE /failed-logins': ({ auth }) => {
    auth.forgetFailedLogins();
    return done();
  },
};

const ROOT = '/_sandbox';

export const isControl = (path: string): boolean => path === ROOT || path.startsWith(`${ROOT}/`);

/**
 * The sandbox's own door, which the real API does not have: everything that a test in the same process can do to the
 * switches, clients, tokens and the account. GET /_sandbox lists the ways.
 */
export const controlAnswer = (world: World, ask: Ask): Answer => {
  if (ask.path === ROOT)
    return json(
      200,
      Object.keys(CONTROLS).map((way) => way.replace(' ', ` ${ROOT}`)),
    );
  const [, id] = /\/(?:clients|bookings)\/(\d{1,15})(?:$|\/)/.exec(ask.path) ?? [];
  const path = ask.path.slice(ROOT.length).replace(/\/\d+(?=$|\/)/, '/id');
  const control = CONTROLS[`${ask.method} ${path}`];
  if (control === undefined) return notFoundPage();
  try {
    return control(world, ask, Number(id ?? 0));
  } catch (error) {
    if (error instanceof BadControl || error instanceof SwitchError) return failure(400, error.message);
    if (error instanceof SyntaxError) return failure(400, 'The body is no JSON.');
    throw error;
  }
};
