type Waiting = { kind: 'client' | 'booking'; code: string; externalId: string };

/** What each reason asks of people. A new reason needs its line here. */
const ADVICE: Record<string, string> = {
  'email.missing':
    'Enter an e-mail address in the CRM and sync, or replay the record with the fix { "email": "…" }. A connection with clientsWithoutEmail "import" takes such clients as they are.',
  'email.invalid':
    'Correct the e-mail address in the CRM and sync, or replay the record with the fix { "email": "…" }.',
  'email.taken':
    'If both leads are one person, merge them and replay. If not, give one of them another address in the CRM, replay with the fix { "email": "…" }, or dismiss the record: its lead then stays as it is.',
  'name.missing': 'Enter a name in the CRM and sync, or replay the record with the fix { "name": "…" }.',
  'record.unreadable':
    'A fix has nothing to be laid over here. Mend the record in the CRM, or let the user of the connection see the field, and sync; or dismiss it.',
};

export const NO_ID = 'unreadable-';

const NAMELESS =
  'The record has no id by which it could be recognised, so it can be neither fixed nor taken. Mend it in the CRM and sync, or dismiss it.';

const OTHERWISE = 'Mend the record in the CRM and sync, or dismiss it.';

const BOOKING =
  'Mend the booking in the CRM: the next sync takes it. Or replay it when the company has another time zone by now, or dismiss it.';

/** What to do about a record in quarantine. */
export const adviceOn = ({ kind, code, externalId }: Waiting): string => {
  if (kind === 'booking') return BOOKING;
  return code === 'record.unreadable' && externalId.startsWith(NO_ID)
    ? NAMELESS
    : (ADVICE[code] ?? OTHERWISE);
};
