import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LeadUpserted, LeadValues, Source } from '../../src/modules/leads/contract.ts';
import { lead, upsert, valuesOf } from '../../src/modules/leads/lead.decider.ts';
import type { Lead } from '../../src/modules/leads/lead.decider.ts';
import { fold } from '../../src/shared/event-store/decider.ts';
import { given } from '../given.ts';

const LEAD = 'c0ffee00-0000-4000-8000-000000000001';
const A: Source = { connectionId: 'acme', externalId: '7' };
const B: Source = { connectionId: 'acme', externalId: '8' };
const C: Source = { connectionId: 'other', externalId: '7' };

const ada: LeadValues = { name: 'Ada Example', email: 'ada@example.com', phone: '+49 30 1234' };
const blank: LeadValues = { name: null, email: null, phone: null };

/** Nobody is gone here, so that nothing is announced (lead-loss.spec.ts). */
const says =
  (source: Source, values: LeadValues) =>
  (state: Lead): LeadUpserted[] =>
    upsert(LEAD, source, values)(state).filter((event) => event.type === 'LeadUpserted');

/** The events of these sources saying these things one after the other. */
const after = (...said: [Source, LeadValues][]): LeadUpserted[] => {
  const past: LeadUpserted[] = [];
  for (const [source, values] of said) past.push(...given(lead, ...past).when(says(source, values)));
  return past;
};

const valuesAfter = (...said: [Source, LeadValues][]): LeadValues =>
  valuesOf(fold(lead, after(...said))?.sources ?? []);

describe('a lead', () => {
  it('is created by the first client that is this person', () => {
    expect(given(lead).when(says(A, ada))).toEqual([
      {
        type: 'LeadUpserted',
        data: { leadId: LEAD, change: 'created', changed: ['name', 'email', 'phone'], source: A },
        personal: ada,
        subject: 'crm-client-acme-7',
      },
    ]);
  });

  it('is created also by a client of whom only the name is known', () => {
    const [event] = given(lead).when(says(A, { ...blank, name: 'Ada' }));
    expect(event!.data).toMatchObject({ change: 'created', changed: ['name'] });
  });

  it('does not change when the same client says the same again', () => {
    expect(given(lead, ...after([A, ada])).when(says(A, ada))).toEqual([]);
    expect(given(lead, ...after([A, ada], [B, blank])).when(says(B, blank))).toEqual([]);
  });

  it.each<[string, Partial<LeadValues>, (keyof LeadValues)[]]>([
    ['the name', { name: 'Ada L. Example' }, ['name']],
    ['the e-mail address', { email: 'a@example.com' }, ['email']],
    ['the phone number', { phone: null }, ['phone']],
    ['everything', { name: 'X', email: null, phone: '1' }, ['name', 'email', 'phone']],
    ['the case of the name', { name: 'ADA EXAMPLE' }, ['name']],
  ])('says exactly what has changed: %s', (_, change, changed) => {
    const [event, ...more] = given(lead, ...after([A, ada])).when(says(A, { ...ada, ...change }));
    expect(event!.data).toEqual({ leadId: LEAD, change: 'updated', changed, source: A });
    expect(event!.personal).toEqual({ ...ada, ...change });
    expect(more).toEqual([]);
  });

  it('puts nothing about the person into the data of its events', () => {
    const events = after([A, ada], [B, { ...ada, phone: '1' }], [A, { ...ada, name: 'Ada L.' }]);
    const data = JSON.stringify(events.map((event) => event.data));
    for (const value of ['Ada', 'ada@example.com', '1234']) expect(data).not.toContain(value);
  });
});

describe('a lead with several sources', () => {
  it('is linked to a second client that adds nothing new', () => {
    const [event] = given(lead, ...after([A, ada])).when(says(B, { ...ada, name: 'A. Example' }));
    expect(event!.data).toEqual({ leadId: LEAD, change: 'linked', changed: ['sources'], source: B });
  });

  it('takes a client with the same id in another company for another source', () => {
    const [event] = given(lead, ...after([A, ada])).when(says(C, ada));
    expect(event!.data).toMatchObject({ change: 'linked', source: C });
  });

  it('lets a second client fill a blank', () => {
    const past = after([A, { ...ada, phone: null }]);
    const [event] = given(lead, ...past).when(says(B, { ...ada, name: 'A. Example' }));
    expect(event!.data).toEqual({ leadId: LEAD, change: 'updated', changed: ['phone'], source: B });
    expect(valuesAfter([A, { ...ada, phone: null }], [B, ada])).toEqual(ada);
  });

  it('keeps the values of the first source whatever the others say', () => {
    const other = { name: 'Other', email: 'other@example.com', phone: '0' };
    expect(valuesAfter([A, ada], [B, other], [C, other])).toEqual(ada);
    expect(valuesAfter([A, ada], [B, other], [A, ada], [B, { ...other, phone: '00' }])).toEqual(ada);
  });

  it('notes what a source says differently although its own values stay', () => {
    const past = after([A, ada], [B, ada]);
    const [event] = given(lead, ...past).when(says(B, { ...ada, name: 'A. Example' }));
    expect(event!.data).toEqual({ leadId: LEAD, change: 'updated', changed: ['sources'], source: B });
  });

  it('falls back to what the others say when the first source goes blank', () => {
    const other = { name: 'Other', email: 'other@example.com', phone: '0' };
    expect(valuesAfter([A, ada], [B, other], [A, { ...ada, phone: null }])).toEqual({ ...ada, phone: '0' });
    expect(valuesAfter([A, ada], [B, other], [A, blank])).toEqual(other);
  });

  it('does not play ping-pong between two clients that disagree', () => {
    const other = { ...ada, name: 'Other' };
    const past = after([A, ada], [B, other]);
    for (const [source, values] of [
      [A, ada],
      [B, other],
      [A, ada],
      [B, other],
    ] as const) {
      expect(given(lead, ...past).when(says(source, values))).toEqual([]);
    }
  });
});

describe('a lead whose person is forgotten', () => {
  const erased = (events: LeadUpserted[]): LeadUpserted[] =>
    events.map((event) => ({ ...event, personal: null }));

  it('has blanks where the values were, and still knows its sources', () => {
    const state = fold(lead, erased(after([A, ada], [B, ada])));
    expect(state).toEqual({
      sources: [
        { ...A, ...blank },
        { ...B, ...blank },
      ],
    });
  });
});

describe('whatever happens to a lead', () => {
  const source = fc.constantFrom(A, B, C);
  const value = fc.option(fc.constantFrom('x', 'y', 'z'), { nil: null });
  const values = fc.record({ name: value, email: value, phone: value });
  const saying = fc.array(fc.tuple(source, values), { maxLength: 12 });
  const isSame = (a: Source, b: Source) => a.connectionId === b.connectionId && a.externalId === b.externalId;

  it('its values are those of the first source, its blanks filled in the order of linking', () => {
    fc.assert(
      fc.property(saying, (said) => {
        const order = said
          .map(([by]) => by)
          .filter((by, index, all) => all.findIndex((other) => isSame(other, by)) === index);
        const latest = order.map((by) => said.findLast(([other]) => isSame(other, by))![1]);
        const first = (field: 'name' | 'email' | 'phone') =>
          latest.find((one) => one[field] !== null)?.[field] ?? null;
        expect(valuesAfter(...said)).toEqual({
          name: first('name'),
          email: first('email'),
          phone: first('phone'),
        });
      }),
    );
  });

  it('saying the last word of every source again changes nothing', () => {
    fc.assert(
      fc.property(saying, (said) => {
        const past = after(...said);
        for (const { connectionId, externalId, ...last } of fold(lead, past)?.sources ?? []) {
          expect(given(lead, ...past).when(says({ connectionId, externalId }, last))).toEqual([]);
        }
      }),
    );
  });

  it('`changed` names exactly the values of the lead that are others now', () => {
    fc.assert(
      fc.property(saying, source, values, (said, by, next) => {
        const past = after(...said);
        const [event] = given(lead, ...past).when(says(by, next));
        const before = valuesOf(fold(lead, past)?.sources ?? []);
        const now = valuesAfter(...said, [by, next]);
        const fields = (['name', 'email', 'phone'] as const).filter((field) => before[field] !== now[field]);
        if (event === undefined) expect(fields).toEqual([]);
        else if (past.length === 0) expect(event.data).toMatchObject({ change: 'created', changed: fields });
        else expect(event.data.changed).toEqual(fields.length > 0 ? fields : ['sources']);
      }),
    );
  });

  it('no sequence of events makes evolve throw', () => {
    const event = fc.tuple(
      source,
      fc.option(values, { nil: null }),
      fc.constantFrom<LeadUpserted['data']['change'][]>('created', 'updated', 'linked'),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const past = events.map(([by, personal, change]): LeadUpserted => ({
          type: 'LeadUpserted',
          data: { leadId: LEAD, change, changed: [], source: by },
          personal,
        }));
        expect(() => fold(lead, past)).not.toThrow();
        expect(fold(lead, past)?.sources.length ?? 0).toBe(
          new Set(events.map(([by]) => JSON.stringify(by))).size,
        );
      }),
    );
  });
});

describe('what a lead knows beside name, e-mail and phone', () => {
  const home = { line1: 'Am Markt 5', line2: null, city: 'Jena', zip: '07743', country: 'DE', state: null };
  const away = { ...home, line1: null, city: 'Weimar' };
  const fields = [{ id: 'b', title: 'Birthday', value: '1990-02-03' }];

  it('is the address of the first source that has one, whole', () => {
    expect(valuesAfter([A, ada], [B, { ...ada, address: away }], [C, { ...ada, address: home }])).toEqual({
      ...ada,
      address: away,
    });
  });

  it('is the number of the phone that it has, and of no other', () => {
    const written = { ...ada, phoneE164: '+49301234', phoneExtension: '5' };
    expect(valuesAfter([A, written], [B, { ...ada, phoneE164: '+49309999' }])).toEqual(written);
    expect(valuesAfter([A, ada], [B, written])).toEqual(ada);
  });

  it('changes with the address, and only as a source when custom fields or an address behind change', () => {
    const past = after([A, { ...ada, address: home }], [B, ada]);
    const changes = (source: Source, values: LeadValues) =>
      given(lead, ...past).when(says(source, values))[0]?.data.changed;
    expect(changes(A, { ...ada, address: away })).toEqual(['address']);
    expect(changes(A, { ...ada, fields })).toEqual(['sources']);
    expect(changes(B, { ...ada, address: away })).toEqual(['sources']);
    expect(changes(A, { ...ada, address: null })).toEqual(['address']);
  });

  it('stays when a source does not tell it any more', () => {
    expect(given(lead, ...after([A, { ...ada, address: home, fields }])).when(says(A, ada))).toEqual([]);
  });

  it('changes nothing when only the reading of the number is another', () => {
    expect(given(lead, ...after([A, ada])).when(says(A, { ...ada, phoneE164: '+49301234' }))).toEqual([]);
  });
});
