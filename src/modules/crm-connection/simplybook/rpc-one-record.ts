import type { ClientRead } from '../../webhooks/contract.ts';
import { isRecord, readId, readRecord } from './client-record.ts';
import type { Json } from './json.ts';
import { asRest, rpcBookingsQuestion } from './rpc-bookings.ts';
import type { RpcQuestion, RpcVisit } from './rpc-visit.ts';

/** `no way`: there is no such method. */
type Answer<T> = T | 'gone' | 'denied' | 'no way';

/** What the list of clients tells, and no more: the same client must look the same wherever it was read. */
const asListed = ({ id, name, email, phone }: Record<string, unknown>): Record<string, unknown> => ({
  id,
  ...(name !== undefined && { name }),
  ...(email !== undefined && { email }),
  ...(phone !== undefined && { phone }),
});

const clientOf = ({ value, cut }: Json, externalId: string): ClientRead | null => {
  if (!isRecord(value) || readId(value['id'] ?? externalId) !== externalId) return null;
  const reading = readRecord({ ...asListed(value), id: externalId }, cut);
  if (reading.kind === 'deleted') return 'gone';
  return reading.kind === 'client' ? { client: reading.client } : { unreadable: reading.unreadable };
};

const ANOTHER = { unusable: 'the answer is not the record that was asked for' };

/** An unknown client is "wrong value of the client id", which the vendor's list of errors has as -3264. */
const clientQuestion = (method: string, externalId: string): RpcQuestion<Answer<ClientRead>> => ({
  method,
  params: [externalId],
  read: (json) => {
    const read = clientOf(json, externalId);
    return read === null ? ANOTHER : { answer: read };
  },
  instead: { [-32064]: 'gone', [-3264]: 'gone', [-32600]: 'denied', [-32601]: 'no way' },
  withoutLogin: true,
});

/** Only its code is taken: the list says all else in the way in which a sync reads it. */
const codeQuestion = (externalId: string): RpcQuestion<Answer<{ code: string }>> => ({
  method: 'getBookingDetails',
  params: [externalId],
  read: ({ value }) => {
    const code = isRecord(value) && readId(value['id']) === externalId ? value['code'] : undefined;
    return typeof code === 'string' && code !== '' ? { answer: { code } } : ANOTHER;
  },
  instead: { [-32080]: 'gone', [-32600]: 'denied', [-32601]: 'no way' },
  withoutLogin: true,
});

/** Costs no login by itself, and renews the token where that is what was denied. */
const proveToken = (visit: RpcVisit): Promise<true> =>
  visit.ask({ method: 'getClientList', params: ['', 1], read: () => ({ answer: true as const }) });

/** A denial may be the end of a token: it is believed when the token opens something else. */
const asked = async <T>(visit: RpcVisit, question: RpcQuestion<Answer<T>>): Promise<Answer<T>> => {
  const answer = await visit.ask(question);
  if (answer !== 'denied') return answer;
  await proveToken(visit);
  return visit.ask(question);
};

/** "Some editions" have the one method, some the other. */
export const oneClientByRpc = async (visit: RpcVisit, externalId: string): Promise<ClientRead> => {
  for (const method of ['getClient', 'getClientInfo']) {
    const answer = await asked(visit, clientQuestion(method, externalId));
    if (answer !== 'no way') return answer === 'denied' ? 'unknown' : answer;
  }
  return 'unknown';
};

type Found = { record: unknown; cut: boolean };

export const oneBookingByRpc = async (
  visit: RpcVisit,
  externalId: string,
): Promise<Found | 'gone' | 'unknown'> => {
  const told = await asked(visit, codeQuestion(externalId));
  if (told === 'gone') return 'gone';
  if (told === 'denied' || told === 'no way') return 'unknown';
  const rows = await visit.ask({ ...rpcBookingsQuestion({ code: told.code }), withoutLogin: true });
  if (typeof rows === 'string') return 'unknown';
  const record = rows.records.map(asRest).find((row) => isRecord(row) && readId(row['id']) === externalId);
  return record === undefined ? 'unknown' : { record, cut: rows.cut };
};
