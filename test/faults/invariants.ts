import type { Client } from 'pg';
import { FOLD_INVARIANTS } from './fold-invariants.ts';
import { LOG_INVARIANTS, RUN_SPANS } from './log-invariants.ts';
import { STATE_INVARIANTS } from './state-invariants.ts';

export const INVARIANTS = { ...LOG_INVARIANTS, ...FOLD_INVARIANTS, ...STATE_INVARIANTS };
/** Of each invariant that is broken, so many examples. */
const MOST = 5;

/**
 * What of all that must hold of a database at every moment does not: an empty list when all is well. In SQL that shares nothing
 * with the program's. The caller has opened a repeatable read transaction, which is rolled back afterwards.
 */
export const brokenInvariants = async (client: Client): Promise<string[]> => {
  const broken: string[] = [];
  await client.query(RUN_SPANS);
  for (const [name, query] of Object.entries(INVARIANTS)) {
    const { rows } = await client.query<{ what: string }>(`select what from (${query}) broken limit ${MOST}`);
    broken.push(...rows.map(({ what }) => `${name}: ${what}`));
  }
  return broken;
};

/** The same for a database that lives on meanwhile: what is looked at is one moment of it. */
export const brokenNow = async (client: Client): Promise<string[]> => {
  await client.query('begin isolation level repeatable read');
  try {
    return await brokenInvariants(client);
  } finally {
    await client.query('rollback');
  }
};
