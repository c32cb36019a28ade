import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  changeSchedule,
  changeSettings,
  connect,
  connection,
  connectionStream,
  disconnect,
  needAttention,
  recover,
  replaceCredentials,
} from '../../src/modules/crm-connection/connection.decider.ts';
import type { ConnectionState } from '../../src/modules/crm-connection/connection.decider.ts';
import type { ConnectionEvent, CrmConnected, Schedule } from '../../src/modules/crm-connection/contract.ts';
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

const NIGHTLY: Schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };

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

  it('gets a schedule, another one, and none; the same again is no change', () => {
    const planned = given(connection, ...connected).when(changeSchedule(ID, NIGHTLY));
    expect(planned).toEqual([{ type: 'CrmScheduleChanged', data: { connectionId: ID, schedule: NIGHTLY } }]);
    const past = [...connected, ...planned];
    expect(given(connection, ...past).when(changeSchedule(ID, { ...NIGHTLY }))).toEqual([]);
    expect(given(connection, ...past).when(changeSchedule(ID, { ...NIGHTLY, timezone: 'UTC' }))).toHaveLength(
      1,
    );
    const none = given(connection, ...past).when(changeSchedule(ID, null));
    expect(none).toEqual([{ type: 'CrmScheduleChanged', data: { connectionId: ID, schedule: null } }]);
    expect(given(connection, ...past, ...none).when(changeSchedule(ID, null))).toEqual([]);
    expect(given(connection, ...connected).when(changeSchedule(ID, null))).toEqual([]);
  });

  it('may have its schedule from the beginning, and keeps it through trouble', () => {
    const planned = given(connection).when(connect(FACTS, LABELS, NIGHTLY));
    expect(planned.map(({ type }) => type)).toEqual(['CrmConnected', 'CrmScheduleChanged']);
    const trouble = given(connection, ...planned).when(needAttention(ID, REFUSED));
    const past = [...planned, ...trouble, ...given(connection, ...planned, ...trouble).when(recover(ID))];
    expect(given(connection, ...past).when(changeSchedule(ID, NIGHTLY))).toEqual([]);
  });

  it('gets other settings: the event says which, as they are now, and the name is a personal value', () => {
    const wanted = { name: 'Studio Süd', clientFields: true, clientsWithoutEmail: 'quarantine' } as const;
    const events = given(connection, ...connected).when(changeSettings(ID, wanted));
    expect(events).toEqual([
      {
        type: 'CrmSettingsChanged',
        data: { connectionId: ID, changed: ['name', 'clientFields'], clientFields: true },
        personal: { name: 'Studio Süd' },
        subject: `connection-${ID}`,
      },
    ]);
    expect(given(connection, ...connected, ...events).when(changeSettings(ID, wanted))).toEqual([]);
  });

  it('that stays as it is records nothing: nothing wanted, nothing named, nothing new', () => {
    for (const wanted of [{}, { name: undefined } as object, { name: LABELS.name, country: null }]) {
      expect(given(connection, ...connected).when(changeSettings(ID, wanted))).toEqual([]);
    }
    const german = given(connection, ...connected).when(changeSettings(ID, { country: 'DE' }));
    expect(german[0]).not.toHaveProperty('personal');
    const unsaid = given(connection, ...connected, ...german).when(changeSettings(ID, { country: null }));
    expect(unsaid).toMatchObject([{ data: { changed: ['country'], country: null } }]);
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
    changeSchedule(ID, NIGHTLY),
    changeSchedule(ID, null),
    changeSettings(ID, { name: 'Studio Süd', country: 'DE' }),
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
