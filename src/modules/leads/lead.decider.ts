import { isDeepStrictEqual } from 'node:util';
import { Collision } from '../../shared/event-store/decider.ts';
import type { Decider } from '../../shared/event-store/decider.ts';
import type {
  LeadEvent,
  LeadGone,
  LeadRestored,
  LeadUpserted,
  LeadValues,
  MovedSource,
  Source,
} from './contract.ts';

/** `gone`: since when the CRM has this client no more; not set while it has. */
export type LeadSource = Source & LeadValues & { gone?: string | null };

/** A source with the merged leads through which it came, its own one last; without `via` it came by itself. */
export type FiledSource = LeadSource & { via?: readonly string[] };

/**
 * A person in our books: what each source says, in the order they were linked. Null before the first. A merged lead keeps
 * what it had when it was merged.
 */
export type Lead = { sources: FiledSource[]; mergedInto?: string } | null;

export const lead: Decider<Lead, LeadEvent> = {
  initial: null,
  evolve: (state, event) => {
    const sources = state?.sources ?? [];
    switch (event.type) {
      case 'LeadUpserted':
        return { ...state, sources: withSource(sources, filed(event)) };
      case 'LeadMerged':
        return event.data.role === 'kept' ? { sources } : { sources, mergedInto: event.data.otherId };
      case 'LeadSplit': {
        const { role, sources: moved } = event.data;
        return { sources: role === 'kept' ? without(sources, moved) : broughtBack(sources, moved) };
      }
      // Said by what its sources are.
      case 'LeadGone':
      case 'LeadRestored':
        return state;
      default:
        event satisfies never;
        return state;
    }
  },
};

export const NOTHING: LeadValues = { name: null, email: null, phone: null };
const FIELDS = ['name', 'email', 'phone'] as const;
const KINDS = [...FIELDS, 'address', 'fields'] as const;

const isAsBefore = (old: unknown, now: unknown): boolean => isDeepStrictEqual(old ?? null, now ?? null);

/** What the source does not tell stays as it was; what is blank is left out. */
const completed = (told: LeadValues, known: LeadSource | undefined): LeadValues => {
  const { address = known?.address, fields = known?.fields, ...values } = told;
  return { ...values, ...(address && { address }), ...(fields && fields.length > 0 && { fields }) };
};

export const isSame = (a: Source, b: Source): boolean =>
  a.connectionId === b.connectionId && a.externalId === b.externalId;

export const at = (source: LeadSource, via: readonly string[] = []): FiledSource =>
  via.length === 0 ? source : { ...source, via };

const filed = ({ data: { source, gone, via }, personal }: LeadUpserted): FiledSource =>
  at({ ...source, ...(personal ?? NOTHING), ...(gone !== undefined && { gone }) }, via);

/** Each source keeps its place, also while it is gone: whoever returns is what it was. */
export const withSource = (sources: FiledSource[], source: FiledSource): FiledSource[] =>
  sources.some((known) => isSame(known, source))
    ? sources.map((known) => (isSame(known, source) ? source : known))
    : [...sources, source];

const without = (sources: FiledSource[], moved: readonly MovedSource[]): FiledSource[] =>
  sources.filter((one) => !moved.some((gone) => isSame(gone, one)));

/** What it had when it was merged, as far as that is still its own; what came since follows as LeadUpserted. */
export const broughtBack = (sources: FiledSource[], moved: readonly MovedSource[]): FiledSource[] =>
  moved.flatMap((one) => {
    const { via: _, ...known } = sources.find((other) => isSame(other, one)) ?? {};
    return 'connectionId' in known ? [at(known, one.via)] : [];
  });

/** The primary source first: who is there, in the order they were linked; behind them who is gone, the last one first. */
export const inOrder = <S extends Pick<LeadSource, 'gone'>>(sources: readonly S[]): readonly S[] => {
  const there = sources.filter(({ gone }) => !gone);
  if (there.length === sources.length) return sources;
  const gone = sources.filter((one) => one.gone);
  return [...there, ...gone.toSorted((a, b) => (a.gone === b.gone ? 0 : a.gone! < b.gone! ? 1 : -1))];
};

/** Whether the CRM has any of its clients. */
export const isAlive = (sources: readonly Pick<LeadSource, 'gone'>[]): boolean =>
  sources.length === 0 || sources.some(({ gone }) => !gone);

/**
 * The lead's own values: those of the primary source, its blanks filled by the others in their order. An address is one
 * value. Custom fields are a company's own, and stay with its source.
 */
export const valuesOf = (all: readonly LeadSource[]): Omit<LeadValues, 'fields'> => {
  const sources = inOrder(all);
  const first = (field: 'name' | 'email'): string | null =>
    sources.find((source) => source[field] !== null)?.[field] ?? null;
  const { phone = null, phoneE164, phoneExtension } = sources.find((source) => source.phone !== null) ?? {};
  const address = sources.find((source) => source.address)?.address;
  return {
    name: first('name'),
    email: first('email'),
    phone,
    ...(phoneE164 !== undefined && { phoneE164 }),
    ...(phoneExtension !== undefined && { phoneExtension }),
    ...(address && { address }),
  };
};

export const leadStream = (leadId: string): string => `lead-${leadId}`;

/** The lead that a source belongs to by itself, were nothing merged. */
export const homeOf = (leadId: string, { via }: Pick<FiledSource, 'via'>): string => via?.at(-1) ?? leadId;

/** The values are the client's, so they are sealed with the client's key: forgetting the client forgets them here too. */
const subjectOf = ({ connectionId, externalId }: Source): string =>
  `crm-client-${connectionId}-${externalId}`;

/** Says so when the lead has gone by what has happened to its sources, or is back. */
export const announced = (
  leadId: string,
  before: readonly FiledSource[],
  after: readonly FiledSource[],
): (LeadGone | LeadRestored)[] => {
  if (isAlive(before) === isAlive(after)) return [];
  return [{ type: isAlive(after) ? 'LeadRestored' : 'LeadGone', data: { leadId } }];
};

/**
 * Takes what a source says about the person: a fact when it says something new, or was gone. It is there, then.
 * @throws Collision when the lead has been merged, or the source's home split off, since the source was matched.
 */
export const upsert =
  (leadId: string, { connectionId, externalId }: Source, values: LeadValues, home = leadId) =>
  (state: Lead): (LeadUpserted | LeadGone | LeadRestored)[] => {
    const source = { connectionId, externalId };
    const before = state?.sources ?? [];
    const known = before.find((other) => isSame(other, source));
    const one = at({ ...source, ...values }, viaOf(leadId, state, home, known));
    const filing = file(leadId, one, before);
    return isAlive(before) ? filing : [...filing, ...announced(leadId, before, withSource(before, one))];
  };

/**
 * The CRM has this client no more. Again changes nothing.
 * @throws Collision when the source is not this lead's any more.
 */
export const loseSource =
  (leadId: string, source: Source, gone: string) =>
  (state: Lead): (LeadUpserted | LeadGone | LeadRestored)[] => {
    const before = state?.sources ?? [];
    const known = before.find((other) => isSame(other, source));
    if (known === undefined || state?.mergedInto !== undefined) throw new Collision(`Lead ${leadId}`);
    if (known.gone) return [];
    const lost = { ...known, gone };
    return [...file(leadId, lost, before), ...announced(leadId, before, withSource(before, lost))];
  };

const viaOf = (leadId: string, state: Lead, home: string, known?: FiledSource): FiledSource['via'] => {
  const neighbour = known ?? state?.sources.find((one) => homeOf(leadId, one) === home);
  const found = neighbour === undefined ? leadId : homeOf(leadId, neighbour);
  if (state?.mergedInto !== undefined || found !== home) throw new Collision(`Lead ${leadId}`);
  return neighbour?.via;
};

/** What a lead with these sources records when one of them says this, or is new. */
export const file = (leadId: string, one: FiledSource, before: FiledSource[]): LeadUpserted[] => {
  const { connectionId, externalId, via, gone, ...told } = one;
  const source = { connectionId, externalId };
  const known = before.find((other) => isSame(other, one));
  const values = completed(told, known);
  const isKnown = known !== undefined && isAsBefore(known.gone, gone);
  if (isKnown && KINDS.every((kind) => isAsBefore(known[kind], values[kind]))) return [];
  const after = withSource(before, at({ ...source, ...values, ...(gone && { gone }) }, via));
  const [old, now] = [valuesOf(before), valuesOf(after)];
  const changed = [...FIELDS, 'address' as const].filter((field) => !isAsBefore(old[field], now[field]));
  const change = describe(before, known, changed);
  const rest = { ...(gone && { gone }), ...(via !== undefined && { via }) };
  const data: LeadUpserted['data'] = { leadId, ...change, source, ...rest };
  return [{ type: 'LeadUpserted', data, personal: values, subject: subjectOf(source) }];
};

const describe = (
  before: FiledSource[],
  known: LeadSource | undefined,
  changed: ('name' | 'email' | 'phone' | 'address')[],
): Pick<LeadUpserted['data'], 'change' | 'changed'> => {
  if (before.length === 0) return { change: 'created', changed };
  if (changed.length > 0) return { change: 'updated', changed };
  return { change: known === undefined ? 'linked' : 'updated', changed: ['sources'] };
};
