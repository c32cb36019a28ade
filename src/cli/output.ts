import { stripVTControlCharacters } from 'node:util';

/** What people wrote, fit for a terminal: it must not be able to move the cursor or change the window's title. */
export const shown = (value: string | number | boolean | null | undefined): string =>
  value === null || value === undefined || value === ''
    ? '–'
    : stripVTControlCharacters(String(value)).replaceAll(/\p{Cc}+|[\u202A-\u202E\u2066-\u2069]/gu, ' ');

/** A value of a record, whatever it is: an address is one line. */
export const valueOf = (value: unknown): string => {
  if (typeof value === 'object' && value !== null)
    return Object.values(value)
      .map(valueOf)
      .filter((part) => part !== '–')
      .join(', ');
  return shown(value as Cell);
};

/** A time as people of this machine read it. */
export const when = (time: string | null | undefined): string =>
  time ? new Date(time).toLocaleString('sv-SE', { timeZoneName: 'short' }) : '–';

export const number = (value: number): string => value.toLocaleString('en-US');

const LONGEST = 60; // letters

const segmenter = new Intl.Segmenter();
const lettersOf = (text: string): string[] => [...segmenter.segment(text)].map(({ segment }) => segment);

export type Cell = Parameters<typeof shown>[0];

/** Rows under a header, in columns. Nothing but a sentence when there are none. */
export const table = (
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  none: string,
): string => {
  if (rows.length === 0) return none;
  const cells = rows.map((row) => row.map((cell) => cut(shown(cell))));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => lettersOf(row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lettersOf(cell).length))
      .join('  ')
      .trimEnd();
  return [line(header), ...cells.map(line)].join('\n');
};

/** Names and what they stand for, one below the other. */
export const facts = (pairs: readonly (readonly [string, Cell])[]): string => {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}`).join('\n');
};

const cut = (text: string): string => {
  const letters = lettersOf(text);
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join('')}…` : text;
};
