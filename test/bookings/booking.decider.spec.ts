import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  booking,
  bookingStream,
  dismissBooking,
  quarantineBooking,
  releaseBooking,
  upsertBooking,
} from '../../src/modules/bookings/booking.decider.ts';
import type { BookingEvent, BookingValues } from '../../src/modules/bookings/contract.ts';
import { fold } from '../../src/shared/event-store/decider.ts';
import { Collision } from '../../src/shared/event-store/decider.ts';
import { given } from '../given.ts';

const FACTS = { bookingId: 'b-1', connectionId: 'acme', externalId: '4021' };
const VALUES: BookingValues = {
  code: '5k2m9xqp',
  startAt: '2026-12-01T09:00:00.000Z',
  endAt: '2026-12-01T10:00:00.000Z',
  startLocal: '2026-12-01 10:00:00',
  endLocal: '2026-12-01 11:00:00',
  timezone: 'Europe/Berlin',
  recordedAt: null,
  recordedLocal: null,
  serviceId: '6',
  service: 'Full session',
  providerId: '2',
  provider: null,
};
const SESSION = { clientId: '57', leadId: 'lead-1', status: 'confirmed' as const, values: VALUES };
const REASON = { code: 'booking.time.impossible', detail: 'Never.', record: { id: 4021 }, clientId: '57' };

const take = upsertBooking(FACTS, SESSION);
const putAside = quarantineBooking(FACTS, 'run-1', REASON);
const letGo = dismissBooking(FACTS);
const taken = given(booking).when(take);
const waiting = given(booking).when(putAside);
const dismissed = given(booking, ...waiting).when(letGo);

describe('a booking', () => {
  it('is taken with everything it says, sealed for its client', () => {
    expect(taken).toEqual([
      {
        type: 'BookingUpserted',
        data: {
          ...FACTS,
          clientId: '57',
          leadId: 'lead-1',
          status: 'confirmed',
          change: 'created',
          changed: [
            'status',
            'clientId',
            'leadId',
            'startAt',
            'endAt',
            'startLocal',
            'endLocal',
            'timezone',
            'code',
            'serviceId',
            'service',
            'providerId',
          ],
        },
        personal: VALUES,
        subject: 'crm-client-acme-57',
      },
    ]);
  });

  it('that is nobody’s has a key of its own', () => {
    const [event] = given(booking).when(upsertBooking(FACTS, { ...SESSION, clientId: null, leadId: null }));
    expect(event?.subject).toBe('booking-b-1');
    expect(event?.data.changed).not.toContain('clientId');
    expect(quarantineBooking(FACTS, 'run-1', { ...REASON, clientId: null })(null)[0]?.subject).toBe(
      'booking-b-1',
    );
  });

  it('that is taken again as it is is no fact', () => {
    expect(given(booking, ...taken).when(take)).toEqual([]);
  });

  it.each([
    ['its status', { ...SESSION, status: 'canceled' as const }, ['status']],
    ['its lead', { ...SESSION, leadId: null }, ['leadId']],
    ['its client', { ...SESSION, clientId: '58', leadId: 'lead-2' }, ['clientId', 'leadId']],
    ['its provider', { ...SESSION, values: { ...VALUES, provider: 'Anna Berg' } }, ['provider']],
    [
      'the zone of the company',
      { ...SESSION, values: { ...VALUES, timezone: 'UTC', startAt: '2026-12-01T10:00:00.000Z' } },
      ['startAt', 'timezone'],
    ],
  ])('says that %s has changed', (_, session, changed) => {
    const [event] = given(booking, ...taken).when(upsertBooking(FACTS, session));
    expect(event?.data).toMatchObject({ change: 'updated', changed });
  });

  it('whose values can no longer be read is taken anew', () => {
    const erased = taken.map((event) => ({ ...event, personal: null }));
    const [event] = given(booking, ...erased).when(take);
    expect(event?.data).toMatchObject({ change: 'updated', changed: expect.arrayContaining(['startAt']) });
  });
});

describe('a booking that cannot be taken', () => {
  it('waits with its reason, sealed for its client', () => {
    expect(waiting).toEqual([
      {
        type: 'BookingQuarantined',
        data: { ...FACTS, runId: 'run-1', code: 'booking.time.impossible' },
        personal: { detail: 'Never.', record: { id: 4021 } },
        subject: 'crm-client-acme-57',
      },
    ]);
  });

  it('waits on without a word, and says when the reason or the record is another', () => {
    const after = given(booking, ...waiting);
    expect(after.when(quarantineBooking(FACTS, 'run-2', REASON))).toEqual([]);
    expect(
      after.when(quarantineBooking(FACTS, 'run-2', { ...REASON, code: 'record.unreadable' })),
    ).toHaveLength(1);
    expect(after.when(quarantineBooking(FACTS, 'run-2', { ...REASON, record: { id: 4 } }))).toHaveLength(1);
  });

  it('is created when it is mended and was never taken', () => {
    const [event] = given(booking, ...waiting).when(take);
    expect(event?.data.change).toBe('created');
  });

  it('keeps what was taken of it, and comes out also with nothing changed', () => {
    const [event] = given(booking, ...taken, ...waiting).when(take);
    expect(event?.data).toMatchObject({ change: 'updated', changed: [] });
  });
});

describe('a booking that was dismissed', () => {
  it('is a fact that says why it waited and nothing about a person', () => {
    expect(dismissed).toEqual([
      { type: 'BookingDismissed', data: { ...FACTS, code: 'booking.time.impossible' } },
    ]);
  });

  it('is dismissed once; what does not wait cannot be', () => {
    expect(given(booking, ...waiting, ...dismissed).when(letGo)).toEqual([]);
    expect(given(booking).when(letGo)).toEqual([]);
    expect(given(booking, ...taken).when(letGo)).toEqual([]);
    expect(given(booking, ...waiting, ...taken).when(letGo)).toEqual([]);
  });

  it('stays so while it is the same, and waits again when the reason or the record is another', () => {
    const after = given(booking, ...waiting, ...dismissed);
    const again = { ...REASON, record: { id: 4 } };
    expect(after.when(putAside)).toEqual([]);
    expect(
      after.when(quarantineBooking(FACTS, 'run-2', { ...REASON, code: 'record.unreadable' })),
    ).toHaveLength(1);
    const changed = after.when(quarantineBooking(FACTS, 'run-2', again));
    expect(changed).toHaveLength(1);
    expect(given(booking, ...waiting, ...dismissed, ...changed).when(letGo)).toHaveLength(1);
  });

  it('keeps what was taken of it, and is taken when it can be', () => {
    const [event] = given(booking, ...taken, ...waiting, ...dismissed).when(take);
    expect(event?.data).toMatchObject({ change: 'updated', changed: [] });
  });
});

describe('a booking that is released by a person', () => {
  const release = releaseBooking(FACTS, REASON.record, SESSION);

  it('is taken as in a sync, also when it was dismissed', () => {
    const expected = given(booking, ...waiting).when(take);
    expect(expected).toHaveLength(1);
    expect(given(booking, ...waiting).when(release)).toEqual(expected);
    expect(given(booking, ...waiting, ...dismissed).when(release)).toEqual(expected);
  });

  it('collides with whoever was faster', () => {
    const other = given(booking, ...waiting).when(
      quarantineBooking(FACTS, 'run-2', { ...REASON, record: { id: 4 } }),
    );
    for (const past of [[], taken, [...waiting, ...taken], [...waiting, ...other]])
      expect(() => given(booking, ...past).when(release)).toThrow(Collision);
  });
});

describe('whatever happens to a booking', () => {
  it('is no fact a second time', () => {
    const status = fc.constantFrom('confirmed' as const, 'canceled' as const);
    const leadId = fc.constantFrom(null, 'lead-1');
    const decide = fc.oneof(
      fc.record({ status, leadId }).map((some) => upsertBooking(FACTS, { ...SESSION, ...some })),
      fc.nat(1).map((n) => quarantineBooking(FACTS, 'run', { ...REASON, record: { n } })),
      fc.constant(letGo),
    );
    fc.assert(
      fc.property(fc.array(decide, { minLength: 1 }), (decisions) => {
        const past: BookingEvent[] = [];
        for (const one of decisions) {
          past.push(...one(fold(booking, past)));
          expect(one(fold(booking, past))).toEqual([]);
        }
      }),
    );
  });

  it('keeps its own stream', () => {
    expect(bookingStream('b-1')).toBe('booking-b-1');
  });
});
