import { ANSWERS } from './answers.ts';
import { BOOKINGS } from './bookings.ts';
import { LOAD } from './load.ts';
import { PAGING } from './paging.ts';
import { THEMES, type Draft, type Profile, type Theme } from './profile.ts';
import { RECORDS } from './records.ts';
import { TOKENS } from './tokens.ts';
import { WAYS_IN } from './ways-in.ts';
import { WIRE } from './wire.ts';

const DRAFTS: Record<Theme, readonly Draft[]> = {
  'ways-in': WAYS_IN,
  tokens: TOKENS,
  paging: PAGING,
  answers: ANSWERS,
  records: RECORDS,
  bookings: BOOKINGS,
  wire: WIRE,
  load: LOAD,
};

/** Every CRM that crm-sync is tried with, by theme. */
export const PROFILES: readonly Profile[] = (Object.keys(THEMES) as Theme[]).flatMap((theme) =>
  DRAFTS[theme].map((draft) => ({ ...draft, theme })),
);
