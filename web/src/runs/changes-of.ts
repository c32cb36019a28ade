import type { Run } from '../api.ts';
import { counted, number } from '../parts/words.ts';

/** "3 new, 1 updated" */
export const changesOf = ({ counts }: Run): string => {
  const parts = [
    [counts.created, 'new'],
    [counts.updated, 'updated'],
    [counts.linked, 'linked'],
    [counts.quarantined + counts.bookings.quarantined, 'in quarantine'],
  ] as const;
  const leads = parts.filter(([count]) => count > 0).map(([count, word]) => `${number(count)} ${word}`);
  const booked = counts.bookings.created + counts.bookings.updated;
  return [...leads, ...(booked > 0 ? [counted(booked, 'booking')] : [])].join(', ') || 'nothing changed';
};
