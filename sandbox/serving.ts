import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { failure, type Answer, type Ask } from './answers.ts';
import { controlAnswer, isControl } from './control.ts';
import type { Asked } from './requests.ts';
import { answerTo, routeOf } from './rest.ts';
import type { Route } from './route.ts';
import type { Trouble } from './troubles.ts';
import { insteadOf, isEmptyHanded, plainly, send } from './wire.ts';
import type { World } from './world.ts';

const BODY_LIMIT = 1_048_576;

/** The body as text; null when it is more than a megabyte. Rejects when the connection ends before it does. */
export const bodyOf = async (req: IncomingMessage): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

export const askOf = (req: IncomingMessage, body: string): Ask => {
  const target = req.url ?? '/';
  const end = target.includes('?') ? target.indexOf('?') : target.length;
  const query = new URLSearchParams(target.slice(end));
  return { method: req.method ?? 'GET', path: target.slice(0, end), query, headers: req.headers, body };
};

const numberIn = (query: URLSearchParams, name: string): number | null => {
  const value = Number(query.get(name) ?? Number.NaN);
  return Number.isInteger(value) ? value : null;
};

const tooFast = ({ faults, requests }: World): Answer | null => {
  const { maxPerSecond, overRate } = faults.switches;
  if (maxPerSecond === 0 || requests.perSecond <= maxPerSecond) return null;
  faults.strike('maxPerSecond');
  return failure(Number(overRate), 'Too many requests');
};

const withType = (answer: Answer, contentType: string): Answer =>
  answer.headers?.['content-type'] === 'application/json'
    ? { ...answer, headers: { ...answer.headers, 'content-type': contentType } }
    : answer;

const NOTHING: Answer = { status: 0, body: '' };

const answerOf = (world: World, ask: Ask, route: Route, trouble: Trouble | null): Answer => {
  if (trouble !== null && isEmptyHanded(trouble.kind)) return NOTHING;
  const instead = trouble === null ? null : insteadOf(trouble);
  return instead ?? tooFast(world) ?? answerTo(world, ask, route);
};

/** A refresh that is done while its answer gets lost is the one case of `lost` that has a switch of its own. */
const lostRefresh = ({ faults }: World, route: Route): Trouble | null => {
  const lost = faults.struck['refreshLost'] ?? 0;
  if (route.name !== 'refresh' || lost >= faults.switches.refreshLost) return null;
  faults.strike('refreshLost');
  return { kind: 'lost' };
};

const note = (world: World, ask: Ask, route: Route): Asked =>
  world.requests.begin({
    route: route.name,
    method: ask.method,
    page: numberIn(ask.query, 'page'),
    onPage: numberIn(ask.query, 'on_page'),
    withToken: (ask.headers['x-token'] ?? ask.headers['x-user-token']) !== undefined,
  });

/**
 * One request from its arrival to what is put on the wire: noted in the account, met by its trouble if it has one,
 * carried out otherwise. Rejects when `signal` ends the sandbox in the middle of it.
 */
export const serve = async (
  world: World,
  ask: Ask,
  res: ServerResponse,
  signal: AbortSignal,
): Promise<void> => {
  if (isControl(ask.path)) return plainly(res, controlAnswer(world, ask));
  const route = routeOf(ask);
  const asked = note(world, ask, route);
  res.once('close', () => world.requests.end(asked));
  const { latency, contentType } = world.faults.switches;
  const trouble = world.faults.troubleFor(route.name, asked.page) ?? lostRefresh(world, route);
  const answer = withType(answerOf(world, ask, route, trouble), contentType);
  asked.status = answer.status === 0 ? null : answer.status;
  asked.rpcError = answer.rpcError ?? null;
  asked.trouble = trouble?.kind ?? null;
  world.faults.strikeIfSet(['latency', 'contentType']);
  if (latency > 0) await pause(latency, undefined, { signal });
  await world.beforeAnswer?.(ask);
  return send(res, answer, trouble, signal);
};
