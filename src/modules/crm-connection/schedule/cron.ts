import { Cron } from 'croner';

const FIELDS = [
  'minute (0-59)',
  'hour (0-23)',
  'day of month (1-31)',
  'month (1-12 or JAN-DEC)',
  'day of week (0-7 or SUN-SAT, 0 and 7 are Sunday)',
];
/** One part of a field: what cron has always known, and none of the later additions (L, W, #, ?, seconds, @daily). */
const PART = /^(\*|(\d{1,2}|[A-Z]{3})(-(\d{1,2}|[A-Z]{3}))?)(\/\d{1,2})?$/;

const fieldsOf = (cron: string): string[] => cron.trim().toUpperCase().split(/\s+/);

/** One way to write it: single spaces, names in capitals. */
export const tidied = (cron: string): string => fieldsOf(cron).join(' ');

/** As a clock without a zone would go through it: what clocks on the wall show is for others to say. */
const patternOf = (cron: string): Cron => new Cron(tidied(cron), { mode: '5-part', utcOffset: 0 });

const isReadable = (field: string, place: number): boolean => {
  if (!field.split(',').every((part) => PART.test(part))) return false;
  try {
    return patternOf(FIELDS.map((_, index) => (index === place ? field : '*')).join(' ')) !== null;
  } catch {
    return false;
  }
};

/** What is wrong with this text as a cron, for people; null when nothing is. */
export const flawOf = (cron: string): string | null => {
  const fields = fieldsOf(cron);
  if (fields.length !== FIELDS.length || fields[0] === '') {
    return 'must have five fields: minute, hour, day of month, month, day of week; "30 2 * * MON-FRI" for example';
  }
  const unreadable = FIELDS.find((_, place) => !isReadable(fields[place]!, place));
  if (unreadable !== undefined) {
    return `has a ${unreadable} that cannot be read: a field takes "*", numbers, lists "1,2", ranges "1-5" and steps "*/15"`;
  }
  return wallTimes(cron, 0).next().done === true ? 'never fires: none of its months has such a day' : null;
};

/** Whether it means every hour of the day, rather than certain hours. */
export const isHourly = (cron: string): boolean => ['*', '*/1', '0-23'].includes(fieldsOf(cron)[1]!);

/** The times it names after `after`, as clocks on the wall show them; in milliseconds, as if they were UTC. */
export const wallTimes = function* (cron: string, after: number): Generator<number, void, undefined> {
  const pattern = patternOf(cron);
  for (let at = pattern.nextRun(new Date(after)); at !== null; at = pattern.nextRun(at)) yield at.getTime();
};
