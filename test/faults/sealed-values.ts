import { createDecipheriv } from 'node:crypto';
import type { Client } from 'pg';

type Sealed = {
  name: string;
  stream: string;
  version: number;
  subject: string;
  personal: Buffer;
  wrapped: Buffer;
  shown: Record<string, unknown> | null;
};

/** What was recorded last of each source and booking, with what its row shows. */
const LAST = `
  select e.type || ' at ' || e.position as name, e.stream, e.version, e.subject, e.personal, k.wrapped_key as wrapped,
         case when e.position = last.position then coalesce(to_jsonb(s), to_jsonb(b)) end as shown
    from events e join subject_keys k on k.subject = e.subject and k.after_position < e.position
    left join lateral (select max(position) as position from events o
      where e.type in ('LeadUpserted', 'BookingUpserted') and o.type = e.type
        and o.data -> 'source' is not distinct from e.data -> 'source'
        and o.data -> 'bookingId' is not distinct from e.data -> 'bookingId') last on true
    left join (select connection_id, external_id, name, email, phone from lead_sources) s
      on e.type = 'LeadUpserted' and s.connection_id = (e.data -> 'source' ->> 'connectionId')::uuid
     and s.external_id = e.data -> 'source' ->> 'externalId'
    left join (select id, start_local as "startLocal", service, code from bookings) b
      on e.type = 'BookingUpserted' and b.id = (e.data ->> 'bookingId')::uuid
   where e.personal is not null`;

/** nonce ‖ tag ‖ ciphertext of AES-256-GCM, which opens at its own place only. */
const opened = (key: Buffer, sealed: Buffer, place: string): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(sealed.subarray(12, 28));
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
};

/** A person's key, by the installation's, whose id stands before it. */
const keyOf = ({ wrapped, subject }: Sealed, keys: ReadonlyMap<string, Buffer>): Buffer => {
  const end = 2 + wrapped[1]!;
  const id = wrapped.subarray(2, end).toString();
  return opened(keys.get(id)!, wrapped.subarray(end), `1|${id}|subject_keys/${subject}`);
};

/** I11 and the other half of I3: every personal value opens with its own key at its own place, and rows show the last one. */
export const brokenValues = async (client: Client, encryptionKeys: string): Promise<string[]> => {
  const keys = new Map(
    encryptionKeys.split(',').map((entry) => {
      const [id = '', key = ''] = entry.split(':');
      return [id, Buffer.from(key, 'base64')] as const;
    }),
  );
  const { rows } = await client.query<Sealed>(LAST);
  return rows.flatMap((row) => {
    try {
      const place = `${row.stream}@${row.version}`;
      const values = JSON.parse(opened(keyOf(row, keys), row.personal, place).toString()) as object;
      const differs = Object.entries(values).some(
        ([name, value]) => row.shown !== null && name in row.shown && row.shown[name] !== value,
      );
      return differs ? [`I3 rows show what was recorded last: not so with ${row.name}`] : [];
    } catch {
      return [`I11 what is sealed opens: ${row.name} does not`];
    }
  });
};
