import { z } from 'zod';
import { instantsOf } from '../../../shared/local-time.ts';
import type { BookingStatus, CrmBooking, UnusableBooking } from '../contract.ts';
import { holdsCut, isRecord, loose, readId, UNSTORABLE } from './client-record.ts';
import { MOST_LEVELS } from './json.ts';

/** What a listed booking is read with: the company's zone, and the names that a row may leave out. */
export type Reading = {
  zone: string;
  cut: boolean;
  nameOf: (kind: 'service' | 'provider', id: string) => string | null;
};

export type BookingRead = { booking: CrmBooking } | { unusable: UnusableBooking };

const text = z.string().trim().min(1).max(1_000);
const optional = text.nullable().catch(null);

/** `[]` is PHP's empty map. */
const named = z.object({ id: z.unknown().optional(), name: optional }).catch({ id: null, name: null });

const texts = z.object({
  status: text,
  start_datetime: text,
  end_datetime: text,
  record_date: text.nullish(),
  code: loose.nullish(),
});

const STATUSES: Record<string, BookingStatus> = {
  confirmed: 'confirmed',
  confirmed_pending: 'confirmed_pending',
  pending: 'pending',
  canceled: 'canceled',
  // As the JSON-RPC side of the same product spells it.
  cancelled: 'canceled',
};

type Wrong = Pick<UnusableBooking, 'code' | 'detail'>;
const unreadable = (detail: string): Wrong => ({ code: 'record.unreadable', detail });
const impossible = (detail: string): Wrong => ({ code: 'booking.time.impossible', detail });

const iso = (instant: number): string => new Date(instant).toISOString();

type Span = Pick<CrmBooking, 'startAt' | 'endAt' | 'recordedAt'>;

/** The earlier instant where a time is shown twice; for the end the first one that is not before the start. */
const spanOf = (start: string, end: string, recorded: string | null, zone: string): Span | Wrong => {
  const never = (what: string, local: string): Wrong =>
    impossible(`${what} ${local}, a time that clocks in ${zone} never show`);
  const [startAt] = instantsOf(start, zone);
  if (startAt === undefined) return never('starts at', start);
  const ends = instantsOf(end, zone);
  if (ends.length === 0) return never('ends at', end);
  const endAt = ends.find((instant) => instant >= startAt);
  if (endAt === undefined) return impossible(`ends at ${end}, before it starts at ${start}`);
  if (recorded === null) return { startAt: iso(startAt), endAt: iso(endAt), recordedAt: null };
  const [recordedAt] = instantsOf(recorded, zone);
  if (recordedAt === undefined) return never('was made at', recorded);
  return { startAt: iso(startAt), endAt: iso(endAt), recordedAt: iso(recordedAt) };
};

type Party = { id: string | null; name: string | null };

const partyOf = (record: Record<string, unknown>, kind: 'service' | 'provider', reading: Reading): Party => {
  const nested = named.parse(record[kind]);
  const id = readId(record[`${kind}_id`]) ?? readId(nested.id);
  return { id, name: nested.name ?? (id === null ? null : reading.nameOf(kind, id)) };
};

/** Null: nobody's. Undefined: it does not say, which is not the same. */
const clientIdOf = (record: Record<string, unknown>): string | null | undefined => {
  const { client_id: told, client } = record;
  if (told === null) return null;
  if (told !== undefined) return readId(told) ?? undefined;
  return isRecord(client) ? (readId(client['id']) ?? undefined) : client === null ? null : undefined;
};

const fieldProblem = (record: Record<string, unknown>, { issues }: z.ZodError): Wrong => {
  const field = String(issues[0]?.path[0]);
  return record[field] === undefined
    ? unreadable(`came without the field ${field}`)
    : unreadable(`has something else than a text in the field ${field}`);
};

const read = (record: Record<string, unknown>, reading: Reading): CrmBooking | Wrong => {
  const externalId = readId(record['id']);
  const clientId = clientIdOf(record);
  if (externalId === null) return unreadable('has no readable id');
  if (clientId === undefined) return unreadable('does not say whose it is');
  if (reading.cut && holdsCut(record)) {
    return unreadable(`is nested more than ${MOST_LEVELS} levels deep`);
  }
  const shape = texts.safeParse(record);
  if (!shape.success) return fieldProblem(record, shape.error);
  const {
    start_datetime: startLocal,
    end_datetime: endLocal,
    record_date: made,
    code,
    status: said,
  } = shape.data;
  const status = STATUSES[said];
  if (status === undefined) {
    return { code: 'booking.status.unknown', detail: 'has a status that is none of those we know' };
  }
  const recordedLocal = made ?? null;
  const span = spanOf(startLocal, endLocal, recordedLocal, reading.zone);
  if ('detail' in span) return span;
  const [service, provider] = (['service', 'provider'] as const).map((kind) =>
    partyOf(record, kind, reading),
  );
  const booking = {
    externalId,
    clientId,
    status,
    code: code === null || code === undefined ? null : String(code),
    ...span,
    startLocal,
    endLocal,
    recordedLocal,
    timezone: reading.zone,
    serviceId: service?.id ?? null,
    service: service?.name ?? null,
    providerId: provider?.id ?? null,
    provider: provider?.name ?? null,
  };
  return Object.values(booking).some((value) => value !== null && UNSTORABLE.test(value))
    ? unreadable('has a control character or half a character in one of its texts')
    : booking;
};

/** Nothing of the client but its id: a renamed client is no change of what waits. */
const withoutClient = (record: unknown): unknown =>
  isRecord(record) && isRecord(record['client'])
    ? { ...record, client: { id: record['client']['id'] } }
    : record;

/** Reads one record of a list of bookings. The detail of an unusable one is a sentence. */
export const readBooking = (record: unknown, reading: Reading): BookingRead => {
  const externalId = isRecord(record) ? readId(record['id']) : null;
  const clientId = isRecord(record) ? (clientIdOf(record) ?? null) : null;
  const result = isRecord(record) ? read(record, reading) : unreadable('came as something that is no record');
  if ('externalId' in result) return { booking: result };
  const detail = `${externalId === null ? 'A booking' : `Booking ${externalId}`} ${result.detail}.`;
  const unusable = { externalId, clientId, code: result.code, detail, record: withoutClient(record) };
  return { unusable };
};
