import { Refused, fieldErrors } from '../api.ts';

/** Which field a refusal of the CRM is about; any other stands above the form. */
const FIELD_OF: Record<string, string> = {
  'crm-already-connected': 'company',
  'crm-company-unknown': 'company',
  'crm-domain-unknown': 'domain',
  'crm-wrong-region': 'domain',
  'crm-user-blocked': 'login',
  'crm-credentials-refused': 'secret',
  'crm-two-factor-required': 'totpSecret',
  'crm-two-factor-refused': 'totpSecret',
};

/** By field of a form with credentials, the service's own sentence about it. */
export const credentialProblems = (error: unknown): Record<string, string> => {
  const named = fieldErrors(error);
  if (Object.keys(named).length > 0 || !(error instanceof Refused)) return named;
  const field = FIELD_OF[error.code];
  return field === undefined ? {} : { [field]: error.message };
};
