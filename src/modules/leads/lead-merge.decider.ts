import { isDeepStrictEqual } from 'node:util';
import { Collision } from '../../shared/event-store/decider.ts';
import type { LeadEvent, LeadMerged, LeadSplit, MovedSource } from './contract.ts';
import { announced, at, broughtBack, file, withSource } from './lead.decider.ts';
import type { FiledSource, Lead } from './lead.decider.ts';

/** The sources that came with the merged lead `otherId`, as it sees them. */
export const broughtBy = (otherId: string, sources: readonly FiledSource[]): FiledSource[] =>
  sources.flatMap(({ via = [], ...source }) =>
    via.includes(otherId) ? [at(source, via.slice(via.indexOf(otherId) + 1))] : [],
  );

const moved = ({ connectionId, externalId, via }: FiledSource): MovedSource => ({
  connectionId,
  externalId,
  ...(via !== undefined && { via }),
});

/** What other decisions of the same transaction were prepared on must still be so. */
const assume = (
  leadId: string,
  now: readonly FiledSource[] | undefined,
  then: readonly FiledSource[],
): void => {
  if (!isDeepStrictEqual(now, then)) throw new Collision(`Lead ${leadId}`);
};

/** Goes into another lead, with these sources. */
export const mergeInto =
  (leadId: string, otherId: string, sources: readonly FiledSource[]) =>
  (state: Lead): LeadMerged[] => {
    assume(leadId, state?.mergedInto === undefined ? state?.sources : undefined, sources);
    return [{ type: 'LeadMerged', data: { leadId, role: 'merged', otherId, sources: sources.map(moved) } }];
  };

/** Takes another lead in: its sources stand behind one's own, and only fill blanks. */
export const takeIn =
  (leadId: string, otherId: string, sources: readonly FiledSource[]) =>
  (state: Lead): LeadEvent[] => {
    if (state === null || state.mergedInto !== undefined) throw new Collision(`Lead ${leadId}`);
    const merged: LeadMerged = {
      type: 'LeadMerged',
      data: { leadId, role: 'kept', otherId, sources: sources.map(moved) },
    };
    const guests = sources.map(({ via = [], ...source }) => at(source, [otherId, ...via]));
    const all = guests.reduce(withSource, state.sources);
    return [merged, ...fileAll(leadId, guests, state.sources), ...announced(leadId, state.sources, all)];
  };

/** Comes back from the lead it went into, with these sources and what they say by now. */
export const comeBack =
  (leadId: string, otherId: string, sources: readonly FiledSource[]) =>
  (state: Lead): LeadEvent[] => {
    if (state?.mergedInto === undefined) throw new Collision(`Lead ${leadId}`);
    const split: LeadSplit = {
      type: 'LeadSplit',
      data: { leadId, role: 'split', otherId, sources: sources.map(moved) },
    };
    const known = broughtBack(state.sources, split.data.sources);
    return [
      split,
      ...fileAll(leadId, sources, known),
      ...announced(leadId, state.sources, sources.reduce(withSource, known)),
    ];
  };

/** Gives back what came with a merged lead. */
export const giveBack =
  (leadId: string, otherId: string, sources: readonly FiledSource[]) =>
  (state: Lead): LeadEvent[] => {
    const before = state?.sources ?? [];
    assume(leadId, state === null ? undefined : broughtBy(otherId, before), sources);
    const data: LeadSplit['data'] = { leadId, role: 'kept', otherId, sources: sources.map(moved) };
    const rest = before.filter(({ via = [] }) => !via.includes(otherId));
    return [{ type: 'LeadSplit', data }, ...announced(leadId, before, rest)];
  };

const fileAll = (leadId: string, some: readonly FiledSource[], known: FiledSource[]): LeadEvent[] => {
  let sources = known;
  return some.flatMap((one) => {
    const events = file(leadId, one, sources);
    sources = withSource(sources, one);
    return events;
  });
};
