import { createHash } from 'node:crypto';
import type { Client } from 'pg';

type StoredEvent = {
  position: string;
  stream: string;
  version: number;
  type: string;
  data: string;
  subject: string | null;
  personal: Buffer | null;
  meta: string;
  micros: string;
  hash: Buffer;
};

const sha256 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const hashOf = (previous: Buffer, event: StoredEvent): Buffer => {
  const { position, stream, version, type, subject, micros } = event;
  const envelope = [position, stream, version, type, subject ?? '', micros].join('\x1f');
  const payload = sha256(sha256(event.data), sha256(event.meta), sha256(event.personal ?? Buffer.alloc(0)));
  return sha256(previous, envelope, payload);
};

/**
 * The chain, recomputed from what is stored, in another language than the database's own check: the first position that
 * does not fit, or null. Also compares with the head, so that a missing tail shows.
 */
export const firstBadPosition = async (client: Client): Promise<number | null> => {
  const { rows } = await client.query<StoredEvent>(`
    select position, stream, version, type, data::text as data, subject, personal, meta::text as meta, hash,
           (extract(epoch from recorded_at)::numeric * 1000000)::bigint::text as micros
      from events order by position`);
  let previous = sha256('crm-sync');
  for (const [index, event] of rows.entries()) {
    const isNext = Number(event.position) === index + 1;
    if (!isNext || !event.hash.equals(hashOf(previous, event))) return index + 1;
    previous = event.hash;
  }
  const { rows: heads } = await client.query<{ position: string; hash: Buffer }>('select * from event_log');
  const fits = Number(heads[0]!.position) === rows.length && heads[0]!.hash.equals(previous);
  return fits ? null : rows.length + 1;
};
