import { describe, expect, it } from '@jest/globals';
import {
  assuming,
  client,
  importClient,
  quarantineClient,
  withFixes,
} from '../../../src/modules/sync/client.decider.ts';
import type { ClientEvent, ClientValues } from '../../../src/modules/sync/contract.ts';
import { dismissClient, fixClient } from '../../../src/modules/sync/quarantine/waiting-client.decider.ts';
import { Collision, fold } from '../../../src/shared/event-store/decider.ts';
import { given } from '../../given.ts';

const WHO = { connectionId: 'acme', externalId: '7' };
const FACTS = { ...WHO, runId: 'run-1' };
const LATER = { ...WHO, runId: 'run-2' };
const LEAD = 'lead-1';
const noah: ClientValues = { name: 'Noah Example', email: null, phone: '+49 30 1234' };
const right = { email: 'noah@example.com' };

const reason = (values: ClientValues | null, code = 'email.missing') => ({
  code,
  detail: 'Because.',
  values,
  record: { id: '7', values },
});
const waits = (values: ClientValues | null = noah) =>
  given(client).when(quarantineClient(FACTS, reason(values)));
const isFixed = (fix = right): ClientEvent[] => [
  ...waits(),
  ...given(client, ...waits()).when(fixClient(WHO, fix)),
];
const isTaken = (): ClientEvent[] => [
  ...isFixed(),
  ...given(client, ...isFixed()).when(importClient(FACTS, LEAD, noah)),
];
const fixesAfter = (...events: ClientEvent[]) => fold(client, events)?.fixes;
const types = (events: ClientEvent[]): string[] => events.map(({ type }) => type);

describe('putting a waiting client right', () => {
  it('is a fact with what is right and what it is laid over', () => {
    expect(given(client, ...waits()).when(fixClient(WHO, right))).toEqual([
      {
        type: 'ClientFixed',
        data: { ...WHO, fields: ['email'] },
        personal: { fix: right, over: { email: null } },
        subject: 'crm-client-acme-7',
      },
    ]);
  });

  it('again changes nothing', () => {
    expect(given(client, ...isFixed()).when(fixClient(WHO, right))).toEqual([]);
  });

  it('adds to what was put right before, field by field', () => {
    const [event] = given(client, ...isFixed()).when(fixClient(WHO, { ...right, name: 'Noah E.' }));
    expect(event!.data.fields).toEqual(['name']);
    expect(fixesAfter(...isFixed(), event!)).toEqual({
      email: { value: right.email, over: null },
      name: { value: 'Noah E.', over: 'Noah Example' },
    });
  });

  it('cannot be done to a record that nobody can read, nor to a client that does not wait', () => {
    expect(given(client, ...waits(null)).when(fixClient(WHO, right))).toEqual([]);
    expect(given(client, ...isTaken()).when(fixClient(WHO, { name: 'X' }))).toEqual([]);
    expect(given(client).when(fixClient(WHO, right))).toEqual([]);
  });

  it('shows in what the CRM says, only where it still says the same', () => {
    const fixes = fixesAfter(...isFixed())!;
    expect(withFixes(noah, fixes)).toEqual({ ...noah, ...right });
    expect(withFixes({ ...noah, phone: '1' }, fixes)).toEqual({ ...noah, phone: '1', ...right });
    expect(withFixes({ ...noah, email: 'crm@example.com' }, fixes).email).toBe('crm@example.com');
  });
});

describe('what was put right', () => {
  it('stays when the client is taken, and later syncs of the same append nothing', () => {
    expect(fixesAfter(...isTaken())).toEqual({ email: { value: right.email, over: null } });
    expect(given(client, ...isTaken()).when(importClient(LATER, LEAD, noah))).toEqual([]);
  });

  it('stays while the CRM changes something else', () => {
    const events = given(client, ...isTaken()).when(importClient(LATER, LEAD, { ...noah, phone: '1' }));
    expect(types(events)).toEqual(['ClientImported']);
    expect(fixesAfter(...isTaken(), ...events)).toEqual({ email: { value: right.email, over: null } });
  });

  it.each([
    ['a good value', importClient(LATER, LEAD, { ...noah, email: 'crm@example.com' }), 'ClientImported'],
    [
      'a bad value',
      quarantineClient(LATER, reason({ ...noah, email: 'nonsense' }, 'email.invalid')),
      'ClientQuarantined',
    ],
  ])('ends, as a fact, when the CRM says something else there: %s', (_, decide, type) => {
    const events = given(client, ...isTaken()).when(decide);
    expect(types(events)).toEqual([type, 'ClientFixEnded']);
    expect(events[1]!.data).toEqual({ ...LATER, fields: ['email'] });
    expect(fixesAfter(...isTaken(), ...events)).toEqual({});
  });

  it('stays when the record cannot be read for once', () => {
    const events = given(client, ...isTaken()).when(
      quarantineClient(LATER, reason(null, 'record.unreadable')),
    );
    expect(types(events)).toEqual(['ClientQuarantined']);
    expect(fixesAfter(...isTaken(), ...events)).not.toEqual({});
  });

  it('is forgotten with the person', () => {
    expect(fixesAfter(...isTaken().map((event) => ({ ...event, personal: null })))).toEqual({});
  });

  it('puts nothing about the person into the data of its events', () => {
    const data = JSON.stringify(isTaken().map((event) => event.data));
    for (const value of ['Noah', '@example.com', '1234']) expect(data).not.toContain(value);
  });
});

describe('dismissing a waiting client', () => {
  const isDismissed = (): ClientEvent[] => [
    ...waits(),
    ...given(client, ...waits()).when(dismissClient(WHO)),
  ];

  it('is a fact with the reason it waited for', () => {
    expect(given(client, ...waits()).when(dismissClient(WHO))).toEqual([
      { type: 'ClientDismissed', data: { ...WHO, code: 'email.missing' } },
    ]);
  });

  it('again changes nothing, nor does it for a client that does not wait', () => {
    expect(given(client, ...isDismissed()).when(dismissClient(WHO))).toEqual([]);
    expect(given(client, ...isTaken()).when(dismissClient(WHO))).toEqual([]);
    expect(given(client).when(dismissClient(WHO))).toEqual([]);
  });

  it('lasts while the record stays the same', () => {
    expect(given(client, ...isDismissed()).when(quarantineClient(LATER, reason(noah)))).toEqual([]);
  });

  it('is over when the record has changed', () => {
    const changed = reason({ ...noah, phone: '1' });
    const events = given(client, ...isDismissed()).when(quarantineClient(LATER, changed));
    expect(types(events)).toEqual(['ClientQuarantined']);
    expect(fold(client, [...isDismissed(), ...events])?.quarantined?.dismissed).toBe(false);
  });

  it('does not keep the client from being taken once it can be', () => {
    const events = given(client, ...isDismissed()).when(importClient(LATER, LEAD, { ...noah, ...right }));
    expect(types(events)).toEqual(['ClientImported']);
  });
});

describe('a client that was judged on something else', () => {
  const take = importClient(LATER, LEAD, noah);

  it('by its fixes is decided about again', () => {
    expect(() => given(client, ...isFixed()).when(assuming({ fixes: {} }, take))).toThrow(Collision);
    const fixes = fixesAfter(...isFixed())!;
    expect(given(client, ...isFixed()).when(assuming({ fixes }, take))).toHaveLength(1);
  });

  it('by what it waits for is decided about again', () => {
    const waiting = fold(client, waits())!.quarantined!;
    expect(given(client, ...waits()).when(assuming({ waiting }, take))).toHaveLength(1);
    expect(() => given(client, ...isTaken()).when(assuming({ waiting }, take))).toThrow(Collision);
  });
});
