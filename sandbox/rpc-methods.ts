import { idOf, idText } from './client-json.ts';
import { drift } from './drift.ts';
import type { Client } from './people.ts';
import { error, result, type Params, type RpcOutcome } from './rpc-answer.ts';
import { rpcRows } from './rpc-bookings.ts';
import { weirdRows } from './weird.ts';
import type { World } from './world.ts';

export type Method = (world: World, params: Params) => RpcOutcome;

const ROWS_A_PAGE = 100;

const whole = (given: unknown): number | null => {
  const number = typeof given === 'string' && given !== '' ? Number(given) : given;
  return typeof number === 'number' && Number.isInteger(number) && number > 0 ? number : null;
};

/** Ids are texts here, unless a switch wants them odd. */
const rowOf = ({ faults }: World, client: Client, fields: readonly (keyof Client)[]): string => {
  const { ids, hide } = faults.switches;
  const shown = fields.filter((field) => !hide.some((hidden) => hidden === field));
  const values = Object.fromEntries(shown.map((field) => [field, client[field]]));
  const rest = JSON.stringify(values).slice(1);
  return `{"id":${idText(client.id, ids === 'number' ? 'text' : ids)}${rest === '}' ? '' : ','}${rest}`;
};

type Row = Client | string;

const pageOf = (world: World, rows: readonly Row[], limit: number | null, page: number): readonly Row[] => {
  const { rpcLimit, rpcPages } = world.faults.switches;
  const size = Math.min(limit ?? ROWS_A_PAGE, ROWS_A_PAGE, rpcLimit === 0 ? Infinity : rpcLimit);
  const all = rpcPages === 'of-the-cut' && rpcLimit > 0 ? rows.slice(0, rpcLimit) : rows;
  const start = (page - 1) * (rpcPages === 'hundreds' ? ROWS_A_PAGE : size);
  drift(world, rows, { page, size });
  return all.slice(start, start + (rpcPages === 'hundreds' && rpcLimit === 0 ? ROWS_A_PAGE : size));
};

const found = ({ crm, faults }: World, search: string): readonly Client[] => {
  const { order, listDeleted, rpcSearch } = faults.switches;
  if (search !== '' && rpcSearch === 'nobody') return [];
  const wanted = { order: order === 'id' ? ('id' as const) : ('name' as const), deleted: listDeleted };
  return crm.list({ ...wanted, search: rpcSearch === 'everybody' ? '' : search });
};

const listJson = (world: World, rows: readonly Row[]): RpcOutcome => {
  const texts = rows.map((row) =>
    typeof row === 'string' ? row : rowOf(world, row, ['name', 'email', 'phone']),
  );
  if (world.faults.switches.rpcList === 'array' || rows.length === 0) return { text: `[${texts.join(',')}]` };
  const members = rows.map(
    (row, index) => `"${typeof row === 'string' ? `odd${index}` : row.id}":${texts[index]}`,
  );
  return { text: `{${members.join(',')}}` };
};

/** `page` is in no documentation: it is honoured, ignored or refused. `limit` too is at the server's mercy. */
const getClientList: Method = (world, params) => {
  const [search, limitGiven, pageGiven] = params('searchString', 'limit', 'page');
  const { rpcPages, rpcSearch, rpcHonoursLimit, rpcUsualLimit, rpcLimit, weird, empty } =
    world.faults.switches;
  world.faults.strikeIfSet([
    'rpcList',
    'rpcPages',
    'rpcLimit',
    'rpcUsualLimit',
    'rpcHonoursLimit',
    'rpcSearch',
  ]);
  world.faults.strikeIfSet(['hide', 'weird', 'empty']);
  const page = whole(pageGiven);
  const text = typeof search === 'string' ? search : '';
  if (page !== null && rpcPages === 'refused') return error(-32602, 'Invalid params');
  if (text !== '' && rpcSearch === 'refused') return error(-32602, 'Invalid params');
  const rows: Row[] = empty ? [] : [...found(world, text), ...world.crm.rows, ...weirdRows(weird)];
  const limit = rpcHonoursLimit ? whole(limitGiven) : null;
  const isPaged = rpcPages !== 'ignored' && rpcPages !== 'refused';
  if (page !== null && isPaged) return listJson(world, pageOf(world, rows, limit, page));
  const usual = rpcUsualLimit === 0 ? Infinity : rpcUsualLimit;
  const most = Math.min(limit ?? usual, rpcLimit === 0 ? Infinity : rpcLimit);
  return listJson(world, rows.slice(0, most));
};

const CLIENT_FIELDS = [
  'name',
  'email',
  'phone',
  'address1',
  'address2',
  'city',
  'zip',
  'country_id',
] as const;

const getClient: Method = (world, params) => {
  const { byId, ids } = world.faults.switches;
  if (byId === 'forbidden') return error(-32600, 'Access denied');
  if (byId === 'missing') return error(-32601, 'Method not found');
  const [given] = params('clientId');
  const text = typeof given === 'string' || typeof given === 'number' ? String(given) : '';
  const id = idOf(text, ids);
  const client = id === null || byId === 'nobody' ? null : world.crm.get(id);
  return client === null || client.deleted
    ? error(-32064, 'Invalid client id value')
    : { text: rowOf(world, client, CLIENT_FIELDS) };
};

const getBookings: Method = (world, params) => {
  const { bookingsRoute } = world.faults.switches;
  if (bookingsRoute === 'missing') return error(-32601, 'Method not found');
  if (bookingsRoute === 'forbidden') return error(-32600, 'Access denied');
  const filter = params('filter')[0];
  const wanted: Record<string, unknown> = typeof filter === 'object' && filter !== null ? { ...filter } : {};
  return { text: `[${rpcRows(world, wanted).join(',')}]` };
};

/** Much more than this in the real one, in other words than those of the list. */
const getBookingDetails: Method = ({ bookings, faults }, params) => {
  const [given] = params('id');
  const { bookingsRoute, ids } = faults.switches;
  if (bookingsRoute === 'missing') return error(-32601, 'Method not found');
  if (bookingsRoute === 'forbidden') return error(-32600, 'Access denied');
  const text = typeof given === 'string' || typeof given === 'number' ? String(given) : '';
  const id = idOf(text, ids);
  const booking = id === null ? null : bookings.get(id);
  if (booking === null) return error(-32080, 'Appointment not found');
  const { code, start, end, recorded } = booking;
  const idJson = idText(booking.id, ids === 'number' ? 'text' : ids);
  const rest = {
    code,
    start_date_time: start,
    end_date_time: end,
    record_date: recorded,
    location: [],
    status: [],
  };
  return { text: `{"id":${idJson},${JSON.stringify(rest).slice(1)}` };
};

/** Minutes east of UTC as the company's clock stands. */
const getCompanyTimezoneOffset: Method = () => result('60');

const REQUIRED = { email_phone: 'email_phone', email: 'email', phone: 'phone' };

const getCompanyParam: Method = ({ faults }, params) => {
  const [name] = params('paramKey');
  if (name === 'require_fields') return result(REQUIRED[faults.switches.required]);
  return name === 'timezone' && faults.switches.companyTimezone !== ''
    ? result(faults.switches.companyTimezone)
    : error(-32010, 'Required parameters missing');
};

/** Company administration: wants the token of a user. */
export const ADMIN_METHODS: Record<string, Method> = {
  getClientList,
  getClient,
  getClientInfo: getClient,
  getBookings,
  getBookingDetails,
  getCompanyTimezoneOffset,
  getCompanyParam,
};

/** The public service: wants the token of the API key. */
export const PUBLIC_METHODS: Record<string, Method> = {
  getEventList: () => result([]),
  getUnitList: () => result([]),
  getCompanyTimezoneOffset,
};
