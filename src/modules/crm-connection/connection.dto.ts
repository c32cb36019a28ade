import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsISO31661Alpha2,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  IsTimeZone,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { AUTHENTICATOR_SECRET } from './authenticator-secret.ts';
import type { Connection } from './contract.ts';
import { ScheduleDto, ScheduleStateDto, WantedScheduleDto } from './schedule/schedule.dto.ts';
import type { Upcoming } from './schedule/upcoming-syncs.ts';

const NO_AUTHENTICATOR_SECRET =
  'must be the base32 secret of an authenticator app: 16 to 128 letters A to Z and digits 2 to 7';
/** Something to read, without control characters. */
export const SAYS_SOMETHING = /^(?=.*\S)[^\p{Cc}\p{Cs}]*$/u;
export const SAYS_NOTHING = { message: 'must not be blank or hold control characters' };
const BLANK = { message: 'must not be blank' };
const COMPANY = /^\s*[A-Za-z0-9][A-Za-z0-9_-]{0,62}\s*$/;

/** Which company to bring clients from, and how to sign in. */
export class ConnectDto {
  /** The CRM. */
  @IsIn(['simplybook'])
  provider!: 'simplybook';

  /** The company's login: the first part of its address, `acmestudio` in `acmestudio.simplybook.me`. */
  @IsString()
  @Matches(COMPANY, { message: 'must be the company login, the first part of its SimplyBook.me address' })
  company!: string;

  /** The user's login, as listed under Manage → Users. */
  @IsString()
  @Length(1, 200)
  @Matches(SAYS_SOMETHING, SAYS_NOTHING)
  login!: string;

  /** The user's password, or better an API User Key (Settings → API User Keys). Never shown again. */
  @IsString()
  @Length(1, 500)
  @Matches(/\S/, BLANK)
  secret!: string;

  /**
   * The secret of the user's authenticator app (base32), where the user has two-factor login and signs in by password. An
   * API User Key needs none. Never shown again.
   */
  @IsOptional()
  @IsString()
  @Matches(AUTHENTICATOR_SECRET, { message: NO_AUTHENTICATOR_SECRET })
  totpSecret?: string | null;

  /** What people call this connection; the company's login if left out. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(SAYS_SOMETHING, SAYS_NOTHING)
  name?: string | null;

  /** The SimplyBook.me domain the company lives on, for example `simplybook.it`; `simplybook.me` if left out. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  domain?: string | null;

  /** The company's IANA time zone, for example `Europe/Berlin`. */
  @IsOptional()
  @IsString()
  @IsTimeZone({ message: 'must be an IANA time zone such as Europe/Berlin' })
  timezone?: string | null;

  /** Where the company is, ISO 3166-1 alpha-2, for example `DE`: how phone numbers without a country are read. */
  @IsOptional()
  @IsString()
  @IsISO31661Alpha2({ message: 'must be a country code such as DE' })
  country?: string | null;

  /** Whether to fetch the custom fields of new and changed clients. A request for each, hence off unless wanted. */
  @IsOptional()
  @IsBoolean()
  clientFields?: boolean | null;

  /** When it syncs by itself; only on demand if left out. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WantedScheduleDto)
  schedule?: WantedScheduleDto | null;

  /** What happens to clients without an e-mail address: they wait in quarantine, or become leads without one. */
  @IsOptional()
  @IsIn(['quarantine', 'import'])
  clientsWithoutEmail?: 'quarantine' | 'import' | null;
}

/** New credentials for the same company. */
export class CredentialsDto {
  /** The user's login; the one in use if left out. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(SAYS_SOMETHING, SAYS_NOTHING)
  login?: string | null;

  /** The user's password or an API User Key. Never shown again. */
  @IsString()
  @Length(1, 500)
  @Matches(/\S/, BLANK)
  secret!: string;

  /** The secret of the user's authenticator app (base32); the one in use if left out, none if null. Never shown again. */
  @IsOptional()
  @IsString()
  @Matches(AUTHENTICATOR_SECRET, { message: NO_AUTHENTICATOR_SECRET })
  totpSecret?: string | null;
}

/** What keeps a connection from working. */
export class AttentionDto {
  code!: string;
  /** What happened and what to do. */
  detail!: string;
}

/** One company in one CRM; never its secrets. */
export class ConnectionDto implements Connection, Upcoming {
  id!: string;
  provider!: 'simplybook';
  name!: string;
  company!: string;
  login!: string;
  domain!: string;
  timezone!: string | null;
  country!: string | null;
  clientFields!: boolean;
  clientsWithoutEmail!: 'quarantine' | 'import';
  status!: 'connected' | 'needs-attention' | 'disconnected';
  attention!: AttentionDto | null;
  schedule!: ScheduleDto | null;
  /** When it syncs next by itself; null when it has no schedule, or the schedule pauses. */
  nextSyncAt!: string | null;
  /** The next five times. */
  nextSyncs!: string[];
  scheduleState!: ScheduleStateDto | null;
  /** When a run last saw the whole list. */
  lastSyncedAt!: string | null;
  createdAt!: string;
  version!: number;
}

/** One way in that was tried. */
export class CheckDto {
  tried!: string;
  ok!: boolean;
  answered!: string;
  /** What to do about it; null when there is nothing to do. */
  advice!: string | null;
}

export class CheckReportDto {
  /** Whether clients can be synced. */
  ok!: boolean;
  /** By which way they are; null when by none. */
  way!: string | null;
  checks!: CheckDto[];
}
