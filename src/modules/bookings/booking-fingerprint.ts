import { hash } from 'node:crypto';
import type { BookingStatus } from '../crm-connection/contract.ts';
import type { BookingLinks, BookingValues } from './contract.ts';

/** Equal for two versions of a booking exactly when everything we take is equal. 32 bytes, base64. */
export const bookingFingerprint = (
  { clientId, leadId, status }: BookingLinks & { status: BookingStatus },
  values: BookingValues,
): string => {
  const { startAt, endAt, startLocal, endLocal, timezone, code, recordedAt, recordedLocal } = values;
  const { serviceId, service, providerId, provider } = values;
  const times = [startAt, endAt, startLocal, endLocal, timezone, recordedAt, recordedLocal];
  const all = [clientId, leadId, status, code, ...times, serviceId, service, providerId, provider];
  return hash('sha256', JSON.stringify(all), 'base64');
};
