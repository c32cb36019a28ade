const isLeap = (year: number): boolean => new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;

/** The next so many 29ths of February: of a schedule that is for that day alone no time comes while a test runs. */
export const leapDays = (count: number): string[] => {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const first = new Date().getUTCFullYear();
  return Array.from({ length: 8 * (count + 1) }, (_, after) => first + after)
    .filter(isLeap)
    .map((year) => `${year}-02-29`)
    .filter((day) => day > tomorrow)
    .slice(0, count);
};
