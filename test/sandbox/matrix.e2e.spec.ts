import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCompanies, type Companies } from '../../sandbox/companies.ts';
import { inWords, THEMES, type Theme } from '../../sandbox/matrix/profile.ts';
import { PROFILES } from '../../sandbox/matrix/profiles.ts';
import { runAll, type Report } from '../../sandbox/matrix/run-profile.ts';
import { PACE } from '../../sandbox/matrix/stage.ts';
import { startService, type Service } from '../service.ts';
import { freshDatabase } from '../shared/database.ts';

const AT_A_TIME = 16;

let reports: Map<string, Promise<Report>>;
let companies: Companies;
let services: Service[];
/** One each: a run is worked on by any instance of a database, and only one of them paces itself. */
let databases: Awaited<ReturnType<typeof freshDatabase>>[];

beforeAll(async () => {
  databases = [await freshDatabase(), await freshDatabase()];
  companies = await startCompanies();
  const { url: restUrl, rpcUrl } = companies;
  const start = ({ url: databaseUrl }: { url: string }, environment: Record<string, string>) =>
    startService({
      databaseUrl,
      restUrl,
      rpcUrl,
      secrets: ['-of-the-owner'],
      environment: { LOG_LEVEL: 'error', ...environment },
    });
  services = [
    await start(databases[0]!, {}),
    await start(databases[1]!, { SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: String(PACE) }),
  ];
  const [service, pacedService] = services.map(({ api }) => api) as [Service['api'], Service['api']];
  reports = runAll(PROFILES, { companies, service, pacedService }, AT_A_TIME);
  for (const report of reports.values()) report.catch(() => undefined);
});

afterAll(async () => {
  await Promise.allSettled(reports.values());
  for (const service of services) await service.stop();
  await companies.close();
  for (const database of databases) await database.drop();
});

describe.each(Object.keys(THEMES) as Theme[])('%s: a CRM', (theme) => {
  const own = PROFILES.filter((profile) => profile.theme === theme).map(
    ({ name, says, expected }) => [says, name, inWords(expected)] as const,
  );

  it.each(own)('%s (%s) is %s', async (_, name) => {
    expect((await reports.get(name)!).wrong).toEqual([]);
  });
});
