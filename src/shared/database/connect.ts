import pg from 'pg';

/** A connection beside the pool, for the start. `options`: start-up parameters. */
export const connect = async (databaseUrl: string, options?: string): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 10_000,
    ...(options !== undefined && { options }),
  });
  // Whoever asks next is told that it is lost; without a listener that would end the program.
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
