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

/** There was no answer, or none of ours. */
export class Unreachable extends Error {
  constructor() {
    super('No answer came: crm-sync may be restarting, or this device may be offline.');
  }
}

/** Told when the session has ended. */
export const onSignedOut = new EventTarget();

export const api = createClient<paths>({
  baseUrl: '/',
  fetch: async (request: Request) => {
    try {
      const answer = await fetch(request);
      heard(answer.status !== 503);
      return answer;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      heard(false);
      throw new Unreachable();
    }
  },
});

type Answer<Body> = { data?: Body; error?: unknown; response: Response };

/** What was asked for. @throws Refused, Unreachable */
export const answered = async <Body>(asked: Promise<Answer<Body>>): Promise<NonNullable<Body>> => {
  const { data, error, response } = await asked;
  if (response.ok && data !== undefined && data !== null) return data;
  throw refusal(error, response.status);
};

/** Where there is nothing to be told. @throws Refused, Unreachable */
export const done = async (asked: Promise<Answer<unknown>>): Promise<void> => {
  const { error, response } = await asked;
  if (!response.ok) throw refusal(error, response.status);
};

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'type' in body && 'detail' in body;

const refusal = (body: unknown, status: number): Error => {
  if (!isProblem(body)) {
    heard(false);
    return new Unreachable();
  }
  const refused = new Refused(body, status);
  if (status === 401) onSignedOut.dispatchEvent(new Event('signed-out'));
  return refused;
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
