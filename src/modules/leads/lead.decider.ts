import type { Decider } from '../../shared/event-store/decider.ts';
import type { LeadEvent, LeadUpserted, LeadValues, Source } from './contract.ts';

export type LeadSource = Source & LeadValues;

/** A person in our books: what each source says, the primary one first. Null before the first. */
export type Lead = { sources: LeadSource[] } | null;

export const lead: Decider<Lead, LeadEvent> = {
  initial: null,
  evolve: (state, { data, personal }) => ({
    sources: withSource(state?.sources ?? [], { ...data.source, ...(personal ?? NOTHING) }),
  }),
};

const NOTHING: LeadValues = { name: null, email: null, phone: null };
const FIELDS = ['name', 'email', 'phone'] as const;

const isSame = (a: Source, b: Source): boolean =>
  a.connectionId === b.connectionId && a.externalId === b.externalId;

/** The first source stays first: that is what makes it the primary one. */
const withSource = (sources: LeadSource[], source: LeadSource): LeadSource[] =>
  sources.some((known) => isSame(known, source))
    ? sources.map((known) => (isSame(known, source) ? source : known))
    : [...sources, source];

/** The lead's own values: those of the primary source, its blanks filled by the others in the order they were linked. */
export const valuesOf = (sources: readonly LeadSource[]): LeadValues => {
  const first = (field: keyof LeadValues): string | null =>
    sources.find((source) => source[field] !== null)?.[field] ?? null;
  return { name: first('name'), email: first('email'), phone: first('phone') };
};

/** Takes what a source says about the person: a fact when it says something new. */
export const upsert =
  (leadId: string, source: Source, values: LeadValues, subject: string) =>
  (state: Lead): LeadUpserted[] => {
    const before = state?.sources ?? [];
    const known = before.find((other) => isSame(other, source));
    if (known !== undefined && FIELDS.every((field) => known[field] === values[field])) return [];
    const old = valuesOf(before);
    const now = valuesOf(withSource(before, { ...source, ...values }));
    const changed = FIELDS.filter((field) => old[field] !== now[field]);
    const data: LeadUpserted['data'] = {
      leadId,
      ...describe(state, known, changed),
      source: { connectionId: source.connectionId, externalId: source.externalId },
    };
    return [{ type: 'LeadUpserted', data, personal: values, subject }];
  };

const describe = (
  state: Lead,
  known: LeadSource | undefined,
  changed: (keyof LeadValues)[],
): Pick<LeadUpserted['data'], 'change' | 'changed'> => {
  if (state === null) return { change: 'created', changed };
  if (changed.length > 0) return { change: 'updated', changed };
  return { change: known === undefined ? 'linked' : 'updated', changed: ['sources'] };
};
