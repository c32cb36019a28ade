import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readDelivery } from '../../src/modules/crm-connection/simplybook/delivery.ts';

const about = (body: Record<string, unknown>) => readDelivery(body).about;

describe('A delivery', () => {
  it.each<[Record<string, unknown>, 'client' | 'booking', string]>([
    [{ notification_id: 9, event: 'new_client', client_id: 57 }, 'client', '57'],
    [{ event: 'change_client', data: { client_id: '57' } }, 'client', '57'],
    [{ event: 'delete_client', data: { id: 57 } }, 'client', '57'],
    [{ event: 'new_client', id: '057' }, 'client', '57'],
    [{ event: 'new_client', 'data[client_id]': '57' }, 'client', '57'],
    [{ client_id: 57 }, 'client', '57'],
    [{ notification_id: 9, event: 'change_booking', booking_id: 4021 }, 'booking', '4021'],
    [{ event: 'cancel_booking', data: { id: '4021' } }, 'booking', '4021'],
    [{ booking_id: '4021', notification_type: 'create', company: 'acmestudio' }, 'booking', '4021'],
    [{ booking_id: '4021', client_id: 57, notification_type: 'cancel' }, 'booking', '4021'],
    [{ booking_id: '4021', client_id: 57 }, 'booking', '4021'],
    [{ event: 'create', id: 4021 }, 'booking', '4021'],
  ])('that reads %j is about a %s, the %s', (body, kind, externalId) => {
    expect(about(body)).toEqual({ kind, externalId });
  });

  it.each([
    { event: 'new_client' },
    { event: 'new_client', client_id: '../1' },
    { event: 'new_booking', client_id: 57 },
    { event: 'something_new', id: 5 },
    { hello: 'there' },
    {},
  ])('that reads %j says only that something has changed', (body) => {
    expect(about(body)).toBe('something');
  });

  it.each([
    { booking_id: '4021', notification_type: 'notify' },
    { event: 'new_invoice', id: 3 },
    { event: 'new_offer', id: 3 },
  ])('that reads %j is about nothing of ours', (body) => {
    expect(about(body)).toBeNull();
  });

  it('tells its company, if it does', () => {
    expect(readDelivery({ company: 'acmestudio' }).company).toBe('acmestudio');
    expect(readDelivery({ company: 5 }).company).toBeNull();
  });

  it('never breaks anything, and never names an id that could not be one', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        const read = about(body);
        return typeof read !== 'object' || read === null || /^[A-Za-z0-9][\w-]{0,63}$/.test(read.externalId);
      }),
    );
  });
});
