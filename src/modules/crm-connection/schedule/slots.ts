import { createHash } from 'node:crypto';
import { instantsOf, offsetAt } from '../../../shared/local-time.ts';
import type { Schedule } from '../contract.ts';
import { isHourly, wallTimes } from './cron.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** So long may a connection wait after its time, lest all that are due on the hour ask at once. */
const LONGEST_WAIT = MINUTE;
/** And no longer than this part of the time until it is due again. */
const SHARE_OF_INTERVAL = 10;

const isoText = (wall: number): string => new Date(wall).toISOString().slice(0, 19).replace('T', ' ');

/** The offsets of a zone around an instant. No zone changes its clocks by more than a day, or twice within two. */
const offsetsNear = (instant: number, zone: string): number[] =>
  [instant - DAY, instant, instant + DAY].map((near) => offsetAt(near, zone));

/**
 * The instants that a time on the wall stands for (docs/schedules.md): one, as a rule. A time that is skipped when clocks
 * go forward is as much later as they were put forward (RFC 5545). One that comes twice counts once, the first time, unless
 * the schedule means every hour there is.
 */
const instantsFor = (wall: number, zone: string, everyHour: boolean): number[] => {
  const instants = instantsOf(isoText(wall), zone);
  if (instants.length === 0) return [wall - offsetAt(wall - DAY, zone)];
  return everyHour ? instants : instants.slice(0, 1);
};

/**
 * When a schedule is due after `after` (UTC milliseconds), in order. Around a change of clocks a later time on the wall can be
 * an earlier instant: each waits until no other can come before it.
 */
export const slotsAfter = function* (
  { cron, timezone }: Schedule,
  after: number,
): Generator<number, void, undefined> {
  const everyHour = isHourly(cron);
  let waiting: number[] = [];
  let last = after;
  for (const wall of wallTimes(cron, after + Math.min(...offsetsNear(after, timezone)))) {
    const instants = instantsFor(wall, timezone, everyHour).filter((at) => at > last);
    waiting = [...new Set([...waiting, ...instants])].toSorted((a, b) => a - b);
    const isNext = (at: number): boolean => wall + MINUTE - Math.max(...offsetsNear(at, timezone)) >= at;
    while (waiting.length > 0 && isNext(waiting[0]!)) {
      last = waiting.shift()!;
      yield last;
    }
  }
  yield* waiting;
};

/** A connection's place between 0 and 1: always the same one, and hardly two have the same. */
export const placeOf = (connectionId: string): number =>
  createHash('sha256').update(connectionId).digest().readUInt32BE() / 2 ** 32;

/** When a connection syncs by its schedule: as long after each slot as its place says. */
export const timesAfter = function* (
  schedule: Schedule,
  connectionId: string,
  after: number,
): Generator<number, void, undefined> {
  const place = placeOf(connectionId);
  let slot: number | null = null;
  for (const next of slotsAfter(schedule, after)) {
    if (slot !== null) yield slot + waitFor(place, next - slot);
    slot = next;
  }
};

const waitFor = (place: number, interval: number): number =>
  Math.floor(place * Math.min(LONGEST_WAIT, interval / SHARE_OF_INTERVAL));
