import { z } from 'zod';

/** Everything the environment can say, parsed once at start. Docs: README "Settings". */
export type Config = {
  port: number;
  host: string;
  /** Null: the program starts its own PostgreSQL in the data directory. */
  databaseUrl: string | null;
  dataDir: string;
  /** Null: generated once and kept in the data directory. */
  apiKey: string | null;
  /** First one encrypts, all decrypt. Null: generated in the data directory (own PostgreSQL only). */
  encryptionKeys: EncryptionKey[] | null;
  simplybook: { restUrl: string | null; rpcUrl: string | null; maxRequestsPerSecond: number };
  /** More clients than `count`, and more than `percent` of all, do not disappear without a person approving it. */
  deletions: { percent: number; count: number };
  publicUrl: string | null;
  logLevel: string;
};

/** Where Nest finds the configuration: `@Inject(CONFIG) config: Config`. */
export const CONFIG = Symbol('config');

export type EncryptionKey = { id: string; key: Buffer };

/** A setting that makes no sense. The message is one line and names the variable, never its value. */
export class ConfigError extends Error {
  constructor(variable: string, reason: string) {
    super(`${variable} ${reason}`);
    this.name = 'ConfigError';
  }
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const port = z.coerce
  .number('must be a port number')
  .int('must be a whole number')
  .min(0, 'must be 0 to 65535')
  .max(65_535, 'must be 0 to 65535');

const databaseUrl = z
  .string()
  .refine(
    (value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value),
    'must be a postgres:// address',
  );

/** http is for the sandbox and tests only, hence loopback only. */
const crmUrl = z.string().refine((value) => {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}, 'must be an https:// address (http:// only on loopback)');

const publicUrl = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'must be an http(s):// address',
  )
  // Paths are put behind it.
  .transform((value) => value.trim().replace(/\/+$/, ''));

/** `id:base64(32 bytes)`, comma separated, each id once; null when it is anything else. */
export const readEncryptionKeys = (text: string): EncryptionKey[] | null => {
  const keys = text.split(',').map((entry) => {
    const [, id, base64] = /^\s*([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)\s*$/.exec(entry) ?? [];
    return id === undefined || base64 === undefined ? null : { id, key: Buffer.from(base64, 'base64') };
  });
  const good = keys.filter((key) => key !== null);
  const isUsable = good.length === keys.length && new Set(good.map((key) => key.id)).size === keys.length;
  return isUsable ? good : null;
};

const encryptionKeys = z.string().transform((value, context): EncryptionKey[] => {
  const keys = readEncryptionKeys(value);
  if (keys !== null) return keys;
  context.addIssue({ code: 'custom', message: 'must be id:base64(32 bytes), comma separated, each id once' });
  return z.NEVER;
});

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

const environment = z.object({
  PORT: port.default(3000),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an address')
    .default('127.0.0.1'),
  DATABASE_URL: databaseUrl.optional(),
  CRM_SYNC_DATA_DIR: z.string().default('.data'),
  CRM_SYNC_API_KEY: z
    .string()
    .min(24, 'must have at least 24 characters')
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')
    .optional(),
  CRM_SYNC_ENCRYPTION_KEYS: encryptionKeys.optional(),
  SIMPLYBOOK_REST_URL: crmUrl.optional(),
  SIMPLYBOOK_RPC_URL: crmUrl.optional(),
  SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: z.coerce
    .number('must be a number')
    .min(0, 'must be 0 to 1000')
    .max(1000, 'must be 0 to 1000')
    .default(3),
  CRM_SYNC_DELETIONS_PERCENT: z.coerce
    .number('must be a number')
    .min(0, 'must be 0 to 100')
    .max(100, 'must be 0 to 100')
    .default(5),
  CRM_SYNC_DELETIONS_COUNT: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(0, 'must be 0 to 1000000')
    .max(1_000_000, 'must be 0 to 1000000')
    .default(20),
  CRM_SYNC_PUBLIC_URL: publicUrl.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

/** @throws ConfigError for the first setting that is wrong. A blank variable counts as absent. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(String(issue?.path[0]), issue?.message ?? 'is wrong');
  }
  const value = parsed.data;
  if (value.DATABASE_URL !== undefined && value.CRM_SYNC_ENCRYPTION_KEYS === undefined) {
    throw new ConfigError(
      'CRM_SYNC_ENCRYPTION_KEYS',
      'is required with DATABASE_URL: set it to id:base64(32 bytes), for example "a:$(openssl rand -base64 32)"',
    );
  }
  return {
    port: value.PORT,
    host: value.HOST,
    databaseUrl: value.DATABASE_URL ?? null,
    dataDir: value.CRM_SYNC_DATA_DIR,
    apiKey: value.CRM_SYNC_API_KEY ?? null,
    encryptionKeys: value.CRM_SYNC_ENCRYPTION_KEYS ?? null,
    simplybook: {
      restUrl: value.SIMPLYBOOK_REST_URL ?? null,
      rpcUrl: value.SIMPLYBOOK_RPC_URL ?? null,
      maxRequestsPerSecond: value.SIMPLYBOOK_MAX_REQUESTS_PER_SECOND,
    },
    deletions: { percent: value.CRM_SYNC_DELETIONS_PERCENT, count: value.CRM_SYNC_DELETIONS_COUNT },
    publicUrl: value.CRM_SYNC_PUBLIC_URL ?? null,
    logLevel: value.LOG_LEVEL,
  };
};
