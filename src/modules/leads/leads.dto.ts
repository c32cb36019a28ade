import { IntersectionType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, IsUUID, Length } from 'class-validator';
import { KeysetPageDto } from '../../shared/http/keyset-page.dto.ts';
import type { UpcomingBooking } from '../bookings/contract.ts';
import type { LeadSort } from './lead-list.read-model.ts';

export const LEAD_SORTS = ['-createdAt', 'createdAt', '-updatedAt', 'name'] as const;
const STATUSES = ['active', 'gone', 'erased'] as const;

/** Which leads, in which order. */
export class LeadsFilterDto {
  /** A part of the name, the e-mail address or the phone number; upper and lower case are the same. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  search?: string;

  /** `SimplyBook.me`, or the id of a connection. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  source?: string;

  @IsOptional()
  @IsIn(STATUSES)
  status?: 'active' | 'gone' | 'erased';

  @IsIn(LEAD_SORTS)
  sort: LeadSort = '-createdAt';
}

/** A page of them. */
export class LeadsQueryDto extends IntersectionType(LeadsFilterDto, KeysetPageDto) {}

/** The other one of two leads. */
export class OtherLeadDto {
  /** Its id. */
  @IsString()
  @IsUUID()
  leadId!: string;
}

/** Blank parts are null. */
export class AddressDto {
  line1!: string | null;
  line2!: string | null;
  city!: string | null;
  zip!: string | null;
  /** ISO 3166-1 alpha-2. */
  country!: string | null;
  /** As the CRM calls it. */
  state!: string | null;
}

/** What a company asks of its clients beside the usual. */
export class CustomFieldDto {
  id!: string;
  /** What people call it, for example `Birthday`. */
  title!: string;
  value!: string;
}

/** A client of a CRM that a lead comes from, and what it says. */
export class LeadSourceDto {
  connectionId!: string;
  externalId!: string;
  /** The primary source gives the lead its values; the others fill its blanks. */
  primary!: boolean;
  /** `gone`: the CRM has this client no more. It stands behind those that are there. */
  status!: 'active' | 'gone';
  /** When it was found to be gone; null while the CRM has it. */
  goneAt!: string | null;
  name!: string | null;
  email!: string | null;
  /** As the CRM has it. */
  phone!: string | null;
  /** As it would be dialled from anywhere; null when it cannot be read as a number. */
  phoneE164!: string | null;
  phoneExtension!: string | null;
  address!: AddressDto | null;
  /** Custom fields, where the connection fetches them (`clientFields`). */
  fields!: CustomFieldDto[];
}

/** A person in our books. */
export class LeadDto {
  id!: string;
  name!: string | null;
  email!: string | null;
  phone!: string | null;
  phoneE164!: string | null;
  phoneExtension!: string | null;
  address!: AddressDto | null;
  source!: 'SimplyBook.me';
  /** `gone`: the CRM has none of its clients any more. */
  status!: 'active' | 'gone' | 'erased';
  /** When and from where the lead was last synced, in words. */
  notes!: string;
  sources!: LeadSourceDto[];
  /** Leads that were merged into this one. */
  mergedLeads!: string[];
  createdAt!: string;
  updatedAt!: string;
  lastSyncedAt!: string;
  version!: number;
}

export class UpcomingBookingDto implements UpcomingBooking {
  id!: string;
  status!: 'confirmed' | 'confirmed_pending' | 'pending' | 'canceled';
  startAt!: string;
  endAt!: string;
  service!: string | null;
  provider!: string | null;
}

/** What a lead has booked. */
export class LeadBookingsDto {
  /** How many bookings are known, past and canceled ones too. */
  total!: number;
  /** The next ten that are not canceled. */
  upcoming!: UpcomingBookingDto[];
}

/** A person in our books, with what they have booked. */
export class LeadDetailDto extends LeadDto {
  /** Null with `asOf`. */
  bookings!: LeadBookingsDto | null;
}
