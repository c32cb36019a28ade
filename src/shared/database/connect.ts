import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const LONGEST_CONNECT = 10_000; // ms
/** A server that runs answers the short questions of a start in much less, also when it is busy. */
const LONGEST_SILENCE = 30_000; // ms
const LONGEST_FAREWELL = 1_000; // ms

export type ConnectOptions = {
  /** Start-up parameters. */
  parameters?: string;
  /** How long (ms) a question may stay without an answer. */
  patience?: number;
};

/** A connection beside the pool. A server that takes a question and never answers is given up. */
const connect = async (
  databaseUrl: string,
  { parameters, patience = LONGEST_SILENCE }: ConnectOptions = {},
): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'crm-sync',
    connectionTimeoutMillis: Math.min(LONGEST_CONNECT, patience),
    query_timeout: patience,
    ...(parameters !== undefined && { options: parameters }),
  });
  // Whoever asks next is told that it is lost; without a listener that would end the program.
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

/** Work on such a connection, for the start. */
export const connected = async <T>(
  databaseUrl: string,
  work: (client: pg.Client) => Promise<T>,
  options: ConnectOptions = {},
): Promise<T> => {
  const client = await connect(databaseUrl, options);
  try {
    return await work(client);
  } finally {
    // Who is silent says no farewell either.
    await Promise.race([client.end(), sleep(LONGEST_FAREWELL, undefined, { ref: false })]);
  }
};
