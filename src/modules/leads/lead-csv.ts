import { stringify } from 'csv-stringify/sync';
import type { LeadRow } from './lead-list.read-model.ts';

/** The columns of the file, and what stands in them. */
const COLUMNS: Record<string, (lead: LeadRow) => string | null | undefined> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  email: ({ email }) => email,
  phone: ({ phone }) => phone,
  phoneE164: ({ details }) => details?.phoneE164,
  addressLine1: ({ details }) => details?.address?.line1,
  addressLine2: ({ details }) => details?.address?.line2,
  zip: ({ details }) => details?.address?.zip,
  city: ({ details }) => details?.address?.city,
  state: ({ details }) => details?.address?.state,
  country: ({ details }) => details?.address?.country,
  status: ({ status }) => status,
  sources: ({ sources }) =>
    sources.map(({ connectionId, externalId }) => `${connectionId}:${externalId}`).join(' '),
  createdAt: ({ createdAt }) => createdAt,
  updatedAt: ({ updatedAt }) => updatedAt,
  lastSyncedAt: ({ lastSyncedAt }) => lastSyncedAt,
};

/** Leads as lines of a CSV file (RFC 4180), safe for spreadsheets: what looks like a formula is a text. */
export const csvOf = (leads: readonly LeadRow[], header: boolean): string =>
  stringify(
    leads.map((lead) => Object.values(COLUMNS).map((cell) => cell(lead) ?? '')),
    {
      header,
      columns: Object.keys(COLUMNS),
      escape_formulas: true,
      record_delimiter: '\r\n',
    },
  );
