import pg from 'pg';
import type { Outcome, Proof, Reference } from './sides.ts';

/** The values of every lead, source and fingerprint, but no random id. */
const PEOPLE = `
  select md5(string_agg(concat_ws('|', l.name, l.email, l.email_key, l.phone, l.details, l.status, l.search, l.sort_name, l.version,
           s.external_id, s.name, s.email, s.email_key, s.phone, s.details, encode(c.fingerprint, 'hex'), c.code,
           s.place), ';' order by l.email_key)) as people
    from leads l
    join (select *, row_number() over (order by linked_position) as place from lead_sources) s on s.lead_id = l.id
    join crm_clients c on c.connection_id = s.connection_id and c.external_id = s.external_id
    join subject_keys k on k.subject = 'crm-client-' || s.connection_id || '-' || s.external_id`;

/** How many events of which kind with how many bytes of ciphertext. */
const FACTS = `
  select string_agg(concat_ws(' ', type, version, change, changed, events, bytes), ', ' order by type, changed) as facts
    from (select type, version, data ->> 'change' as change, data ->> 'changed' as changed, count(*) as events,
                 sum(octet_length(personal)) as bytes
            from events where type in ('ClientImported', 'LeadUpserted') group by 1, 2, 3, 4) e`;

type Row = { leads: number; people: string | null; facts: string | null; bad: string | null };

/** @throws when a chained log does not hold together. */
export const proofOf = async (database: string, isChained: boolean): Promise<Proof> => {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    const bad = isChained ? 'first_bad_event(1, (select position from event_log))' : 'null';
    const { rows } = await client.query<Row>(
      `select (select count(*)::int from leads) as leads, p.people, f.facts, ${bad} as bad from (${PEOPLE}) p, (${FACTS}) f`,
    );
    const { leads, people, facts, bad: firstBad } = rows[0]!;
    if (firstBad !== null) throw new Error(`The log does not hold together at position ${firstBad}.`);
    return { leads, people, facts: isChained ? facts : null };
  } finally {
    await client.end();
  }
};

/** @throws when a side has not done the service's work, so that its speed says nothing. */
export const refuseShortcuts = (outcomes: Record<Reference | 'service', Outcome>): void => {
  const {
    service,
    'by-hand': byHand,
    'by-hand-raw': byHandRaw,
    'by-orm': byOrm,
    'fetch-only': fetched,
  } = outcomes;
  const { clients } = service.first;
  const isSame =
    service.proof.leads === clients &&
    byHand.proof.people === service.proof.people &&
    byHand.proof.facts === service.proof.facts &&
    byHandRaw.proof.people === service.proof.people &&
    byOrm.proof.leads === byOrm.first.clients &&
    [byHand, byHandRaw, fetched].every(
      ({ first, again }) => first.clients === clients && again.clients === clients,
    );
  if (isSame) return;
  const told = Object.entries(outcomes).map(([side, { proof }]) => `${side} ${JSON.stringify(proof)}`);
  throw new Error(`The sides did not write the same: ${told.join('; ')}`);
};
