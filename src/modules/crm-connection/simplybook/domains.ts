/** Where companies live, each on exactly one. An address is only ever built from one of these. */
export const SIMPLYBOOK_DOMAINS: readonly string[] = [
  'simplybook.me',
  'simplybook.it',
  'simplybook.asia',
  'simplybook.vip',
  'simplybook.cc',
  'simplybook.us',
  'simplybook.pro',
  'simplybook.net',
  'simplybook.plus',
  'simplybooking.io',
  'bookingsystem.nu',
  'enterpriseappointments.com',
  'simplybook.webnode.page',
  'servicebookings.net',
  'booking.names.uk',
  'booking.lcn.uk',
  'booking.register365.ie',
];

const KNOWN = new Set(SIMPLYBOOK_DOMAINS);

/** The domain as we write it, or null for anything that is not exactly one of SimplyBook.me's. */
export const knownDomain = (given: string | null): string | null => {
  const domain = given?.toLowerCase() ?? '';
  return KNOWN.has(domain) ? domain : null;
};

/** What may be a company login: the first label of `https://<company>.simplybook.me`. Also safe in a header. */
export const companyLogin = (given: string): string | null => {
  const company = given.trim().toLowerCase();
  return /^[a-z0-9][a-z0-9_-]{0,99}$/.test(company) ? company : null;
};
