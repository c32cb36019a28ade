import { startEmbeddedPostgres } from '../../src/shared/database/embedded-postgres.ts';

/** A program of its own for embedded-postgres.int.spec.ts, to be killed or told to stop. */
const server = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', settings: { fsync: 'off' } });
process.once('message', () => {
  void server.stop().then(() => process.disconnect());
});
process.send?.(server.url);
