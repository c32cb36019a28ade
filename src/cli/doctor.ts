import { Command } from 'commander';
import { ConfigError, readConfig } from '../shared/config.ts';
import type { Config } from '../shared/config.ts';
import { DATABASE_REASONS } from '../shared/database/database-reasons.ts';
import { lookAtDatabase, SEAL_PLACE } from '../shared/database/look-at-database.ts';
import { Keyring, SealBroken } from '../shared/secrets.ts';
import { findAccess } from './access.ts';
import { Api } from './api.ts';
import { print } from './context.ts';
import { dataDirectory } from './doctor-directory.ts';
import type { GlobalOptions } from './context.ts';
import { FAILED, Failure, FINE, WITH_ERRORS } from './failure.ts';
import { broken, fine, look } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Connection } from './naming.ts';
import { jsonOf, number, shown, wrapped } from './output.ts';

type Summary = {
  connections: Connection[];
  runs: { last: { connectionId: string; status: string; error: { detail: string } | null }[] };
  quarantine: { total: number };
};

const SIGNS = { fine: '✔', look: '!', broken: '✖' } as const;
const OLDEST_SERVER = 15;

const node = (): Finding => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 17)
    ? fine('Node', process.version)
    : broken('Node', process.version, 'Start through npm (npm start, npx crm-sync), which brings Node 24.');
};

const settings = (): { finding: Finding; config: Config | null } => {
  try {
    const config = readConfig(process.env);
    const database = config.databaseUrl === null ? 'its own PostgreSQL' : 'the PostgreSQL of DATABASE_URL';
    return { finding: fine('Settings', `good; ${database}`), config };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { finding: broken('Settings', error.message, 'README, "Settings", has them all.'), config: null };
  }
};

/** The keys that the service would start with. */
const opens = (seal: Buffer | null, keys: Config['encryptionKeys']): boolean => {
  if (seal === null || keys === null) return true;
  try {
    new Keyring(keys).open(seal, SEAL_PLACE);
    return true;
  } catch (error) {
    if (error instanceof SealBroken) return false;
    throw error;
  }
};

const database = async ({ databaseUrl, encryptionKeys }: Config): Promise<Finding[]> => {
  if (databaseUrl === null) return [];
  const what = 'Database';
  const seen = await lookAtDatabase(databaseUrl);
  if (!seen.reached) {
    const code = seen.code === null ? '' : ` (${seen.code})`;
    const reason = DATABASE_REASONS[seen.code ?? ''];
    return [
      broken(
        what,
        reason === undefined
          ? `cannot be reached${code}`
          : `DATABASE_URL points to one that ${reason}${code}`,
        'See whether the server runs and whether DATABASE_URL is right.',
      ),
    ];
  }
  const version = `PostgreSQL ${seen.version}`;
  if (Number.parseInt(seen.version, 10) < OLDEST_SERVER)
    return [broken(what, version, `crm-sync needs PostgreSQL ${OLDEST_SERVER} or newer.`)];
  if (!seen.takesChanges)
    return [broken(what, 'takes no changes (read-only)', 'Point DATABASE_URL to the primary server.')];
  if (!seen.isOurs) return [look(what, `${version}, empty`, 'The service fills it when it starts.')];
  if (!opens(seen.seal, encryptionKeys))
    return [
      broken(
        what,
        'CRM_SYNC_ENCRYPTION_KEYS does not hold the key it was made with',
        'Bring back the keys it was made with: without them nothing sealed can be read.',
      ),
    ];
  const [open] = seen.openTransactions;
  if (open === undefined) return [fine(what, version)];
  const who = `${open.application || 'a program without a name'} (process ${open.pid})`;
  return [
    look(
      what,
      `${version}; ${who} has kept a transaction open since ${open.since}`,
      `It may hold locks, and vacuum cannot clean up. End it there, or with select pg_terminate_backend(${open.pid}).`,
    ),
  ];
};

const READY_WITHIN = 10_000; // ms

const service = async (url: string | undefined): Promise<{ findings: Finding[]; api: Api | null }> => {
  const what = 'Service';
  try {
    const access = await findAccess(url, process.env);
    const api = new Api(access);
    await api.get('/health/ready', READY_WITHIN);
    return { findings: [fine(what, `ready at ${access.url}`)], api };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { findings: [broken(what, error.message, error.advice)], api: null };
  }
};

const ENDED_BADLY = new Set(['failed', 'interrupted', 'suspicious']);

const companies = async (api: Api): Promise<Finding[]> => {
  const { connections, runs, quarantine } = await api.get<Summary>('/api/summary');
  const findings = connections.map(({ id, company, status, attention, lastSyncedAt }) => {
    const what = `Company ${shown(company)}`;
    const last = runs.last.find(({ connectionId }) => connectionId === id);
    if (status === 'needs-attention')
      return broken(
        what,
        shown(attention?.detail),
        `crm-sync connections test ${shown(company)} says which way in works.`,
      );
    if (last !== undefined && ENDED_BADLY.has(last.status))
      return look(
        what,
        `its last run is ${last.status}: ${shown(last.error?.detail)}`,
        `crm-sync sync ${shown(company)} tries again.`,
      );
    if (lastSyncedAt === null)
      return look(what, 'was never synced', `crm-sync sync ${shown(company)} does it.`);
    return fine(what, `synced ${new Date(lastSyncedAt).toLocaleString('sv-SE')}`);
  });
  if (connections.length === 0)
    findings.push(look('Companies', 'none is connected', 'crm-sync connect does it.'));
  if (quarantine.total > 0)
    findings.push(
      look('Quarantine', `${number(quarantine.total)} records wait`, 'crm-sync quarantine shows them.'),
    );
  return findings;
};

const examine = async (url: string | undefined): Promise<Finding[]> => {
  const { finding, config } = settings();
  const own = config === null ? [] : [...(await dataDirectory(config)), ...(await database(config))];
  const { findings, api } = await service(url);
  const rest = api === null ? [] : await companies(api).catch((error: unknown) => [refused(error)]);
  return [node(), finding, ...own, ...findings, ...rest];
};

const refused = (error: unknown): Finding => {
  if (!(error instanceof Failure)) throw error;
  return broken('API key', error.message, error.advice);
};

export const doctorCommand = new Command('doctor')
  .description('looks at this installation and says what is wrong with it and how to mend it')
  .addHelpText(
    'after',
    '\nEnds with 0 when all is fine, with 1 when something should be looked at, with 2 when something is broken.',
  )
  .action(async (_: object, command: Command) => {
    const { url, json } = command.optsWithGlobals<GlobalOptions>();
    const findings = await examine(url);
    if (json === true) print(jsonOf(findings));
    else
      for (const { what, state, said, advice } of findings) {
        print(wrapped(`${SIGNS[state]} ${what}: ${said}`, 2));
        if (advice !== null) print(wrapped(`  ${advice}`, 2));
      }
    const states = new Set(findings.map(({ state }) => state));
    process.exitCode = states.has('broken') ? FAILED : states.has('look') ? WITH_ERRORS : FINE;
  });
