/** Where the company of the sandbox is: its times are local to this zone, and nothing in them says so. */
export const COMPANY_ZONE = 'Europe/Berlin';

export const DAY = 86_400_000;

const IN_THE_COMPANY = new Intl.DateTimeFormat('sv-SE', {
  timeZone: COMPANY_ZONE,
  dateStyle: 'short',
  timeStyle: 'medium',
});

/** `2026-12-01 10:00:00`: an instant (UTC milliseconds) as the clock on the company's wall shows it. */
export const companyTime = (instant: number): string => IN_THE_COMPANY.format(instant);

/** The same clock moved by so many milliseconds, as if the day had never more or less than 24 hours. */
export const moved = (local: string, by: number): string =>
  new Date(Date.parse(`${local.replace(' ', 'T')}Z`) + by).toISOString().slice(0, 19).replace('T', ' ');

/** The last Sunday of a month in the next year, when clocks in Europe change: `2027-03-28`. */
export const lastSunday = (now: string, month: 3 | 10): string => {
  const last = new Date(Date.UTC(Number(now.slice(0, 4)) + 1, month, 0));
  return new Date(last.getTime() - last.getUTCDay() * DAY).toISOString().slice(0, 10);
};
