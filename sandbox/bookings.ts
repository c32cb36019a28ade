import { appointments, codeOf, type Appointment, type Booking, type Calendar } from './appointments.ts';
import { moved } from './company-time.ts';

const HOUR = 3_600_000;

/** The bookings of one company, by id. What is changed here is noted as edited at the company's present time. */
export class Bookings {
  #seed: number;
  #bookings = new Map<number, Booking>();
  #rows: string[] = [];
  #nextId: number;
  #now: () => string;
  /** Told of what is done to a booking from now on. */
  onChange: (what: 'new' | 'change' | 'cancel', id: number) => void = () => undefined;

  /** `now` tells the company's own time whenever it is asked. */
  constructor(count: number, calendar: Omit<Calendar, 'now'>, now: () => string) {
    this.#seed = calendar.seed;
    this.#now = now;
    const made = appointments(count, { ...calendar, now: now() });
    for (const booking of made) this.#bookings.set(booking.id, booking);
    this.#nextId = (made.at(-1)?.id ?? 4000) + 1;
  }

  /** The truth: every booking in the order of ids. Not in it: rows from `addRow`. */
  all(): Booking[] {
    return [...this.#bookings.values()];
  }

  get(id: number): Booking | null {
    return this.#bookings.get(id) ?? null;
  }

  /** The company's time. */
  now(): string {
    return this.#now();
  }

  /** What is not given is a confirmed hour tomorrow at this time, booked now, for nobody. */
  add(fields: Partial<Appointment> = {}): Booking {
    const now = this.#now();
    const start = fields.start ?? moved(now, 24 * HOUR);
    const booking: Booking = {
      id: this.#nextId,
      code: codeOf(this.#seed, this.#nextId),
      status: 'confirmed',
      end: /^[1-9]\d{3}-/.test(start) ? moved(start, HOUR) : start,
      recorded: now,
      edited: now,
      clientId: null,
      serviceId: 6,
      providerId: 2,
      ...fields,
      start,
    };
    this.#nextId += 1;
    this.#bookings.set(booking.id, booking);
    this.onChange('new', booking.id);
    return booking;
  }

  /** @returns null when there is no such booking. */
  change(id: number, changes: Partial<Appointment>): Booking | null {
    const before = this.#bookings.get(id);
    if (before === undefined) return null;
    const after = { ...before, edited: this.#now(), ...changes };
    this.#bookings.set(id, after);
    const isCanceled = after.status === 'canceled' && before.status !== 'canceled';
    this.onChange(isCanceled ? 'cancel' : 'change', id);
    return after;
  }

  /** As DELETE does in the real one: the booking stays and is canceled. */
  cancel(id: number): Booking | null {
    return this.change(id, { status: 'canceled' });
  }

  /** Away without a trace, which the real one is not known to do. */
  remove(id: number): Booking | null {
    const before = this.get(id);
    this.#bookings.delete(id);
    return before;
  }

  /** A record at the end of the list, word for word, whatever it is. */
  addRow(json: string): void {
    this.#rows.push(json);
  }

  get rows(): readonly string[] {
    return this.#rows;
  }
}
