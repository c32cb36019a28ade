import type { Outcome, Pass, Reference } from './sides.ts';

export type SideName = 'service' | Reference;

/** All rounds of one size of list. */
export type Measured = { clients: number; rounds: Record<SideName, Outcome>[] };

type Figures = { first: number; again: number; leads: number; peakMegabytes: number | null };
type Goal = { says: string; value: number; bound: number; met: boolean };

const TITLES: Record<SideName, string> = {
  service: 'the service, over HTTP',
  'by-orm': '(a) client by client through the ORM',
  'by-hand': '(b) by hand, set-based',
  'by-hand-raw': '    … without encryption and hashes',
  'fetch-only': '(c) fetched and dropped',
};

const median = (values: number[]): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const speed = ({ clients, seconds }: Pass): number => clients / seconds;

const figures = (outcomes: Outcome[]): Figures => ({
  first: median(outcomes.map(({ first }) => speed(first))),
  again: median(outcomes.map(({ again }) => speed(again))),
  leads: outcomes[0]!.proof.leads,
  peakMegabytes: outcomes.some(({ peakMegabytes }) => peakMegabytes === null)
    ? null
    : Math.max(...outcomes.map(({ peakMegabytes }) => peakMegabytes!)),
});

/** The service's speed as a multiple of a reference's, round by round. */
const ratio = ({ rounds }: Measured, pass: 'first' | 'again', to: SideName): number =>
  median(rounds.map((round) => speed(round.service[pass]) / speed(round[to][pass])));

const goalsOf = (measured: Measured): Goal[] => {
  const first = ratio(measured, 'first', 'by-orm');
  const firstByHand = ratio(measured, 'first', 'by-hand');
  const again = ratio(measured, 'again', 'by-hand');
  const peak = figures(measured.rounds.map(({ service }) => service)).peakMegabytes;
  const goals = [
    { says: 'first sync ≥ 20 × (a)', value: first, bound: 20, met: first >= 20 },
    { says: 'first sync ≥ 0.5 × (b)', value: firstByHand, bound: 0.5, met: firstByHand >= 0.5 },
    { says: 'unchanged re-sync ≥ 0.5 × (b)', value: again, bound: 0.5, met: again >= 0.5 },
  ];
  return measured.clients < 100_000 || peak === null
    ? goals
    : [...goals, { says: 'peak memory of the service < 300 MB', value: peak, bound: 300, met: peak < 300 }];
};

const HEAD = ['', 'first sync', 'service is', 're-sync', 'service is', 'peak MB', 'leads'];

const row = (measured: Measured, side: SideName): string[] => {
  const { first, again, leads, peakMegabytes } = figures(measured.rounds.map((round) => round[side]));
  const times = (pass: 'first' | 'again'): string =>
    side === 'service' ? '' : `${ratio(measured, pass, side).toFixed(2)} ×`;
  const perSecond = (clients: number): string => `${Math.round(clients)}/s`;
  return [
    TITLES[side],
    perSecond(first),
    times('first'),
    perSecond(again),
    times('again'),
    String(peakMegabytes ?? '?'),
    String(leads),
  ];
};

const aligned = (rows: string[][]): string[] => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
};

const tableOf = (measured: Measured): string[] => {
  const sides = Object.keys(TITLES) as SideName[];
  const { clients, rounds } = measured;
  return [
    `${clients.toLocaleString('en')} clients, ${rounds.length === 1 ? 'one round' : `median of ${rounds.length} rounds`}`,
    ...aligned([HEAD, ...sides.map((side) => row(measured, side))]).map((line) => `  ${line}`),
    ...goalsOf(measured).map(
      ({ says, value, met }) =>
        `  ${met ? 'met   ' : 'missed'} ${says}: ${value.toFixed(value < 20 ? 2 : 0)}`,
    ),
    '',
  ];
};

/** A table per size for people, then everything in one line of JSON for programs. */
export const report = (machine: string, measured: Measured[]): string =>
  [
    `crm-sync bench on ${machine}; clients per second`,
    '',
    ...measured.flatMap(tableOf),
    JSON.stringify({
      machine,
      sizes: measured.map((one) => ({
        clients: one.clients,
        rounds: one.rounds,
        ratios: {
          firstToOrm: ratio(one, 'first', 'by-orm'),
          firstToByHand: ratio(one, 'first', 'by-hand'),
          firstToByHandRaw: ratio(one, 'first', 'by-hand-raw'),
          againToByHand: ratio(one, 'again', 'by-hand'),
        },
        goals: goalsOf(one),
      })),
    }),
  ].join('\n');
