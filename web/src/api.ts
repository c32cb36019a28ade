import createClient from 'openapi-fetch';
import type { components, paths } from './api-schema.ts';
import { heard } from './line.ts';

type Schemas = components['schemas'];
export type Connection = Schemas['ConnectionDto'];
export type Run = Schemas['RunDto'];
export type Lead = Schemas['LeadDto'];
export type LeadDetail = Schemas['LeadDetailDto'];
export type LeadSource = Schemas['LeadSourceDto'];
export type Booking = Schemas['BookingDto'];
export type Waiting = Schemas['QuarantinedRecordDto'];
export type LogEvent = Schemas['EventDto'];
export type LeadChange = Schemas['LeadChangeDto'];
export type RunChange = Schemas['RunChangeDto'];
export type WebhooksState = Schemas['WebhooksDto'];
export type WebhookAddress = Schemas['WebhookAddressDto'];
export type Summary = Schemas['SummaryDto'];
export type Verdict = Schemas['VerdictDto'];
export type CheckReport = Schemas['CheckReportDto'];
export type Problem = Schemas['Problem'];

/** The service itself said no. Its sentence tells what happened, why, and what to do. */
export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    readonly status: number,
  ) {
    super(problem.detail);
  }

  /** The last part of the problem's type. */
  get code(): string {
    return this.problem.type.split('/').at(-1) ?? '';
  }
}

/** The session ended before this was asked; what the service says of it is meant for programs. */
const ENDED = {
  title: 'Your session had ended',
  detail: 'Nothing was done. Now that you are signed in, do it again.',
};

/** There was no answer, or none of ours: what answers for a service that is away, or stands before it. */
export class Unreachable extends Error {
  readonly title: string;

  constructor(status?: number) {
    const isAway = status === undefined || AWAY.has(status);
    super(
      isAway
        ? 'No answer came: crm-sync may be restarting, or this device may be offline.'
        : `Something else than crm-sync has answered (${status}), perhaps a proxy before it. If it goes on, tell whoever runs crm-sync.`,
    );
    this.title = isAway ? 'No answer' : 'Not an answer of crm-sync';
  }
}

/** How a proxy says that what is behind it does not answer; and how crm-sync itself does while its database is away. */
const AWAY = new Set([502, 503, 504]);

/** Told when something was refused because nobody is signed in any more. */
export const onSignedOut = new EventTarget();

/** Where one signs in, and where whoever is not signed in is told so. */
const SESSION = '/api/session';

export const api = createClient<paths>({
  baseUrl: '/',
  fetch: async (request: Request) => {
    try {
      const answer = await fetch(request);
      heard(!isAway(answer));
      if (answer.status === 401 && !request.url.endsWith(SESSION))
        onSignedOut.dispatchEvent(new Event('signed-out'));
      return answer;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      heard(false);
      throw new Unreachable();
    }
  },
});

/** A problem of crm-sync's own with 502 is about the CRM. */
const isAway = ({ status, headers }: Response): boolean =>
  status === 503 || (AWAY.has(status) && headers.get('content-type')?.includes('problem+json') !== true);

type Answer<Body> = { data?: Body; error?: unknown; response: Response };

/** What was asked for. @throws Refused, Unreachable */
export const answered = async <Body>(asked: Promise<Answer<Body>>): Promise<NonNullable<Body>> => {
  const { data, error, response } = await read(asked);
  if (response.ok && data !== undefined && data !== null) return data;
  throw refusal(error, response);
};

/** Where there is nothing to be told. @throws Refused, Unreachable */
export const done = async (asked: Promise<Answer<unknown>>): Promise<void> => {
  const { error, response } = await read(asked);
  if (!response.ok) throw refusal(error, response);
};

/** What is no JSON though it says so is no answer of ours. */
const read = async <Body>(asked: Promise<Answer<Body>>): Promise<Answer<Body>> => {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof SyntaxError ? new Unreachable(200) : error;
  }
};

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'type' in body && 'detail' in body;

const refusal = (body: unknown, { status, url }: Response): Error => {
  if (!isProblem(body)) return new Unreachable(status);
  const isOver = status === 401 && !url.endsWith(SESSION);
  return new Refused(isOver ? { ...body, ...ENDED } : body, status);
};

/** By name of the body's or the query's field, the sentence about it. */
export const fieldErrors = (error: unknown): Record<string, string> => {
  if (!(error instanceof Refused)) return {};
  const named = (error.problem.errors ?? []).map(({ pointer, detail }): [string, string] => [
    pointer.split(/[/?]/).at(-1) ?? '',
    detail,
  ]);
  return Object.fromEntries(named.map(([name, detail]) => [name, asSentence(detail)]));
};

const asSentence = (detail: string): string => `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
