/** Driver and server codes a wrong address or account leads to: what the database that is pointed to does. */
export const DATABASE_REASONS: Record<string, string> = {
  ECONNREFUSED: 'nobody listens at',
  ENOTFOUND: 'has a host name nobody knows',
  EAI_AGAIN: 'has a host name nobody knows at the moment',
  ETIMEDOUT: 'does not answer: see whether the server is well, and what stands between',
  ECONNRESET: 'hung up',
  '28P01': 'does not accept this password',
  '28000': 'does not accept this login',
  '3D000': 'does not exist on the server',
  '42501': 'does not let this login make tables',
  '53100': 'has no room on its disk: make room there and start again',
  '55P03': 'has a table that somebody keeps locked: see pg_stat_activity there for who, and start again',
  '57P03': 'is starting or stopping',
  '53300': 'has no connection left',
};
