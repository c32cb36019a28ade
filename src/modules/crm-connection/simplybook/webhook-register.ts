import { readPage } from './client-page.ts';
import { isRecord, readId } from './client-record.ts';
import { CrmRefusal, RestClosed } from './refusals.ts';
import type { Question } from './rest-visit.ts';
import type { Visit } from './visit.ts';

/** What can change a lead or a booking. The vendor's own node knows four of them, the API's document all six. */
const EVENTS = [
  'new_client',
  'change_client',
  'delete_client',
  'new_booking',
  'change_booking',
  'cancel_booking',
] as const;

type Registered = { id: string; url: string; event: string };

const registeredIn = (records: readonly unknown[]): Registered[] =>
  records.filter(isRecord).flatMap(({ id: given, url, event }) => {
    const id = readId(given);
    return id === null || typeof url !== 'string' ? [] : [{ id, url, event: String(event) }];
  });

/** Null: this company has no such register, or the user may not see it. */
const listQuestion: Question<Registered[] | null> = {
  path: '/admin/webhooks',
  query: {},
  read: (json) => {
    const page = readPage(json, 'webhooks');
    return typeof page === 'string' ? { unusable: page } : { answer: registeredIn(page.records) };
  },
  instead: { 403: null, 404: null, 405: null },
};

/** False: it does not know this event. */
const addQuestion = (url: string, event: string): Question<boolean> => ({
  method: 'POST',
  path: '/admin/webhooks',
  query: {},
  body: { url, event },
  read: () => ({ answer: true }),
  instead: { 200: true, 201: true, 400: false, 403: false, 404: false, 405: false, 422: false },
});

const removeQuestion = (id: string): Question<boolean> => ({
  method: 'DELETE',
  path: `/admin/webhooks/${encodeURIComponent(id)}`,
  query: {},
  read: () => ({ answer: true }),
  instead: { 200: true, 204: true, 403: false, 404: false },
});

/** Null also where there is no REST: JSON-RPC has no register that can be read. */
const listed = async (visit: Visit): Promise<Registered[] | null> => {
  if ((await visit.tokens.way()) === 'rpc') return null;
  try {
    return await visit.rest.ask(listQuestion);
  } catch (error) {
    if (error instanceof RestClosed) return null;
    if (error instanceof CrmRefusal && error.code === 'crm-answer-unusable') return null;
    throw error;
  }
};

/**
 * New ones first, then away with the old ones: nothing goes unheard meanwhile. What an earlier attempt left behind, whose
 * answer got lost, is told by its address.
 */
export const registerWebhooks = async (
  visit: Visit,
  address: string,
  ours: string,
): Promise<string[] | null> => {
  const before = await listed(visit);
  if (before === null) return null;
  const taken: string[] = [];
  for (const event of EVENTS) if (await visit.rest.ask(addQuestion(address, event))) taken.push(event);
  if (taken.length === 0) return null;
  await away(visit, before, ours);
  return taken;
};

const away = async (visit: Visit, registered: readonly Registered[], ours: string): Promise<void> => {
  for (const { id, url } of registered) if (url.includes(ours)) await visit.rest.ask(removeQuestion(id));
};

export const removeWebhooks = async (visit: Visit, ours: string): Promise<void> =>
  away(visit, (await listed(visit)) ?? [], ours);
