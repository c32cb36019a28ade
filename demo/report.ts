import { styleText } from 'node:util';
import type { BookingOutcome, Outcome } from './api.ts';
import type { Stage } from './stage.ts';
import type { Synced } from './sync.ts';

const OUTCOMES: Outcome[] = ['created', 'updated', 'linked', 'unchanged', 'quarantined', 'erased'];
const BOOKING_OUTCOMES: BookingOutcome[] = ['created', 'updated', 'unchanged', 'quarantined'];
const BAR = 24;
const NAMES = 22;

const dim = (text: string): string => styleText('dim', text);
const bold = (text: string): string => styleText('bold', text);

/** 1000 → 1,000 */
export const number = (value: number): string => value.toLocaleString('en-US');

/** 2026-11-22T15:30:00.123456Z → 2026-11-22 15:30:00 UTC */
const moment = (instant: string): string => `${instant.slice(0, 19).replace('T', ' ')} UTC`;

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

export const progressLine = (done: number, total: number | null): string => {
  if (total === null || total === 0 || !process.stdout.isTTY) {
    return `${number(done)}${total === null ? '' : ` of ${number(total)}`} records`;
  }
  const full = Math.min(BAR, Math.round((done / total) * BAR));
  return `${'█'.repeat(full)}${dim('░'.repeat(BAR - full))}  ${number(done)} of ${number(total)} records`;
};

/** 1,000 clients and 120 bookings in 1.9 s */
export const summary = ({ run, took }: Synced): string =>
  `${number(run.counts.fetched)} clients and ${number(run.counts.bookings.fetched)} bookings in ${seconds(took)}`;

export const heading = (): string =>
  `\n${bold('crm-sync')}  the clients of a SimplyBook.me company become leads, with what they have booked\n`;

const section = (title: string, lines: string[]): string =>
  [`\n${bold(title)}`, ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');

const statistics = ({ first, second }: Stage): string => {
  const row = (name: string, one: string, other: string): string =>
    `${name.padEnd(NAMES)}${one.padStart(11)}${other.padStart(14)}`;
  const counted = (name: 'fetched' | Outcome): string =>
    row(name, number(first.run.counts[name]), number(second.run.counts[name]));
  const bookings = (name: 'fetched' | BookingOutcome): string =>
    row(
      `bookings ${name}`,
      number(first.run.counts.bookings[name]),
      number(second.run.counts.bookings[name]),
    );
  return section('Statistics', [
    dim(row('clients', 'first sync', 'second sync')),
    counted('fetched'),
    ...OUTCOMES.map(counted),
    bookings('fetched'),
    ...BOOKING_OUTCOMES.map(bookings),
    dim(row('events appended', number(first.appended), number(second.appended))),
  ]);
};

const again = ({ second }: Stage): string =>
  section('Again changes nothing', [
    `The second sync appended only its own ${second.appended} events: ` +
      `${second.events.map(({ type }) => type).join(', ')}.`,
  ]);

const quarantine = ({ first, waiting }: Stage): string => {
  const { quarantined, bookings } = first.run.counts;
  const more = quarantined + bookings.quarantined - waiting.length;
  if (waiting.length === 0) return '';
  return section('Waiting in quarantine, until the CRM mends them', [
    ...waiting.map(({ detail }) => detail),
    ...(more > 0 ? [dim(`and ${number(more)} more`)] : []),
  ]);
};

const cut = (text: string, width: number): string =>
  text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;

const examples = ({ examples: list }: Stage): string =>
  section(
    'Three leads, each with its last event',
    list.flatMap(({ lead, last }) => [
      `${cut(lead.name ?? '', 22)} ${cut(lead.email ?? '', 36)} ${lead.phone ?? ''}`.trimEnd(),
      dim(
        `  ${last.type} (${String(last.data['change'])}) at position ${number(last.position)}, ${moment(last.recordedAt)}`,
      ),
    ]),
  );

const booked = ({ appointments }: Stage): string =>
  section(
    'Three bookings, local time and instant',
    appointments.map(({ startLocal, startAt, status, service, provider }) =>
      `${startLocal ?? ''} = ${moment(startAt ?? '')}  ${status.padEnd(10)} ${cut(service ?? '', 16)} ${provider ?? ''}`.trimEnd(),
    ),
  );

const whereToLook = ({ api, sandbox }: Stage): string =>
  section('Where to look', [
    `Console  ${api.console}`,
    `API      ${api.url}/api`,
    `Docs     ${api.url}/docs`,
    `Key      ${api.key}`,
    `Sandbox  ${sandbox.url}/_sandbox`,
    '',
    `curl -H 'Authorization: Bearer ${api.key}' \\`,
    `  '${api.url}/api/leads?limit=3'`,
    `CRM_SYNC_URL=${api.url} CRM_SYNC_API_KEY=${api.key} \\`,
    '  npx crm-sync leads',
  ]);

/** All that the demo has found, for people. */
export const report = (stage: Stage): string =>
  [statistics, again, quarantine, examples, booked, whereToLook].map((part) => part(stage)).join('\n');

export const end = (once: boolean): string =>
  once
    ? dim('\nAll of this is stopped and thrown away now; without --once it stays up.')
    : dim('\nCtrl-C ends it; everything is thrown away then.');
