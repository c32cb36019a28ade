import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { OptionalInstant } from '../../shared/http/instant.ts';
import { KeysetPageDto } from '../../shared/http/keyset-page.dto.ts';
import type { BookingRow } from './booking-list.read-model.ts';

const STATUSES = ['confirmed', 'confirmed_pending', 'pending', 'canceled'] as const;
type Status = (typeof STATUSES)[number];

/** Which bookings. */
export class BookingsQueryDto extends KeysetPageDto {
  /** Only those that start then or later, for example `2026-11-22T15:30:00Z`. */
  @OptionalInstant()
  from?: string;

  /** Only those that start before. */
  @OptionalInstant()
  to?: string;

  @IsOptional()
  @IsIn(STATUSES)
  status?: Status;

  @IsOptional()
  @IsUUID()
  leadId?: string;

  @IsOptional()
  @IsUUID()
  connectionId?: string;
}

/** An appointment in a CRM. */
export class BookingDto implements BookingRow {
  id!: string;
  connectionId!: string;
  externalId!: string;
  /** The code that the CRM shows people. */
  code!: string | null;
  /** The CRM's id of the client; null when it names none. */
  clientId!: string | null;
  /** Null until the client is a lead. */
  leadId!: string | null;
  /** What the lead is called now. */
  leadName!: string | null;
  status!: 'confirmed' | 'confirmed_pending' | 'pending' | 'canceled';
  startAt!: string | null;
  endAt!: string | null;
  /** As the CRM wrote it: local to the company. */
  startLocal!: string | null;
  endLocal!: string | null;
  /** The zone that the local times were read in. */
  timezone!: string | null;
  service!: string | null;
  serviceId!: string | null;
  provider!: string | null;
  providerId!: string | null;
  /** When the CRM says it was made. */
  recordedAt!: string | null;
  recordedLocal!: string | null;
  createdAt!: string;
  updatedAt!: string;
  version!: number;
}
