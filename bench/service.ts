import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { peakMegabytes, startProgram } from './programs.ts';
import { proofOf } from './proof.ts';
import { timed } from './sides.ts';
import type { Job, Outcome } from './sides.ts';

type Answer = { id?: string; success?: boolean; detail?: string; stats?: { clients_fetched: number } };

/** Node's flags that `npm start` gives the service. */
const START_FLAGS = (/exec node (.*)dist\/main\.js/.exec(manifest.scripts.start)?.[1] ?? '')
  .split(' ')
  .filter(Boolean);

const API_KEY = randomBytes(24).toString('hex');

/** The whole program, as somebody runs it, asked over HTTP like anybody asks it. */
export const runService = async (script: string, { crm, database }: Job): Promise<Outcome> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'crm-sync-bench-'));
  const service = await startProgram(
    {
      script,
      flags: START_FLAGS,
      env: {
        PORT: '0',
        LOG_LEVEL: 'warn',
        DATABASE_URL: database,
        CRM_SYNC_DATA_DIR: dataDir,
        CRM_SYNC_API_KEY: API_KEY,
        CRM_SYNC_ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
        SIMPLYBOOK_REST_URL: crm.url,
        SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: '0',
      },
    },
    /crm-sync is ready: (\S+)/,
  );
  try {
    const { company, login, password: secret } = crm;
    const connection = await post(`${service.url}/api/connections`, {
      provider: 'simplybook',
      company,
      login,
      secret,
    });
    const sync = async (): Promise<number> => {
      const answer = await post(`${service.url}/api/connections/${connection.id}/sync`, {});
      return answer.stats!.clients_fetched;
    };
    const first = await timed(sync);
    const again = await timed(sync);
    const peak = await peakMegabytes(service.pid);
    return { first, again, proof: await proofOf(database, true), peakMegabytes: peak };
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
};

const post = async (url: string, body: object): Promise<Answer> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${API_KEY}`,
      prefer: 'wait=600',
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Answer;
  if (!response.ok || response.status === 202)
    throw new Error(`The service answered ${response.status}: ${answer.detail}`);
  return answer;
};
