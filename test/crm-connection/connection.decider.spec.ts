import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  connect,
  connection,
  connectionStream,
  disconnect,
  needAttention,
  recover,
  replaceCredentials,
} from '../../src/modules/crm-connection/connection.decider.ts';
import type { ConnectionState } from '../../src/modules/crm-connection/connection.decider.ts';
import type { ConnectionEvent, CrmConnected } from '../../src/modules/crm-connection/contract.ts';
import { fold } from '../../src/shared/event-store/decider.ts';
import { given } from '../given.ts';

const ID = 'c0ffee00-0000-4000-8000-00000000000c';
const FACTS: CrmConnected['data'] = {
  connectionId: ID,
  provider: 'simplybook',
  company: 'studio-nord',
  domain: 'simplybook.example',
  timezone: 'Europe/Berlin',
  clientsWithoutEmail: 'quarantine',
};
const LABELS = { name: 'Studio Nord', login: 'olga@studio.example' };
const REFUSED = { code: 'crm-credentials-refused', detail: 'The CRM does not accept the password.' };
const LOCKED = { code: 'crm-two-factor-required', detail: 'The CRM asks for a second factor.' };

const connected = given(connection).when(connect(FACTS, LABELS));
const troubled = [...connected, ...given(connection, ...connected).when(needAttention(ID, REFUSED))];
const disconnected = [...connected, ...given(connection, ...connected).when(disconnect(ID))];

describe('a connection', () => {
  it('is made once', () => {
    expect(connected).toEqual([
      { type: 'CrmConnected', data: FACTS, personal: LABELS, subject: `connection-${ID}` },
    ]);
    expect(given(connection, ...connected).when(connect(FACTS, LABELS))).toEqual([]);
  });

  it('keeps who signs in, and what people call it, out of the data of its events', () => {
    const replaced = given(connection, ...connected).when(replaceCredentials(ID, LABELS.login));
    const data = JSON.stringify([...connected, ...replaced].map((event) => event.data));
    expect(data).not.toMatch(/olga|Studio Nord/);
  });

  it('gets new credentials, every time anew: nobody can see whether a secret has changed', () => {
    const replace = replaceCredentials(ID, 'petra@studio.example');
    const events = given(connection, ...connected).when(replace);
    expect(events).toEqual([
      {
        type: 'CrmCredentialsReplaced',
        data: { connectionId: ID },
        personal: { login: 'petra@studio.example' },
        subject: `connection-${ID}`,
      },
    ]);
    expect(given(connection, ...connected, ...events).when(replace)).toEqual(events);
  });

  it('is well again once its credentials are replaced', () => {
    const events = given(connection, ...troubled).when(replaceCredentials(ID, LABELS.login));
    expect(events.map(({ type }) => type)).toEqual(['CrmCredentialsReplaced', 'CrmRecovered']);
  });

  it('asks for attention once for the same reason, also when the words are others', () => {
    expect(troubled.at(-1)).toEqual({
      type: 'CrmNeedsAttention',
      data: { connectionId: ID, reason: REFUSED },
    });
    const again = needAttention(ID, { ...REFUSED, detail: 'In other words.' });
    expect(given(connection, ...troubled).when(again)).toEqual([]);
  });

  it('asks for attention again for another reason', () => {
    expect(given(connection, ...troubled).when(needAttention(ID, LOCKED))).toHaveLength(1);
  });

  it('recovers once, and only from something', () => {
    const recovered = given(connection, ...troubled).when(recover(ID));
    expect(recovered).toEqual([{ type: 'CrmRecovered', data: { connectionId: ID } }]);
    expect(given(connection, ...troubled, ...recovered).when(recover(ID))).toEqual([]);
    expect(given(connection, ...connected).when(recover(ID))).toEqual([]);
  });

  it('asks for attention again after it has recovered', () => {
    const recovered = [...troubled, ...given(connection, ...troubled).when(recover(ID))];
    expect(given(connection, ...recovered).when(needAttention(ID, REFUSED))).toHaveLength(1);
  });

  it('is disconnected once, in whatever state it is', () => {
    expect(disconnected.at(-1)).toEqual({ type: 'CrmDisconnected', data: { connectionId: ID } });
    expect(given(connection, ...disconnected).when(disconnect(ID))).toEqual([]);
    expect(given(connection, ...troubled).when(disconnect(ID))).toHaveLength(1);
  });

  const decisions = [
    connect(FACTS, LABELS),
    replaceCredentials(ID, 'x'),
    needAttention(ID, REFUSED),
    recover(ID),
    disconnect(ID),
  ] as ((state: ConnectionState) => ConnectionEvent[])[];

  it('that is disconnected stays as it is', () => {
    for (const decide of decisions) expect(given(connection, ...disconnected).when(decide)).toEqual([]);
  });

  it('that does not exist can only be made', () => {
    for (const decide of decisions.slice(1)) expect(given(connection).when(decide)).toEqual([]);
  });

  it('has a stream of its own', () => {
    expect(connectionStream(ID)).toBe(`connection-${ID}`);
  });

  it('whatever happens to it, evolve never throws and no decision but new credentials repeats itself', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...decisions), { maxLength: 15 }), (taken) => {
        const past: ConnectionEvent[] = [];
        for (const decide of taken) {
          past.push(...given(connection, ...past).when(decide));
          const again = given(connection, ...past).when(decide);
          expect(again.filter(({ type }) => type !== 'CrmCredentialsReplaced')).toEqual([]);
        }
        expect(() => fold(connection, past.toReversed())).not.toThrow();
      }),
    );
  });
});
