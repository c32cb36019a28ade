import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { decision } from '../../shared/event-store/decider.ts';
import type { Decision } from '../../shared/event-store/decider.ts';
import { UpsertLeads } from './contract.ts';
import type { LeadValues } from './contract.ts';
import { found } from './lead-identity.ts';
import { lead, leadStream, upsert } from './lead.decider.ts';
import { diallable } from './phone.ts';

@QueryHandler(UpsertLeads)
export class UpsertLeadsHandler implements IQueryHandler<UpsertLeads> {
  async execute({ upserts, country }: UpsertLeads): Promise<Decision[]> {
    return upserts.map((one) =>
      decision(
        leadStream(one.leadId),
        lead,
        found(one.leadId, one, upsert(one.leadId, one, withNumber(one.values, country), one.home)),
        one.cause,
      ),
    );
  }
}

/** Where nobody has said where the company is, a client's own address may say how its phone is written. */
const withNumber = (values: LeadValues, country: string | null): LeadValues => {
  const number = diallable(values.phone, country ?? values.address?.country ?? null);
  if (number === null) return values;
  const { e164, extension } = number;
  return { ...values, phoneE164: e164, ...(extension !== null && { phoneExtension: extension }) };
};
