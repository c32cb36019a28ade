import { setTimeout as sleep } from 'node:timers/promises';
import { DemoFailure } from './failure.ts';

/** The service as any program sees it: an address and a key. */
export type Api = { url: string; key: string; console: string; signal: AbortSignal };

export type Outcome = 'created' | 'updated' | 'linked' | 'unchanged' | 'quarantined' | 'erased';
export type BookingOutcome = 'created' | 'updated' | 'unchanged' | 'quarantined';
export type Counts = Record<'fetched' | Outcome, number> & {
  bookings: Record<'fetched' | BookingOutcome, number>;
};
export type Run = {
  id: string;
  status: string;
  counts: Counts;
  error: { code: string; detail: string } | null;
  progress: { phase: string; done: number; total: number | null };
};
export type Connection = { id: string };
export type Lead = { id: string; name: string | null; email: string | null; phone: string | null };
export type Appointment = {
  startLocal: string | null;
  startAt: string | null;
  status: string;
  service: string | null;
  provider: string | null;
};
export type LogEntry = { position: number; type: string; data: Record<string, unknown>; recordedAt: string };
export type Waiting = { kind: 'client' | 'booking'; externalId: string; code: string; detail: string };
export type List<T> = { data: T[] };

const ANSWER_WITHIN = 30_000;
const DEATH_TOLD_WITHIN = 2_000;

const ask = async <T>(api: Api, request: string, init: RequestInit): Promise<T> => {
  const [method = '', path = ''] = request.split(' ');
  const signal = AbortSignal.any([api.signal, AbortSignal.timeout(ANSWER_WITHIN)]);
  const [response, answer] = await fetch(`${api.url}${path}`, { ...init, method, signal })
    .then(async (got) => [got, (await got.json()) as T & { detail?: string }] as const)
    .catch(unanswered(api, request));
  if (response.ok) return answer;
  throw new DemoFailure(
    `${request} was answered with ${response.status}: ${answer.detail ?? 'no reason given'}`,
  );
};

/** Mostly because the service is dead, which is told a moment later and says more. */
const unanswered = (api: Api, request: string) => async (): Promise<never> => {
  await sleep(DEATH_TOLD_WITHIN, undefined, { signal: api.signal });
  throw new DemoFailure(`${request} got no answer.`);
};

/** @throws DemoFailure for every answer that is not 2xx */
export const get = <T>(api: Api, path: string): Promise<T> =>
  ask(api, `GET ${path}`, { headers: { authorization: `Bearer ${api.key}` } });

/** @throws DemoFailure for every answer that is not 2xx */
export const post = <T>(api: Api, path: string, body: object, headers: object = {}): Promise<T> =>
  ask(api, `POST ${path}`, {
    headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
