import type { LeadDetails, LeadValues } from './contract.ts';

/** How a person's values stand in a table: what is searched and sorted by itself, and the rest in one. */
export type Columns = Record<'name' | 'email' | 'phone', string | null> & { details: LeadDetails | null };

export const columns = ({ name, email, phone, ...details }: LeadValues): Columns => ({
  name,
  email,
  phone,
  details: Object.keys(details).length === 0 ? null : details,
});

export const flat = <Row extends Columns>({ details, ...row }: Row): Omit<Row, 'details'> & LeadDetails => ({
  ...row,
  ...details,
});
