import { IsTimeZone } from 'class-validator';

/** For whom. */
export class SummaryQueryDto {
  /** The zone (IANA) whose days are counted. */
  @IsTimeZone({ message: 'must be a time zone like Europe/Berlin' })
  timezone: string = 'UTC';
}

export class LeadsByStatusDto {
  active!: number;
  gone!: number;
  erased!: number;
}

export class NewLeadsDto {
  /** Like `2026-11-22`. */
  day!: string;
  count!: number;
}

export class LeadTotalsDto {
  total!: number;
  byStatus!: LeadsByStatusDto;
  /** The last thirty days, the oldest first. */
  newPerDay!: NewLeadsDto[];
}

export class NextBookingDto {
  id!: string;
  leadId!: string | null;
  /** What the lead is called now. */
  leadName!: string | null;
  status!: 'confirmed' | 'confirmed_pending' | 'pending' | 'canceled';
  startAt!: string;
  endAt!: string;
  service!: string | null;
  provider!: string | null;
}

export class BookingTotalsDto {
  total!: number;
  /** To come and not canceled. */
  upcoming!: number;
  /** The next ten of these. */
  next!: NextBookingDto[];
}

export class AttentionDto {
  code!: string;
  detail!: string;
}

/** A connection as far as a summary needs it; `GET /api/connections` says more. */
export class ConnectionStateDto {
  id!: string;
  name!: string;
  company!: string;
  status!: 'connected' | 'needs-attention' | 'disconnected';
  attention!: AttentionDto | null;
  lastSyncedAt!: string | null;
  nextSyncAt!: string | null;
}

export class RunStateDto {
  id!: string;
  connectionId!: string;
  trigger!: string;
  status!: string;
  counts!: object;
  startedAt!: string;
  finishedAt!: string | null;
  error!: object | null;
}

export class RunsStateDto {
  /** The last run of each connection, the newest first; `GET /api/runs` has all. */
  last!: RunStateDto[];
}

export class WaitingForDto {
  code!: string;
  count!: number;
}

export class QuarantineTotalsDto {
  total!: number;
  byCode!: WaitingForDto[];
}

/** How things stand. */
export class SummaryDto {
  leads!: LeadTotalsDto;
  bookings!: BookingTotalsDto;
  connections!: ConnectionStateDto[];
  runs!: RunsStateDto;
  quarantine!: QuarantineTotalsDto;
  /** When any company was last synced well; null when none ever was. */
  lastSyncedAt!: string | null;
}
