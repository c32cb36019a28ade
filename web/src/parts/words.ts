/** 1000 → 1,000 */
export const number = (value: number): string => value.toLocaleString('en-US');

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** What the codes of the quarantine mean, for people. */
const REASONS: Record<string, string> = {
  'email.missing': 'No e-mail address',
  'email.invalid': 'Unusable e-mail address',
  'email.taken': 'E-mail belongs to another lead',
  'name.missing': 'No name',
  'record.unreadable': 'Unreadable record',
  'booking.time.impossible': 'Impossible time',
  'booking.status.unknown': 'Unknown status',
};

export const reasonOf = (code: string): string => REASONS[code] ?? plain(code);

/** succeeded-with-errors → Succeeded with errors */
export const plain = (code: string): string => {
  const words = code.replaceAll(/[-._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const ACTORS: Record<string, string> = {
  'key:admin': 'Administrator',
  schedule: 'Schedule',
  webhook: 'Webhook of the CRM',
  cli: 'Command line',
  system: 'crm-sync itself',
};

export const actorOf = (actor: string): string => ACTORS[actor] ?? actor;
