import { THEMES, type Theme } from './profile.ts';
import { verdictOf, type Report } from './run-profile.ts';

const HEAD = [
  'profile',
  'a CRM …',
  'way in',
  'run status',
  'leads, ours/CRM',
  'waiting',
  'bookings, ours/CRM',
  'requests',
  'logins',
  'refreshes',
  'appended again',
  'verdict',
];

const NUMBERS = new Set([4, 5, 6, 7, 8, 9, 10]);

const listed = (values: readonly (string | number)[]): string =>
  values.length === 0 ? '–' : new Set(values).size === 1 ? String(values[0]) : values.join(', ');

const cells = (report: Report): string[] => [
  report.profile.name,
  report.profile.says,
  report.wayIn,
  listed(report.runs),
  `${report.leads.ours}/${report.leads.crm}`,
  String(report.waiting),
  `${report.bookings.ours}/${report.bookings.crm}`,
  listed(report.requests),
  String(report.logins),
  String(report.refreshes),
  report.appended === null ? '–' : String(report.appended),
  verdictOf(report),
];

const escaped = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('`', "'");

/** A table that looks the same printed and as Markdown. */
const table = (rows: string[][]): string[] => {
  const widths = HEAD.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: string[]): string =>
    `| ${row.map((cell, column) => (NUMBERS.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    NUMBERS.has(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const [head = [], ...body] = rows;
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)];
};

const themed = (theme: Theme, reports: readonly Report[]): string[] => {
  const own = reports.filter(({ profile }) => profile.theme === theme);
  if (own.length === 0) return [];
  return [`## ${THEMES[theme]}`, '', ...table([HEAD, ...own.map((one) => cells(one).map(escaped))]), ''];
};

const themes = Object.keys(THEMES) as Theme[];

/** A table for each theme. */
export const tables = (reports: readonly Report[]): string =>
  themes.flatMap((theme) => themed(theme, reports)).join('\n');

export const summary = (reports: readonly Report[]): string => {
  const wrong = reports.filter((one) => one.wrong.length > 0);
  return wrong.length === 0
    ? `${reports.length} profiles, all as expected.`
    : `${reports.length} profiles, ${wrong.length} not as expected:\n${wrong.map((one) => `  ${one.profile.name}: ${one.wrong.join('; ')}`).join('\n')}`;
};
