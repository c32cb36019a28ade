import type { ClientLook } from '../contract.ts';
import { isDeleted, isRecord, readId } from './client-record.ts';
import type { Json } from './json.ts';
import { CrmRefusal } from './refusals.ts';
import type { Question } from './rest-visit.ts';
import type { RpcQuestion } from './rpc-visit.ts';
import type { Visit } from './visit.ts';

const TRIES = 2;

/** So many clients in a row of whom nothing is told are enough: the CRM is not in the mood. */
const MOST_UNKNOWN = 3;

/** A record proves something of the client that was asked for, and of nobody else. */
const judged = (externalId: string, { value }: Json): ClientLook => {
  if (!isRecord(value) || readId(value['id']) !== externalId) return 'unknown';
  return isDeleted(value['is_deleted']) ? 'marked-deleted' : 'present';
};

/** A web page with this status says that there is no such address, hence nothing of the client. */
const isNotFound = (status: number, { value }: Json): boolean =>
  status === 404 && isRecord(value) && Number(value['code']) === 404;

const byRest = (externalId: string): Question<ClientLook> => ({
  path: `/admin/clients/${encodeURIComponent(externalId)}`,
  query: {},
  read: (json) => ({ answer: judged(externalId, json) }),
  refused: (status, json) => (isNotFound(status, json) ? 'not-found' : null),
});

const DENIED = -32_600;
const NO_METHOD = -32_601;
/** "Client id value": printed with a digit missing in SimplyBook.me's own list of errors. */
const NO_CLIENT = [-32_064, -3264];

const byRpc = (method: string, externalId: string): RpcQuestion<ClientLook | 'no method'> => ({
  method,
  params: [externalId],
  read: (json) => ({ answer: judged(externalId, json) }),
  instead: {
    ...Object.fromEntries(NO_CLIENT.map((code) => [code, 'not-found' as const])),
    [DENIED]: 'unknown',
    [NO_METHOD]: 'no method',
  },
  withoutLogin: true,
});

/** Some editions know the second name only. */
const askRpc = async ({ rpc }: Visit, externalId: string): Promise<ClientLook> => {
  for (const method of ['getClient', 'getClientInfo']) {
    const answer = await rpc.ask(byRpc(method, externalId), TRIES);
    if (answer !== 'no method') return answer;
  }
  return 'unknown';
};

/** No answer is no proof, whatever the reason. */
const ask = async (visit: Visit, isRpc: boolean, externalId: string): Promise<ClientLook> => {
  try {
    return isRpc ? await askRpc(visit, externalId) : await visit.rest.ask(byRest(externalId), TRIES);
  } catch (error) {
    if (error instanceof CrmRefusal) return 'unknown';
    throw error;
  }
};

/** Asks for clients one by one, by the API that lists them. Stops early when nothing is told. */
export async function* lookAtClients(
  visit: Visit,
  externalIds: readonly string[],
): AsyncGenerator<[externalId: string, look: ClientLook], void, undefined> {
  const isRpc = (await visit.tokens.way()) === 'rpc';
  let unknown = 0;
  for (const externalId of externalIds) {
    const look = await ask(visit, isRpc, externalId);
    yield [externalId, look];
    unknown = look === 'unknown' ? unknown + 1 : 0;
    if (unknown === MOST_UNKNOWN) return;
  }
}
