import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  client,
  clientStream,
  importClient,
  quarantineClient,
} from '../../src/modules/sync/client.decider.ts';
import type { Client, QuarantineReason } from '../../src/modules/sync/client.decider.ts';
import type { ClientEvent, ClientValues } from '../../src/modules/sync/contract.ts';
import { dismissClient, fixClient } from '../../src/modules/sync/quarantine/waiting-client.decider.ts';
import { fold } from '../../src/shared/event-store/decider.ts';
import { storable } from '../../src/shared/storable.ts';
import { given } from '../given.ts';

const FACTS = { connectionId: 'acme', externalId: '7', runId: 'run-1' };
const LATER = { ...FACTS, runId: 'run-2' };
const LEAD = 'lead-1';
const ada: ClientValues = { name: 'Ada Example', email: 'ada@example.com', phone: '+49 30 1234' };
const nameless: QuarantineReason = {
  code: 'email.missing',
  detail: 'Client 7 (Ada Example) has no e-mail address.',
  values: { ...ada, email: null },
  record: { id: '7', name: 'Ada Example', email: '', phone: '+49 30 1234' },
};

const imported = (values = ada) => given(client).when(importClient(FACTS, LEAD, values));
const quarantined = (reason = nameless) => given(client).when(quarantineClient(FACTS, reason));

describe('importing a client', () => {
  it('is a fact when the client is new', () => {
    expect(imported()).toEqual([
      {
        type: 'ClientImported',
        data: { ...FACTS, leadId: LEAD, change: 'new', changed: ['name', 'email', 'phone'] },
        personal: ada,
        subject: 'crm-client-acme-7',
      },
    ]);
  });

  it('names only the values that there are', () => {
    expect(imported({ ...ada, phone: null })[0]!.data).toMatchObject({ changed: ['name', 'email'] });
  });

  it('again changes nothing', () => {
    expect(given(client, ...imported()).when(importClient(LATER, LEAD, ada))).toEqual([]);
  });

  it.each<[keyof ClientValues, string | null]>([
    ['name', 'Ada L. Example'],
    ['email', 'ada@example.org'],
    ['phone', null],
  ])('is a fact when the %s has changed', (field, value) => {
    const [event] = given(client, ...imported()).when(importClient(LATER, LEAD, { ...ada, [field]: value }));
    expect(event!.data).toEqual({ ...LATER, leadId: LEAD, change: 'changed', changed: [field] });
    expect(event!.personal).toEqual({ ...ada, [field]: value });
  });

  const home = { line1: 'Am Markt 5', line2: null, city: 'Jena', zip: '07743', country: 'DE', state: null };
  const fields = [{ id: 'b', title: 'Birthday', value: '1990-02-03' }];

  it('keeps address and custom fields, and names them when there are any', () => {
    const [event] = imported({ ...ada, address: home, fields });
    expect(event!.data).toMatchObject({ changed: ['name', 'email', 'phone', 'address', 'fields'] });
    expect(event!.personal).toEqual({ ...ada, address: home, fields });
    expect(imported({ ...ada, address: null, fields: [] })[0]!.personal).toEqual(ada);
  });

  it.each<[string, Partial<ClientValues>, Partial<ClientValues>, string[]]>([
    ['a part of the address changes', { address: { ...home, zip: null } }, { fields }, ['address']],
    ['there is no address any more', { address: null }, { fields }, ['address']],
    ['the custom fields change', { fields: [] }, { address: home }, ['fields']],
  ])('is a fact when %s; what is not told stays', (_, told, kept, changed) => {
    const past = imported({ ...ada, address: home, fields });
    const [event] = given(client, ...past).when(importClient(LATER, LEAD, { ...ada, ...told }));
    expect(event!.data).toMatchObject({ change: 'changed', changed });
    expect(event!.personal).toMatchObject({ ...ada, ...kept });
  });

  it('changes nothing when address and custom fields are not told any more', () => {
    const past = imported({ ...ada, address: home, fields });
    expect(given(client, ...past).when(importClient(LATER, LEAD, ada))).toEqual([]);
  });

  it('is a fact when the client cannot be read any more because it was erased', () => {
    const erased = imported().map((event) => ({ ...event, personal: null }));
    const [event] = given(client, ...erased).when(importClient(LATER, LEAD, ada));
    expect(event!.data).toMatchObject({ change: 'changed', changed: ['name', 'email', 'phone'] });
  });

  it('puts nothing about the person into the data of its events', () => {
    const data = JSON.stringify([...imported(), ...quarantined()].map((event) => event.data));
    for (const value of ['Ada', '@example.com', '1234']) expect(data).not.toContain(value);
  });
});

describe('putting a client into quarantine', () => {
  it('is a fact with its reason, its values and its record', () => {
    expect(quarantined()).toEqual([
      {
        type: 'ClientQuarantined',
        data: { ...FACTS, code: 'email.missing' },
        personal: { detail: nameless.detail, values: nameless.values, record: nameless.record },
        subject: 'crm-client-acme-7',
      },
    ]);
  });

  it('again changes nothing', () => {
    const again = { ...nameless, record: JSON.parse(JSON.stringify(nameless.record)) as unknown };
    expect(given(client, ...quarantined()).when(quarantineClient(LATER, again))).toEqual([]);
  });

  it('is a fact again when the reason is another one', () => {
    const other = { ...nameless, code: 'email.invalid' };
    expect(given(client, ...quarantined()).when(quarantineClient(LATER, other))).toHaveLength(1);
  });

  it('is a fact again when the record is another one', () => {
    const other = { ...nameless, record: { id: '7', name: 'Ada E.', email: '' } };
    expect(given(client, ...quarantined()).when(quarantineClient(LATER, other))).toHaveLength(1);
  });

  it('is a fact again when it is about other leads', () => {
    const taken = { ...nameless, code: 'email.taken', leads: ['lead-1', 'lead-2'] as const };
    const past = given(client).when(quarantineClient(FACTS, taken));
    expect(past[0]!.data).toMatchObject({ leads: ['lead-1', 'lead-2'] });
    expect(given(client, ...past).when(quarantineClient(LATER, taken))).toEqual([]);
    const others = { ...taken, leads: ['lead-1', 'lead-3'] as const };
    expect(given(client, ...past).when(quarantineClient(LATER, others))).toHaveLength(1);
  });

  it('happens also to a client that was imported before', () => {
    const [event] = given(client, ...imported()).when(quarantineClient(LATER, nameless));
    expect(event!.type).toBe('ClientQuarantined');
  });

  it('ends when the client can be taken, although its values are those of old', () => {
    const past = [...imported(), ...given(client, ...imported()).when(quarantineClient(FACTS, nameless))];
    const [event] = given(client, ...past).when(importClient(LATER, LEAD, ada));
    expect(event!.data).toMatchObject({ change: 'changed', changed: [] });
    expect(given(client, ...past, event!).when(importClient(LATER, LEAD, ada))).toEqual([]);
  });

  it('ends with a new client when it was never taken before', () => {
    const [event] = given(client, ...quarantined()).when(importClient(LATER, LEAD, ada));
    expect(event!.data).toMatchObject({ change: 'new', changed: ['name', 'email', 'phone'] });
  });

  it('can begin and end again and again, one fact each time', () => {
    const past: ClientEvent[] = [];
    const both: ((state: Client) => ClientEvent[])[] = [
      quarantineClient(FACTS, nameless),
      importClient(FACTS, LEAD, ada),
    ];
    for (let cycle = 0; cycle < 5; cycle += 1) {
      for (const decide of both) {
        const events: ClientEvent[] = given(client, ...past).when(decide);
        expect(events).toHaveLength(1);
        past.push(...events);
        expect(given(client, ...past).when(decide)).toEqual([]);
      }
    }
    expect(past.map(({ type }) => type)).toEqual(
      Array.from({ length: 5 }, () => ['ClientQuarantined', 'ClientImported']).flat(),
    );
  });
});

describe('whatever happens to a client', () => {
  const text = fc.option(fc.constantFrom('x', 'y'), { nil: null });
  const values = fc.record({ name: text, email: text, phone: text });
  const reason = fc.record({
    code: fc.constantFrom('email.missing', 'email.taken', 'record.unreadable'),
    detail: fc.constant('Because.'),
    values: fc.option(values, { nil: null }),
    record: fc.jsonValue({ maxDepth: 2 }).map(storable), // as the border hands it on
  });
  const fix = fc.record({ email: fc.constantFrom('x', 'y') });
  const decision = fc.oneof(
    values.map((one) => importClient(FACTS, LEAD, one)),
    reason.map((one) => quarantineClient(FACTS, one)),
    fix.map((one) => fixClient(FACTS, one)),
    fc.constant(dismissClient(FACTS)),
  ) as fc.Arbitrary<(state: unknown) => ClientEvent[]>;
  const history = fc.array(decision, { maxLength: 12 }).map((decisions) => {
    const past: ClientEvent[] = [];
    for (const decide of decisions) past.push(...given(client, ...past).when(decide));
    return past;
  });
  /** As it comes back from the log. */
  const stored = (events: ClientEvent[]): ClientEvent[] =>
    JSON.parse(JSON.stringify(events)) as ClientEvent[];

  it('the same decision again changes nothing, also after it has been stored', () => {
    fc.assert(
      fc.property(history, decision, (past, decide) => {
        const events = given(client, ...past).when(decide);
        expect(given(client, ...stored([...past, ...events])).when(decide)).toEqual([]);
      }),
    );
  });

  it('a client waits in quarantine exactly when nobody has taken or dismissed it since', () => {
    fc.assert(
      fc.property(history, (past) => {
        const aside = fold(client, past)?.quarantined ?? null;
        const last = past.findLast(({ type }) => !type.startsWith('ClientFix'))?.type;
        expect(aside === null).toBe(last === undefined || last === 'ClientImported');
        expect(aside?.dismissed ?? false).toBe(last === 'ClientDismissed');
      }),
    );
  });

  it('every fix that counts is laid over what the CRM said last', () => {
    fc.assert(
      fc.property(history, (past) => {
        const said = past.findLast(
          ({ type, personal }) =>
            type === 'ClientImported' ||
            (type === 'ClientQuarantined' && (personal?.values ?? null) !== null),
        );
        const values = said?.type === 'ClientQuarantined' ? said.personal?.values : said?.personal;
        for (const [field, { over }] of Object.entries(fold(client, past)?.fixes ?? {}))
          expect(over).toBe((values as ClientValues)[field as keyof ClientValues]);
      }),
    );
  });

  it('no sequence of events makes evolve throw, erased ones included', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.boolean()), (past, erased) => {
        const mixed = past.map((event) =>
          erased.next().value === true ? { ...event, personal: null } : event,
        );
        expect(() => fold(client, fc.sample(fc.shuffledSubarray(mixed), 1)[0]!)).not.toThrow();
      }),
    );
  });
});

describe('the stream of a client', () => {
  it('is named after its company and its id', () => {
    expect(clientStream({ connectionId: 'acme', externalId: '007' })).toBe('crm-client-acme-007');
  });
});
