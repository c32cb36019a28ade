import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { KeysetPageDto } from '../../../shared/http/keyset-page.dto.ts';
import type { SyncRun } from '../contract.ts';

/** What became of the clients and bookings of this run. */
export class SyncStatsDto {
  leads_created!: number;
  leads_updated!: number;
  bookings_found!: number;
  errors_count!: number;
  clients_fetched!: number;
  leads_unchanged!: number;
  leads_linked!: number;
  clients_quarantined!: number;
  clients_erased!: number;
  /** Known clients that this listing is the first not to show. */
  clients_missing!: number;
  /** Known clients that the CRM has no more: a second listing did not show them, and it said so of each. */
  clients_gone!: number;
  /** Clients that were missing or gone, and are shown again. */
  clients_returned!: number;
  bookings_created!: number;
  bookings_updated!: number;
  bookings_unchanged!: number;
  bookings_quarantined!: number;
}

export class SyncErrorDto {
  externalId!: string;
  code!: string;
  message!: string;
}

/** What a person should know although the run came to its end, for example that the user may not see bookings. */
export class SyncWarningDto {
  code!: string;
  detail!: string;
}

/** The end of a sync: what it did, and the first ten records it could not take. */
export class SyncAnswerDto {
  success!: true;
  message!: string;
  lastSynced!: string;
  runId!: string;
  status!: SyncRun['status'];
  stats!: SyncStatsDto;
  errors!: SyncErrorDto[];
  warnings!: SyncWarningDto[];
  heldDeletions!: HeldDeletionsDto | null;
}

/** How many bookings a run met; `fetched` is the sum of the others. */
export class BookingCountsDto {
  fetched!: number;
  created!: number;
  updated!: number;
  unchanged!: number;
  quarantined!: number;
}

/** How many clients a run met; `fetched` is the sum of the others. And how many bookings. */
export class SyncCountsDto {
  fetched!: number;
  created!: number;
  updated!: number;
  linked!: number;
  unchanged!: number;
  quarantined!: number;
  erased!: number;
  bookings!: BookingCountsDto;
}

/** Known clients that a listing did not show, and those that it shows again. */
export class AbsencesDto {
  /** This listing is the first not to show them. */
  missing!: number;
  /** A second listing did not show them, and the CRM said of each that it has it no more. */
  gone!: number;
  /** They were missing or gone. */
  returned!: number;
}

/** So many clients are not in the list any more that none of them is marked as missing or gone until a person approves it. */
export class HeldDeletionsDto {
  count!: number;
  reason!: string;
  approved!: boolean;
  approvedAt!: string | null;
  /** Who: `key:<id>`. */
  approvedBy!: string | null;
}

export class RunErrorDto {
  code!: string;
  detail!: string;
  /** Where a failed run failed; null for any other. */
  phase!: 'clients' | 'bookings' | null;
}

export class RunProgressDto {
  phase!: string;
  done!: number;
  /** How many there are, as far as the CRM says. */
  total!: number | null;
}

/** One execution of a sync. */
export class RunDto implements SyncRun {
  id!: string;
  connectionId!: string;
  trigger!: 'api' | 'schedule' | 'webhook' | 'cli';
  status!:
    | 'running'
    | 'succeeded'
    | 'succeeded-with-errors'
    | 'suspicious'
    | 'failed'
    | 'cancelled'
    | 'interrupted';
  counts!: SyncCountsDto;
  startedAt!: string;
  finishedAt!: string | null;
  error!: RunErrorDto | null;
  warnings!: SyncWarningDto[];
  absences!: AbsencesDto;
  /** Null when nothing is held. POST /api/runs/{id}/approve-deletions lets them go. */
  heldDeletions!: HeldDeletionsDto | null;
  progress!: RunProgressDto;
}

const STATUSES = [
  'running',
  'succeeded',
  'succeeded-with-errors',
  'suspicious',
  'failed',
  'cancelled',
  'interrupted',
] as const;

export class RunsQueryDto extends KeysetPageDto {
  @IsOptional()
  @IsUUID()
  connectionId?: string;

  @IsOptional()
  @IsIn(STATUSES)
  status?: SyncRun['status'];
}
