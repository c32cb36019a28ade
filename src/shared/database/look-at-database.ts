import pg from 'pg';

/** How a database is found by somebody who only looks. */
export type DatabaseLook =
  | { reached: false; code: string | null }
  | {
      reached: true;
      version: string;
      takesChanges: boolean;
      isOurs: boolean;
      /** What only the keys it was made with can open, at `SEAL_PLACE`; null where there is none that this login may read. */
      seal: Buffer | null;
      openTransactions: OpenTransaction[];
    };

export const SEAL_PLACE = 'installation';

/** A session that has kept a transaction open for so many minutes. */
export type OpenTransaction = { pid: number; application: string; since: string };

/**
 * Looks at a database without changing anything. `isOurs`: it has the tables of crm-sync. Transactions of strangers are seen
 * only by a login that may see them. Never throws.
 */
export const lookAtDatabase = async (databaseUrl: string, minutes = 5): Promise<DatabaseLook> => {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; takesChanges: boolean; isOurs: boolean }>(
      `select current_setting('server_version') as version, to_regclass('events') is not null as "isOurs",
              current_setting('transaction_read_only') = 'off' as "takesChanges"`,
    );
    const { rows: openTransactions } = await client.query<OpenTransaction>(
      `select pid, application_name as application, to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') as since
         from pg_stat_activity where datname = current_database() and xact_start < now() - make_interval(mins => $1)
          and backend_type = 'client backend' order by xact_start`,
      [minutes],
    );
    const seal = await client.query<{ seal: Buffer }>('select seal from installation').then(
      (found) => found.rows[0]?.seal ?? null,
      () => null,
    );
    return { reached: true, ...rows[0]!, seal, openTransactions };
  } catch (error) {
    return { reached: false, code: error instanceof Error && 'code' in error ? String(error.code) : null };
  } finally {
    await client.end().catch(() => undefined);
  }
};
