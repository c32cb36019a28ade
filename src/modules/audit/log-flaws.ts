import { createHash } from 'node:crypto';
import type { Head, Link, Place } from '../../shared/event-store/stored-log.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What is wrong with the log, and the position from which on it cannot be believed. */
export type Flaw = { position: number; reason: string };

const sha256 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** What the first event's hash builds upon. */
export const GENESIS = sha256('crm-sync');

/** An event that is not the one that belongs here, behind `previous`. */
export const flawOfLink = (link: Link, expected: number, previous: Buffer): Flaw | null => {
  const { position, envelope, payload, hash } = link;
  if (position > expected) return missing(expected, position - 1);
  if (position < expected)
    return {
      position,
      reason: `Event ${position} stands where none can: positions count from 1, each once.`,
    };
  const fits = payload !== null && hash?.equals(sha256(previous, envelope, payload)) === true;
  return fits ? null : { position, reason: changed(position) };
};

/** Where the head contradicts the chain, which holds for `events` and ends in `hash`; `last` is the last position that there is. */
export const flawOfHead = (head: Head | null, events: number, hash: Buffer, last: number): Flaw | null => {
  if (head === null)
    return { position: last + 1, reason: 'The log has no head: its row in event_log is gone.' };
  if (events < head.position) return missing(events + 1, head.position);
  if (last > head.position) {
    const position = head.position + 1;
    return { position, reason: `Event ${position} was not recorded: the head of the log stands before it.` };
  }
  if (head.hash === hash.toString('hex')) return null;
  const position = Math.max(head.position, 1);
  return { position, reason: `The head of the log has another hash than event ${head.position}.` };
};

/** An event that does not follow the one before it in its stream. */
export const flawOfPlace = (place: Place, previous: Place | null): Flaw | null => {
  const { position, stream, version } = place;
  const before = previous?.stream === stream ? previous : { version: 0, position: 0 };
  if (version === before.version + 1 && position > before.position) return null;
  const reason = `Event ${position} is version ${version} of its stream, and what stands before it there is version ${before.version}: the stream is not whole.`;
  return { position, reason };
};

/** A checkpoint that the log contradicts; `stored` is the hash that stands at its position, if there is an event. */
export const flawOfCheckpoint = (
  { position, hash, at }: Checkpoint,
  stored: string | undefined,
  last: number,
): Flaw | null => {
  if (stored === hash) return null;
  if (position > last) {
    const reason = `Events from ${last + 1} on are gone: the checkpoint of ${at} has signed position ${position}, and the log ends at ${last}. Somebody deleted them, or an older backup was restored.`;
    return { position: last + 1, reason };
  }
  const reason = `The log was rewritten: event ${position} is not the one that the checkpoint of ${at} has signed, so that something up to there was changed after that. Or an older backup was restored, and the log went on from there.`;
  return { position, reason };
};

export const forgedCheckpoint = ({ position, at }: Checkpoint): Flaw => ({
  position,
  reason: `The checkpoint of ${at} for position ${position} has been changed: its signature does not fit, so that nothing vouches for the log there.`,
});

export const first = (flaws: readonly (Flaw | null)[]): Flaw | null =>
  flaws.reduce(
    (one, other) => (other !== null && (one === null || other.position < one.position) ? other : one),
    null,
  );

const missing = (from: number, to: number): Flaw => ({
  position: from,
  reason: from === to ? `Event ${from} is missing.` : `Events ${from} to ${to} are missing.`,
});

const changed = (position: number): string =>
  `Event ${position} is not what was recorded: its hash does not fit what is stored there and before it.`;
