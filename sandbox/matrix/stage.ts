import { makeDirectory, removeDirectory } from '../../demo/throw-away.ts';
import { startService, type Service } from '../../demo/service.ts';
import { startCompanies } from '../companies.ts';
import type { Answer, Ask } from './books.ts';
import type { Stage } from './run-profile.ts';

/** What is to be undone at the end, the last one first. */
export type Closers = (() => Promise<void>)[];

/** Requests a second of the instance that paces itself. */
export const PACE = 4;

const askOf =
  ({ url, key }: Service): Ask =>
  async <Body>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };

/**
 * The CRM and two services, all thrown away at the end; one of them paces its requests. Each has a database of its own: a run
 * is worked on by any instance that is free.
 */
export const setStage = async (closers: Closers, ending: AbortController): Promise<Stage> => {
  const companies = await startCompanies();
  closers.push(companies.close);
  const start = async (pace: number): Promise<Ask> => {
    const dataDir = await makeDirectory();
    closers.push(() => removeDirectory(dataDir));
    return askOf(
      await startService({
        dataDir,
        sandboxUrl: companies.url,
        closers,
        onDeath: (failure) => ending.abort(failure),
        signal: ending.signal,
        ports: [0],
        environment: { SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: String(pace), LOG_LEVEL: 'error' },
      }),
    );
  };
  const service = await start(0);
  return { companies, service, pacedService: await start(PACE) };
};
