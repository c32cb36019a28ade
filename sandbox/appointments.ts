import { DAY, lastSunday, moved } from './company-time.ts';
import { dice, pick } from './people.ts';
import { SERVICES } from './services.ts';

/** What a booking is made with. Times are the company's own and say nothing of a zone. */
export type Appointment = {
  status: string;
  start: string;
  end: string;
  recorded: string;
  /** When it was last changed: what `edited_date_from` of the JSON-RPC API goes by. */
  edited: string;
  clientId: number | null;
  serviceId: number;
  providerId: number;
};

/** A booking as the CRM keeps it. */
export type Booking = Appointment & { id: number; code: string };

/** Whom appointments can be given to, and the company's time at the beginning. */
export type Calendar = { seed: number; clean: boolean; now: string; clients: number; deletedClient: number };

const MINUTE = 60_000;
const FIRST_ID = 4001;

const ofDay = (now: string, days: number, minutes: number): string =>
  moved(`${now.slice(0, 10)} 00:00:00`, days * DAY + minutes * MINUTE);

/** A third is long past, a third is of the last four weeks, a third is to come; booked up to forty days before. */
const ordinary = (calendar: Calendar, nth: number): Appointment => {
  const { now, clients, seed } = calendar;
  const roll = dice(seed + 7919, nth);
  const days = [-31 - Math.floor(roll() * 300), -28 + Math.floor(roll() * 28), 1 + Math.floor(roll() * 60)];
  const service = pick(roll, SERVICES);
  const start = ofDay(now, days[nth % 3] ?? 1, 540 + 15 * Math.floor(roll() * 36));
  const early = moved(start, -Math.floor((1 + roll() * 39) * DAY));
  const latest = moved(now, -Math.floor(roll() * 20 * DAY));
  const recorded = early < latest ? early : latest;
  return {
    status: roll() < 0.08 ? 'canceled' : 'confirmed',
    start,
    end: moved(start, service.duration * MINUTE),
    recorded,
    edited: recorded,
    clientId: clients === 0 ? null : 1 + Math.floor(roll() * clients),
    serviceId: service.id,
    providerId: roll() < 0.5 ? 2 : 3,
  };
};

type Oddity = (now: string, calendar: Calendar) => Partial<Appointment>;

const nextYear = (now: string): number => Number(now.slice(0, 4)) + 1;
const at = (day: string, from: string, to: string): Partial<Appointment> => ({
  start: `${day} ${from}`,
  end: `${day} ${to}`,
});

/** Each flaw of a real list of bookings once, all of them booked just now. */
const ODDITIES: readonly Oddity[] = [
  () => ({ clientId: null }),
  () => ({ clientId: 999_999 }),
  (_, { deletedClient }) => ({ clientId: deletedClient }),
  () => ({ status: 'canceled' }),
  () => ({ status: 'pending' }),
  () => ({ status: 'confirmed_pending' }),
  () => ({ serviceId: 8, providerId: 3 }),
  () => ({ serviceId: 99 }),
  (now) => at(ofDay(now, -45, 0).slice(0, 10), '10:00:00', '11:00:00'),
  (now) => at(lastSunday(now, 10), '02:30:00', '03:30:00'),
  (now) => at(lastSunday(now, 3), '02:30:00', '03:30:00'),
  () => at('0000-00-00', '00:00:00', '00:00:00'),
  (now) => at(`${nextYear(now)}-02-30`, '10:00:00', '11:00:00'),
  () => at('9999-12-31', '10:00:00', '11:00:00'),
  (now) => at(ofDay(now, 9, 0).slice(0, 10), '10:00:00', '09:00:00'),
  () => ({ status: 'rescheduled' }),
];

/** How many of the flawed ones cannot be taken: the last of the list. */
export const UNUSABLE_ODDITIES = 6;
export const ODDITY_COUNT = ODDITIES.length;

const odd = (calendar: Calendar, nth: number): Appointment => {
  const { now } = calendar;
  const recorded = moved(now, (nth - ODDITIES.length) * MINUTE);
  const start = ofDay(now, 3 + nth, 600);
  const usual = { ...ordinary(calendar, nth), status: 'confirmed', start, end: moved(start, 60 * MINUTE) };
  return { ...usual, ...ODDITIES[nth]?.(now, calendar), recorded, edited: recorded };
};

/** The code that the CRM gives a booking. */
export const codeOf = (seed: number, id: number): string => {
  const roll = dice(seed + 104_729, id);
  return Array.from({ length: 8 }, () => Math.floor(roll() * 36).toString(36)).join('');
};

/** So many bookings, the same ones for the same seed and time, numbered in the order they were booked. */
export const appointments = (count: number, calendar: Calendar): Booking[] => {
  const flawed = calendar.clean ? 0 : Math.min(count, ODDITIES.length);
  const plain = Array.from({ length: count - flawed }, (_, nth) => ordinary(calendar, nth));
  const all = [
    ...plain.toSorted((one, other) => (one.recorded < other.recorded ? -1 : 1)),
    ...Array.from({ length: flawed }, (_, nth) => odd(calendar, nth)),
  ];
  return all.map((one, index) => {
    const id = FIRST_ID + index;
    return { id, code: codeOf(calendar.seed, id), ...one };
  });
};
