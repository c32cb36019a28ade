import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LeadEvent, LeadValues, Source } from '../../src/modules/leads/contract.ts';
import { keysOf, loseAll } from '../../src/modules/leads/lead-identity.ts';
import { giveBack, mergeInto, takeIn } from '../../src/modules/leads/lead-merge.decider.ts';
import { isAlive, lead, loseSource, upsert, valuesOf } from '../../src/modules/leads/lead.decider.ts';
import { Collision, fold } from '../../src/shared/event-store/decider.ts';
import { given } from '../given.ts';

const LEAD = 'lead-1';
const A: Source = { connectionId: 'acme', externalId: '1' };
const B: Source = { connectionId: 'acme', externalId: '2' };
const C: Source = { connectionId: 'other', externalId: '1' };
const ada: LeadValues = { name: 'Ada Example', email: 'ada@example.com', phone: '1' };
const also: LeadValues = { name: 'A. Example', email: 'ada@example.com', phone: null };
const FIRST = '2026-11-22T15:30:00.000000Z';
const LATER = '2026-11-23T15:30:00.000000Z';

const lose = (source: Source, at = FIRST) => loseSource(LEAD, source, at);
const says = (source: Source, values: LeadValues) => upsert(LEAD, source, values);
/** What has happened when each of these was decided in turn. */
const after = (...decisions: ((state: ReturnType<typeof stateOf>) => LeadEvent[])[]): LeadEvent[] => {
  const past: LeadEvent[] = [];
  for (const decide of decisions) past.push(...given(lead, ...past).when(decide));
  return past;
};
const stateOf = (past: readonly LeadEvent[]) => fold(lead, past);
const sourcesOf = (past: readonly LeadEvent[]) => stateOf(past)?.sources ?? [];
const types = (events: readonly LeadEvent[]): string[] => events.map(({ type }) => type);

const one = after(says(A, ada));
const two = after(says(A, ada), says(B, also));

describe('a lead whose only client is gone in the CRM', () => {
  const events = given(lead, ...one).when(lose(A));

  it('is gone, and says so', () => {
    expect(events).toEqual([
      {
        type: 'LeadUpserted',
        data: { leadId: LEAD, change: 'updated', changed: ['sources'], source: A, gone: FIRST },
        personal: ada,
        subject: 'crm-client-acme-1',
      },
      { type: 'LeadGone', data: { leadId: LEAD } },
    ]);
    expect(isAlive(sourcesOf([...one, ...events]))).toBe(false);
  });

  it('keeps everything that is known', () => {
    expect(valuesOf(sourcesOf([...one, ...events]))).toEqual(ada);
  });

  it('is gone once: again changes nothing', () => {
    expect(given(lead, ...one, ...events).when(lose(A, LATER))).toEqual([]);
  });

  it('is restored when the client returns, with the same values', () => {
    const back = given(lead, ...one, ...events).when(says(A, ada));
    expect(types(back)).toEqual(['LeadUpserted', 'LeadRestored']);
    expect(back[0]!.data).toEqual({ leadId: LEAD, change: 'updated', changed: ['sources'], source: A });
    expect(sourcesOf([...one, ...events, ...back])).toEqual(sourcesOf(one));
    expect(given(lead, ...one, ...events, ...back).when(says(A, ada))).toEqual([]);
  });

  it('is restored with what the client says now', () => {
    const back = given(lead, ...one, ...events).when(says(A, { ...ada, phone: '2' }));
    expect(types(back)).toEqual(['LeadUpserted', 'LeadRestored']);
    expect(back[0]!.data).toMatchObject({ change: 'updated', changed: ['phone'] });
  });

  it('is restored by another client with its e-mail address, who is primary while the first is gone', () => {
    const back = given(lead, ...one, ...events).when(says(B, also));
    expect(types(back)).toEqual(['LeadUpserted', 'LeadRestored']);
    expect(back[0]!.data).toMatchObject({ change: 'updated', changed: ['name'] });
    expect(valuesOf(sourcesOf([...one, ...events, ...back]))).toEqual({ ...also, phone: '1' });
  });
});

describe('a lead with another client', () => {
  it('stays, and that one is primary: what it says comes first, the gone one only fills blanks', () => {
    const events = given(lead, ...two).when(lose(A));
    expect(types(events)).toEqual(['LeadUpserted']);
    expect(events[0]!.data).toMatchObject({ change: 'updated', changed: ['name'], source: A, gone: FIRST });
    expect(valuesOf(sourcesOf([...two, ...events]))).toEqual({ ...also, phone: '1' });
  });

  it('gives the first place back to whoever returns to it', () => {
    const past = after(says(A, ada), says(B, also), lose(A), says(A, ada));
    expect(sourcesOf(past)).toEqual(sourcesOf(two));
    expect(types(past)).not.toContain('LeadRestored');
  });

  it('does not change by the loss of one that said nothing new', () => {
    const events = given(lead, ...two).when(lose(B));
    expect(events[0]!.data).toMatchObject({ change: 'updated', changed: ['sources'], source: B });
  });

  it('is gone with the last of them, and shows what that one said', () => {
    const past = after(says(A, ada), says(B, also), lose(A), lose(B, LATER));
    expect(types(past)).toEqual(['LeadUpserted', 'LeadUpserted', 'LeadUpserted', 'LeadUpserted', 'LeadGone']);
    expect(valuesOf(sourcesOf(past))).toEqual({ ...also, phone: '1' });
  });
});

it("a client that is not this lead's any more is looked for again", () => {
  expect(() => given(lead, ...one).when(lose(B))).toThrow(Collision);
  const merged = after(says(A, ada), mergeInto(LEAD, 'lead-2', sourcesOf(one)));
  expect(() => given(lead, ...merged).when(lose(A))).toThrow(Collision);
});

describe('merging and splitting', () => {
  const gone = after(says(A, ada), lose(A));
  const guest = [{ ...B, ...also }];

  it('a gone lead that takes a living one in is restored, and gone again without it', () => {
    const past = [...gone, ...given(lead, ...gone).when(takeIn(LEAD, 'lead-2', guest))];
    expect(types(past.slice(gone.length))).toEqual(['LeadMerged', 'LeadUpserted', 'LeadRestored']);
    const sources = [{ ...B, ...also }];
    expect(types(given(lead, ...past).when(giveBack(LEAD, 'lead-2', sources)))).toEqual([
      'LeadSplit',
      'LeadGone',
    ]);
  });

  it('what is gone stays gone in the lead that takes it in', () => {
    const events = given(lead, ...one).when(takeIn(LEAD, 'lead-2', [{ ...B, ...also, gone: FIRST }]));
    expect(types(events)).toEqual(['LeadMerged', 'LeadUpserted']);
    expect(events[1]!.data).toMatchObject({ source: B, gone: FIRST });
  });
});

describe('the e-mail address of a lead', () => {
  const keyed = (source: Source, emailKey: string | null, gone?: string) => ({
    ...source,
    emailKey,
    home: LEAD,
    ...(gone && { gone }),
  });

  it('is that of the clients that are there, else of the last one that was', () => {
    expect([...keysOf(LEAD, [keyed(A, 'a', FIRST), keyed(B, 'b')]).keys()]).toEqual(['b']);
    expect([...keysOf(LEAD, [keyed(A, 'a', FIRST), keyed(B, null)]).keys()]).toEqual(['a']);
    expect([...keysOf(LEAD, [keyed(A, 'a', FIRST), keyed(B, 'b', LATER)]).keys()]).toEqual(['b']);
    expect([...keysOf(LEAD, [keyed(A, 'a', FIRST)]).keys()]).toEqual(['a']);
  });

  it('keeps a client from going that would leave it with that of another lead', () => {
    const known = {
      sources: new Map([[LEAD, [keyed(A, 'a'), keyed(B, 'b')]]]),
      owners: new Map([
        ['a', { leadId: LEAD, home: LEAD }],
        ['b', { leadId: 'lead-2', home: 'lead-2' }],
      ]),
    };
    expect(loseAll([{ ...A, at: FIRST }], known)).toEqual([{ leads: [LEAD, 'lead-2'] }]);
    expect(
      loseAll(
        [
          { ...B, at: FIRST },
          { ...A, at: LATER },
          { ...C, at: LATER },
        ],
        known,
      ),
    ).toEqual([{ leadId: LEAD }, { leadId: LEAD }, null]);
  });
});

describe('whatever comes and goes', () => {
  const source = fc.constantFrom(A, B, C);
  const step = fc.oneof(
    fc.tuple(source, fc.constantFrom(ada, also)).map(([by, values]) => says(by, values)),
    fc.tuple(source, fc.constantFrom(FIRST, LATER)).map(
      ([by, at]) =>
        (state: ReturnType<typeof stateOf>) =>
          state?.sources.some(
            (known) => known.externalId === by.externalId && known.connectionId === by.connectionId,
          )
            ? lose(by, at)(state)
            : [],
    ),
  );

  it('a lead is gone exactly when its last word on that says so, and that is when none of its clients is there', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const past = after(...steps);
        const word = types(past).findLast((type) => type === 'LeadGone' || type === 'LeadRestored');
        expect(isAlive(sourcesOf(past))).toBe(word !== 'LeadGone');
        const spoken = types(past).filter((type) => type !== 'LeadUpserted');
        expect(spoken).toEqual(spoken.map((_, n) => (n % 2 === 0 ? 'LeadGone' : 'LeadRestored')));
      }),
    );
  });
});
