import pg from 'pg';

/** How a database is found by somebody who only looks. */
export type DatabaseLook =
  | { reached: false; code: string | null }
  | { reached: true; version: string; takesChanges: boolean; isOurs: boolean };

/** Looks at a database without changing anything. `isOurs`: it has the tables of crm-sync. Never throws. */
export const lookAtDatabase = async (databaseUrl: string): Promise<DatabaseLook> => {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; takesChanges: boolean; isOurs: boolean }>(
      `select current_setting('server_version') as version, to_regclass('events') is not null as "isOurs",
              current_setting('transaction_read_only') = 'off' as "takesChanges"`,
    );
    return { reached: true, ...rows[0]! };
  } catch (error) {
    return { reached: false, code: error instanceof Error && 'code' in error ? String(error.code) : null };
  } finally {
    await client.end().catch(() => undefined);
  }
};
