import { stripVTControlCharacters } from 'node:util';

/** What could move the cursor, change the window's title, or turn the rest of a line round. */
const DANGEROUS = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]+/gu;

/** One value that people wrote, fit for a terminal. */
export const shown = (value: string | number | boolean | null | undefined): string =>
  value === null || value === undefined || value === ''
    ? '–'
    : stripVTControlCharacters(String(value)).replaceAll(DANGEROUS, ' ');

/** Alike for text of several lines. */
export const shownLines = (text: string): string =>
  text.replaceAll(/[^\n]+/g, (line) => (line.trim() === '' ? line : shown(line)));

/** JSON says the same with escapes: a terminal is not driven by it either. */
export const jsonOf = (answer: unknown, indent = 2): string =>
  JSON.stringify(answer, null, indent).replaceAll(DANGEROUS, (found) =>
    found.replaceAll(/[^\n]/gu, (letter) => {
      const code = letter.codePointAt(0) ?? 0;
      return `\\u${code.toString(16).padStart(4, '0')}`;
    }),
  );

/** A value of a record, whatever it is: an address is one line. */
export const valueOf = (value: unknown): string => {
  if (typeof value === 'object' && value !== null)
    return Object.values(value)
      .map(valueOf)
      .filter((part) => part !== '–')
      .join(', ');
  return shown(value as Cell);
};

const TO_THE_SECOND = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
} as const;

/** A time as people of this machine read it. */
export const when = (time: string | null | undefined): string =>
  time ? new Date(time).toLocaleString('sv-SE', TO_THE_SECOND) : '–';

/** The same to the minute, for columns. */
export const minute = (time: string | null | undefined): string =>
  time ? new Date(time).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' }) : '–';

export const number = (value: number): string => value.toLocaleString('en-US');

/** How wide a line may be: as wide as the terminal; what goes into a file or another program is not cut. */
const room = (): number => (process.stdout.isTTY ? Math.max(40, process.stdout.columns || 80) : Infinity);

const UUID = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** On a terminal ids are as short as commands take them. */
export const short = (text: string): string => (process.stdout.isTTY ? text.replaceAll(UUID, '$1') : text);

const segmenter = new Intl.Segmenter();
const lettersOf = (text: string): string[] => [...segmenter.segment(text)].map(({ segment }) => segment);

/** Letters that take the room of two. */
const WIDE = /\p{Emoji_Presentation}|\uFE0F|[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{sc=Hang}\uFF01-\uFF60]/u;
const widthOf = (text: string): number =>
  lettersOf(text).reduce((sum, letter) => sum + (WIDE.test(letter) ? 2 : 1), 0);

export type Cell = Parameters<typeof shown>[0];

export const MORE = '… and more: --limit says how many are shown.';
const GAP = 2;
const NARROWEST = 6;

/** The widths that fit: the widest columns give way first. */
const fitted = (widths: number[], most: number): number[] => {
  const fit = [...widths];
  let excess = fit.reduce((sum, width) => sum + width + GAP, -GAP) - most;
  for (; excess > 0; excess -= 1) {
    const widest = fit.indexOf(Math.max(...fit));
    if ((fit[widest] ?? 0) <= NARROWEST) break;
    fit[widest]! -= 1;
  }
  return fit;
};

/** Rows under a header, in columns, and whether there are more. Nothing but a sentence when there are none. */
export const table = (
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  none: string,
  more = false,
): string => {
  if (rows.length === 0) return none;
  const cells = [header, ...rows.map((row) => row.map(shown))];
  const widths = fitted(
    header.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? '')))),
    room(),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const text = cut(cell, width);
        return text + ' '.repeat(Math.max(0, width - widthOf(text)));
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [...cells.map(line), ...(more ? [MORE] : [])].join('\n');
};

const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text;
  let [kept, used] = ['', 0];
  for (const letter of lettersOf(text)) {
    used += widthOf(letter);
    if (used > width - 1) break;
    kept += letter;
  }
  return `${kept}…`;
};

/** Names and what they stand for, one below the other. */
export const facts = (pairs: readonly (readonly [string, Cell])[]): string => {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => wrapped(`${name.padEnd(width)}  ${shown(value)}`, width + GAP))
    .join('\n');
};

/** A line as several that the terminal has room for, those after the first moved to the right. */
export const wrapped = (line: string, indent = 0): string => {
  const most = room();
  if (widthOf(line) <= most || most <= indent + NARROWEST) return line;
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/(?<= )(?=\S)/)) {
    if (current.trim() !== '' && widthOf(current + word.trimEnd()) > most) {
      lines.push(current.trimEnd());
      current = ' '.repeat(indent);
    }
    current += word;
  }
  return [...lines, current.trimEnd()].join('\n');
};
