import { isDeepStrictEqual } from 'node:util';
import { FIELDS, clientStream } from '../client.decider.ts';
import type { Client, ClientIdentity } from '../client.decider.ts';
import type { ClientDismissed, ClientField, ClientFixed } from '../contract.ts';

/** What a person says of a waiting client instead of the CRM. */
export type Fix = Partial<Record<ClientField, string>>;

/** Puts right what the CRM says of a waiting client. Again changes nothing. */
export const fixClient =
  (facts: ClientIdentity, fix: Fix) =>
  (state: Client): ClientFixed[] => {
    const values = state?.quarantined?.values ?? null;
    if (values === null) return [];
    const isNew = (field: ClientField): boolean =>
      fix[field] !== undefined &&
      !isDeepStrictEqual(state?.fixes[field], { value: fix[field], over: values[field] });
    const fields = FIELDS.filter(isNew);
    if (fields.length === 0) return [];
    const personal = { fix: pick(fix, fields), over: pick(values, fields) };
    return [{ type: 'ClientFixed', data: { ...facts, fields }, personal, subject: clientStream(facts) }];
  };

const pick = <T extends object>(from: T, fields: readonly (keyof T)[]): Partial<T> =>
  Object.fromEntries(fields.map((field) => [field, from[field]])) as Partial<T>;

/** Lets a waiting client go without taking it. Again changes nothing. */
export const dismissClient =
  (facts: ClientIdentity) =>
  (state: Client): ClientDismissed[] => {
    const waiting = state?.quarantined ?? null;
    if (waiting === null || waiting.dismissed) return [];
    return [{ type: 'ClientDismissed', data: { ...facts, code: waiting.code } }];
  };
