import type { Values } from './truth.ts';

export type Answer<Body> = { status: number; body: Body };

/** How the service is asked; a test may hold each answer to the OpenAPI document. */
export type Ask = <Body>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer<Body>>;

type Page<Row> = { data: Row[]; page: { nextCursor: string | null } };
type Source = Values & { connectionId: string; externalId: string; status: string };
export type BookingValues = { status: string; startLocal: string | null; clientId: string | null };
type Booked = BookingValues & { leadId: string | null };
type Lead = { id: string; status: string; sources: Source[] };

/** What the service holds of one connection. */
export type Books = {
  /** By external id: the values of each source of a lead. */
  sources: Map<string, Values>;
  leads: number;
  /** By external id: the code of what is wrong. */
  waiting: Map<string, string>;
  /** By the external id of a client: the lead that it hangs on. */
  leadOf: Map<string, string>;
  /** By external id. */
  bookings: Map<string, Booked>;
  waitingBookings: Map<string, string>;
  /** By external id: the clients that the CRM is said to have no more. */
  gone: Set<string>;
  /** Sources that stand twice, leads that are not what their sources are: never right. */
  wrong: string[];
};

const MOST_ROWS = 200;

const all = async <Row>(ask: Ask, path: string): Promise<Row[]> => {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { status, body } = await ask<Page<Row>>('GET', `${path}&limit=${MOST_ROWS}${next}`);
    if (status !== 200) throw new Error(`GET ${path} was answered with ${status}: ${JSON.stringify(body)}`);
    rows.push(...body.data);
    cursor = body.page.nextCursor;
  } while (cursor !== null);
  return rows;
};

export const booksOf = async (ask: Ask, connectionId: string): Promise<Books> => {
  const leads = await all<Lead>(ask, `/api/leads?source=${connectionId}`);
  const waiting = await all<{ externalId: string; code: string; kind: string }>(
    ask,
    `/api/quarantine?connectionId=${connectionId}`,
  );
  const bookings = await all<Booked & { externalId: string }>(
    ask,
    `/api/bookings?connectionId=${connectionId}`,
  );
  const codesOf = (wanted: string): Map<string, string> =>
    new Map(waiting.filter(({ kind }) => kind === wanted).map(({ externalId, code }) => [externalId, code]));
  const sources = leads.flatMap((lead) => lead.sources).filter((one) => one.connectionId === connectionId);
  const byId = new Map(
    sources.map(({ externalId, name, email, phone }) => [externalId, { name, email, phone }]),
  );
  return {
    sources: byId,
    leads: leads.length,
    waiting: codesOf('client'),
    leadOf: new Map(
      leads.flatMap((lead) =>
        lead.sources
          .filter((one) => one.connectionId === connectionId)
          .map(({ externalId }) => [externalId, lead.id] as const),
      ),
    ),
    bookings: new Map(bookings.map((booking) => [booking.externalId, booking])),
    waitingBookings: codesOf('booking'),
    gone: new Set(sources.filter(({ status }) => status === 'gone').map(({ externalId }) => externalId)),
    wrong: [
      ...(byId.size === sources.length ? [] : [`${sources.length - byId.size} clients are on two leads`]),
      ...leads
        .filter((lead) => lead.status !== statusOf(lead))
        .map(({ id, status }) => `lead ${id} is ${status}, and its clients are not`),
    ],
  };
};

const statusOf = ({ sources }: Lead): string =>
  sources.every(({ status }) => status === 'gone') ? 'gone' : 'active';

/** The types of all events of a run, in order. */
export const eventsOf = async (ask: Ask, runId: string): Promise<string[]> =>
  (await all<{ type: string }>(ask, `/api/events?runId=${runId}`)).map(({ type }) => type);
