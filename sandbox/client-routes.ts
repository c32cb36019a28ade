import {
  failure,
  json,
  jsonText,
  members,
  notFoundPage,
  type Answer,
  type Ask,
  type FieldFailures,
} from './answers.ts';
import { detailJson, idOf, writtenJson } from './client-json.ts';
import type { Switches } from './faults.ts';
import type { Client, Person } from './people.ts';
import type { World } from './world.ts';

const NOT_FOUND = (): Answer => failure(404, 'Client not found');

const find = (
  { crm, faults }: World,
  idText: string,
  deletedToo: boolean = faults.switches.listDeleted,
): Client | null => {
  const id = idOf(idText, faults.switches.ids);
  const client = id === null ? null : crm.get(id);
  return client !== null && client.deleted && !deletedToo && !faults.switches.listDeleted ? null : client;
};

/** GET /admin/clients/{id}: the bare record, without `data` around it. */
export const readClient = (world: World, _ask: Ask, id: string): Answer => {
  const { byId } = world.faults.switches;
  world.faults.strikeIfSet(['ids', 'hide', 'byId']);
  if (byId === 'forbidden') return failure(403, 'Access denied');
  if (byId === 'missing') return notFoundPage();
  const client = byId === 'nobody' ? null : find(world, id, byId === 'marks');
  return client === null ? NOT_FOUND() : jsonText(200, detailJson(world.crm, client, world.faults.switches));
};

const MISSING = 'Invalid type given, value should be float, string, or integer';
const EMPTY = "Value is required and can't be empty";
const LETTERS = "'phone' should not contain letters. Example +11 (111) 111-11-11";

const OPTIONAL = ['address1', 'address2', 'city', 'zip', 'country_id', 'state_id'] as const;

const scalar = (value: unknown): string | null =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : null;

/** What the body says of a person, as it was sent; what it leaves out is null. */
const personIn = (asked: Record<string, unknown>): Person & { name: string } => ({
  name: scalar(asked['name']) ?? '',
  email: scalar(asked['email']),
  phone: scalar(asked['phone']),
  address1: scalar(asked['address1']),
  address2: scalar(asked['address2']),
  city: scalar(asked['city']),
  zip: scalar(asked['zip']),
  country_id: scalar(asked['country_id']),
  state_id: scalar(asked['state_id']),
  birthday: null,
});

const isAddress = (email: string): boolean => /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(email);

const emailFailure = (email: string | null, required: boolean): string | null => {
  if (email === null) return required ? MISSING : null;
  if (email === '') return required ? EMPTY : null;
  return isAddress(email) ? null : 'Invalid email address';
};

const phoneFailure = (phone: string | null, required: boolean): string | null => {
  if (phone === null) return required ? MISSING : null;
  if (phone === '') return required ? EMPTY : null;
  return /\p{L}/u.test(phone) ? LETTERS : null;
};

const failuresOf = (person: Person, required: Switches['required']): FieldFailures => {
  const found = {
    name: person.name.trim() === '' ? EMPTY : null,
    email: emailFailure(person.email, required !== 'phone'),
    phone: phoneFailure(person.phone, required !== 'email'),
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([field, text]) => (text === null ? [] : [[field, [text]]])),
  );
};

const sameAddress = (crm: World['crm'], email: string | null): Client | null => {
  const wanted = email?.toLowerCase();
  if (wanted === undefined || wanted === '') return null;
  return crm.all().find((client) => !client.deleted && client.email?.trim().toLowerCase() === wanted) ?? null;
};

/** POST /admin/clients: 200, not 201. What an existing e-mail does nobody has recorded, hence the switch. */
export const createClient = (world: World, ask: Ask): Answer => {
  const { crm, faults } = world;
  const { existingEmail, required } = faults.switches;
  const person = personIn(members(ask.body));
  const failures = failuresOf(person, required);
  if (Object.keys(failures).length > 0) return failure(400, '', { data: failures });
  const existing = existingEmail === 'creates' ? null : sameAddress(crm, person.email);
  if (existing !== null) faults.strike('existingEmail');
  if (existing !== null && existingEmail === 'refuses') {
    return failure(400, '', { data: { email: ['Client with this email already exists'] } });
  }
  return jsonText(200, writtenJson(crm, existing ?? crm.add(person), faults.switches));
};

const overlaid = (client: Client, asked: Record<string, unknown>): Person => {
  const given = Object.keys(asked);
  const kept = Object.entries(client).filter(([field]) => !given.includes(field));
  return { ...personIn(asked), ...Object.fromEntries(kept) };
};

/** PUT /admin/clients/{id}: what is left out becomes null, unless PUT merges. */
export const editClient = (world: World, ask: Ask, id: string): Answer => {
  const { crm, faults } = world;
  const client = find(world, id);
  if (client === null) return NOT_FOUND();
  const asked = members(ask.body);
  faults.strikeIfSet(['put']);
  const { name, email, phone, ...rest } =
    faults.switches.put === 'merges' ? overlaid(client, asked) : personIn(asked);
  const failures = failuresOf({ name, email, phone, ...rest }, faults.switches.required);
  if (Object.keys(failures).length > 0) return failure(400, '', { data: failures });
  const address = Object.fromEntries(OPTIONAL.map((field) => [field, rest[field]]));
  const changed = crm.change(client.id, { name, email, phone, ...address });
  return changed === null ? NOT_FOUND() : jsonText(200, writtenJson(crm, changed, faults.switches));
};

/** POST /admin/clients/{id}: the vendor's own node edits by it. */
export const editClientByPost = (world: World, ask: Ask, id: string): Answer =>
  world.faults.switches.postEdits ? editClient(world, ask, id) : notFoundPage();

/** DELETE /admin/clients/{id}: soft. What the real one answers nobody has recorded. */
export const deleteClient = (world: World, _ask: Ask, id: string): Answer => {
  const client = find(world, id);
  if (client === null) return NOT_FOUND();
  world.crm.delete(client.id);
  return json(200, []);
};

const BIRTHDAY = '9f00aa11bb22cc33dd44ee55ff667788';

const fieldOf = (id: string, title: string, type: string, optional: boolean): unknown => ({
  id,
  title,
  default_value: '',
  values: [],
  value: '',
  is_visible: true,
  is_optional: optional,
  is_built_in: false,
  type,
});

/** GET /admin/clients/fields: `is_built_in` is false for the built-in ones too. */
export const listClientFields = ({ faults }: World): Answer => {
  const { required } = faults.switches;
  return json(200, {
    data: [
      fieldOf('name', 'Name', 'text', false),
      fieldOf('email', 'Email', 'email', required === 'phone'),
      fieldOf('phone', 'Phone', 'phone', required === 'email'),
      fieldOf(BIRTHDAY, 'Birthday', 'text', true),
    ],
  });
};

const valueOf = (id: string, title: string, type: string, value: string | null): unknown => ({
  id,
  field: { id, title, type },
  value: value ?? '',
});

/** GET /admin/clients/field-values/{id}: one call for each client. */
export const readFieldValues = (world: World, _ask: Ask, id: string): Answer => {
  const { fieldValues } = world.faults.switches;
  world.faults.strikeIfSet(['fieldValues']);
  if (fieldValues === 'forbidden') return failure(403, 'Access denied');
  const client = find(world, id);
  if (client === null) return NOT_FOUND();
  const values = [
    valueOf('name', 'Name', 'text', client.name),
    valueOf('email', 'Email', 'email', client.email),
    valueOf('phone', 'Phone', 'phone', client.phone),
    valueOf(BIRTHDAY, 'Birthday', 'text', client.birthday),
  ];
  const shapes = {
    list: values,
    map: Object.fromEntries(values.map((value, index) => [index + 1, value])),
    empty: [],
  };
  return json(200, { id: client.id, fields: shapes[fieldValues] });
};
