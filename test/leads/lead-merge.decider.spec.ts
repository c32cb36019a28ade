import { describe, expect, it } from '@jest/globals';
import type { LeadEvent, LeadValues, Source } from '../../src/modules/leads/contract.ts';
import {
  broughtBy,
  comeBack,
  giveBack,
  mergeInto,
  takeIn,
} from '../../src/modules/leads/lead-merge.decider.ts';
import { lead, upsert, valuesOf } from '../../src/modules/leads/lead.decider.ts';
import type { FiledSource } from '../../src/modules/leads/lead.decider.ts';
import { Collision, fold } from '../../src/shared/event-store/decider.ts';
import { given } from '../given.ts';

const A: Source = { connectionId: 'acme', externalId: '1' };
const B: Source = { connectionId: 'acme', externalId: '2' };
const C: Source = { connectionId: 'acme', externalId: '3' };
const ada: LeadValues = { name: 'Ada Example', email: 'ada@example.com', phone: null };
const ben: LeadValues = { name: 'Ben Example', email: 'ben@example.com', phone: '1' };

/** Every lead's past, as the log has it. */
type Log = Record<string, LeadEvent[]>;
const record = (log: Log, id: string, decide: (state: ReturnType<typeof stateOf>) => LeadEvent[]): Log => ({
  ...log,
  [id]: [...(log[id] ?? []), ...given(lead, ...(log[id] ?? [])).when(decide)],
});
const stateOf = (log: Log, id: string) => fold(lead, log[id] ?? []);
const sourcesOf = (log: Log, id: string): FiledSource[] => stateOf(log, id)?.sources ?? [];
const merge = (log: Log, id: string, other: string): Log => {
  const sources = sourcesOf(log, other);
  return record(record(log, other, mergeInto(other, id, sources)), id, takeIn(id, other, sources));
};
const split = (log: Log, id: string, other: string): Log => {
  const sources = broughtBy(other, sourcesOf(log, id));
  return record(record(log, other, comeBack(other, id, sources)), id, giveBack(id, other, sources));
};
const says = (log: Log, id: string, source: Source, values: LeadValues, home = id): Log =>
  record(log, id, upsert(id, source, values, home));
const last = (log: Log, id: string, count: number) => log[id]!.slice(-count);

const two: Log = says(says({}, 'X', A, ada), 'Y', B, ben);
const one = merge(two, 'Y', 'X');

describe('merging a lead into another', () => {
  it('is a fact of both, and what the sources of the one say becomes known of the other', () => {
    const data = { sources: [A] };
    expect(last(one, 'X', 1)).toEqual([
      { type: 'LeadMerged', data: { leadId: 'X', role: 'merged', otherId: 'Y', ...data } },
    ]);
    expect(last(one, 'Y', 2)).toEqual([
      { type: 'LeadMerged', data: { leadId: 'Y', role: 'kept', otherId: 'X', ...data } },
      {
        type: 'LeadUpserted',
        data: { leadId: 'Y', change: 'linked', changed: ['sources'], source: A, via: ['X'] },
        personal: ada,
        subject: 'crm-client-acme-1',
      },
    ]);
  });

  it('leaves the primary source first: the others only fill blanks', () => {
    expect(valuesOf(sourcesOf(one, 'Y'))).toEqual(ben);
    expect(valuesOf(sourcesOf(merge(two, 'X', 'Y'), 'X'))).toEqual({ ...ada, phone: '1' });
  });

  it('puts nothing about the person into the data of its events', () => {
    const data = JSON.stringify(Object.values(one).flatMap((events) => events.map((event) => event.data)));
    for (const value of ['Ada', 'Ben', '@example.com']) expect(data).not.toContain(value);
  });

  it('is decided about again when either has changed since it was looked at', () => {
    const old = sourcesOf(two, 'X');
    const changed = says(two, 'X', A, { ...ada, phone: '5' });
    expect(() => record(changed, 'X', mergeInto('X', 'Y', old))).toThrow(Collision);
    expect(() => record(one, 'X', mergeInto('X', 'Y', old))).toThrow(Collision);
    expect(() => record(one, 'X', takeIn('X', 'Y', []))).toThrow(Collision);
    expect(() => record({}, 'Z', takeIn('Z', 'Y', []))).toThrow(Collision);
  });
});

describe('a source that came with a merged lead', () => {
  it('stays what it is when it says something else', () => {
    const [event] = last(says(one, 'Y', A, { ...ada, phone: '5' }, 'X'), 'Y', 1);
    expect(event!.data).toMatchObject({ changed: ['sources'], source: A, via: ['X'] });
  });

  it('again changes nothing', () => {
    expect(says(one, 'Y', A, ada, 'X')).toEqual(one);
  });

  it('takes a newcomer along that wants its e-mail', () => {
    const [event] = last(says(one, 'Y', C, ada, 'X'), 'Y', 1);
    expect(event!.data).toMatchObject({ change: 'linked', source: C, via: ['X'] });
  });

  it('is decided about again when it was matched before the merge or after the split', () => {
    expect(() => says(one, 'X', A, ada)).toThrow(Collision);
    expect(() => says(two, 'Y', A, ada, 'X')).toThrow(Collision);
    expect(() => says(one, 'Y', A, ada, 'Y')).toThrow(Collision);
    expect(() => says(one, 'Y', B, ben, 'X')).toThrow(Collision);
  });
});

describe('splitting a lead', () => {
  it('is a fact of both, and leaves each as it was', () => {
    const again = split(one, 'Y', 'X');
    expect(last(again, 'X', 1)).toEqual([
      { type: 'LeadSplit', data: { leadId: 'X', role: 'split', otherId: 'Y', sources: [A] } },
    ]);
    expect(last(again, 'Y', 1)).toEqual([
      { type: 'LeadSplit', data: { leadId: 'Y', role: 'kept', otherId: 'X', sources: [A] } },
    ]);
    for (const id of ['X', 'Y']) expect(stateOf(again, id)).toEqual(stateOf(two, id));
  });

  it('brings along what has become known since', () => {
    const later = says(says(one, 'Y', A, { ...ada, phone: '5' }, 'X'), 'Y', C, ada, 'X');
    const again = split(later, 'Y', 'X');
    expect(last(again, 'X', 3).map(({ data }) => data)).toMatchObject([
      { sources: [A, C] },
      { change: 'updated', changed: ['phone'], source: A },
      { change: 'linked', changed: ['sources'], source: C },
    ]);
    expect(sourcesOf(again, 'X')).toEqual([
      { ...A, ...ada, phone: '5' },
      { ...C, ...ada },
    ]);
    expect(sourcesOf(again, 'Y')).toEqual(sourcesOf(two, 'Y'));
  });

  it('undoes merges of merges, from outside in or from within', () => {
    const three = says(two, 'Z', C, { ...ben, name: 'Cleo' });
    const all = merge(merge(three, 'Y', 'X'), 'Z', 'Y');
    expect(sourcesOf(all, 'Z').map(({ externalId, via }) => [externalId, via])).toEqual([
      ['3', undefined],
      ['2', ['Y']],
      ['1', ['Y', 'X']],
    ]);
    const outside = split(all, 'Z', 'Y');
    expect(sourcesOf(outside, 'Y')).toEqual(sourcesOf(one, 'Y'));
    for (const id of ['X', 'Y', 'Z'])
      expect(stateOf(split(outside, 'Y', 'X'), id)).toEqual(stateOf(three, id));
    const within = split(all, 'Z', 'X');
    expect(sourcesOf(within, 'Z').map(({ externalId }) => externalId)).toEqual(['3', '2']);
    for (const id of ['X', 'Y', 'Z'])
      expect(stateOf(split(within, 'Z', 'Y'), id)).toEqual(stateOf(three, id));
  });

  it('is decided about again when either has changed since it was looked at', () => {
    const sources = broughtBy('X', sourcesOf(one, 'Y'));
    const changed = says(one, 'Y', A, { ...ada, phone: '5' }, 'X');
    expect(() => record(changed, 'Y', giveBack('Y', 'X', sources))).toThrow(Collision);
    expect(() => record(two, 'X', comeBack('X', 'Y', sources))).toThrow(Collision);
  });
});
