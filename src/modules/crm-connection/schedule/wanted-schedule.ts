import type { Schedule } from '../contract.ts';
import { tidied } from './cron.ts';

/** As it is asked for, and known to be a cron. */
export type WantedSchedule = { cron: string; timezone?: string | null };

const FALLBACK_ZONE = 'UTC';

/** A schedule goes by the clocks that it names, else by those of the company. */
export const scheduleOf = (wanted: WantedSchedule | null, companyZone: string | null): Schedule | null =>
  wanted === null
    ? null
    : { cron: tidied(wanted.cron), timezone: wanted.timezone ?? companyZone ?? FALLBACK_ZONE };
