import { Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const WITH_SECONDS = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const AGO = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

const FORMATS = { moment: MOMENT, day: DAY, clock: CLOCK, seconds: WITH_SECONDS };

const UNITS: [Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** "3 hours ago", "in 5 minutes", "just now". */
export const relative = (instant: string, now = Date.now()): string => {
  const seconds = (Date.parse(instant) - now) / 1000;
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  return unit === undefined ? 'just now' : AGO.format(Math.trunc(seconds / unit[1]), unit[0]);
};

/** 2026-11-22T15:30:00.123456Z → 2026-11-22 15:30:00.123 UTC */
const utc = (instant: string): string =>
  `${new Date(instant).toISOString().replace('T', ' ').replace('Z', '')} UTC`;

const TICK = 30_000; // ms
const clock = new EventTarget();
let now = Date.now();
let timer = 0;
let listeners = 0;

const tick = (): void => {
  now = Date.now();
  clock.dispatchEvent(new Event('tick'));
};

/** One clock for all, which goes while somebody looks at it. */
const watch = (listener: () => void): (() => void) => {
  if (listeners++ === 0) timer = window.setInterval(tick, TICK);
  clock.addEventListener('tick', listener);
  return () => {
    if (--listeners === 0) clearInterval(timer);
    clock.removeEventListener('tick', listener);
  };
};

/** "5 minutes ago", and five minutes later "10 minutes ago". */
function Relative({ at }: { at: string }) {
  useSyncExternalStore(watch, () => now);
  return relative(at);
}

type Props = { at: string | null; as?: keyof typeof FORMATS | 'relative'; none?: string };

/** A time in the viewer's own zone; the exact UTC on hover. */
export function Time({ at, as = 'moment', none = 'never' }: Props) {
  if (at === null) return <span className="quiet">{none}</span>;
  const text = as === 'relative' ? <Relative at={at} /> : FORMATS[as].format(new Date(at));
  const hint = as === 'relative' ? `${MOMENT.format(new Date(at))} · ${utc(at)}` : utc(at);
  return (
    <Tooltip label={hint} withArrow events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={at} className="numbers above">
        {text}
      </time>
    </Tooltip>
  );
}

/** "2 min 5 s" */
export const duration = (milliseconds: number): string => {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
};
