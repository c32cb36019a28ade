import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppModule } from './app.module.ts';
import { loadApiKey } from './modules/access/api-key.ts';
import { ConfigError, readConfig } from './shared/config.ts';
import type { Config } from './shared/config.ts';
import { DatabaseHealth } from './shared/database/database-health.ts';
import { openDatabase } from './shared/database/open-database.ts';
import { createApp } from './shared/http/create-app.ts';
import { drain } from './shared/http/http-server.ts';
import { listen, tryAddress } from './shared/http/listen.ts';
import { createLogger } from './shared/http/logger.ts';
import { safeError } from './shared/http/safe-error.ts';

/** Milliseconds. Whatever happens, the process is gone ten seconds after a signal. */
const DRAIN = 5_000;
const HARD_DEADLINE = 9_000;
const READY_TRIES = 100;
const READY_PAUSE = 100;

/** What is to be undone at the end, in the order it was done. */
type Closers = (() => Promise<unknown>)[];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Starts everything and tells the address it answers at. */
const start = async (config: Config, logger: Logger, closers: Closers): Promise<string> => {
  await tryAddress(config);
  const { key: apiKey, generatedNow } = await loadApiKey(config);
  if (generatedNow)
    say(`crm-sync made an API key, shown only this once and kept in the data directory: ${apiKey}`);
  const database = await openDatabase(config, (line) => logger.info(line));
  closers.push(() => database.close());
  const app = await createApp(
    AppModule.forRoot({ config, databaseUrl: database.url, keyring: database.keyring, apiKey, logger }),
  );
  closers.push(() => app.close());
  const address = await listen(app.getHttpServer(), config);
  closers.push(() => drain(app.getHttpServer(), DRAIN));
  await untilReady(app);
  return address;
};

const untilReady = async (app: INestApplication): Promise<void> => {
  const health = app.get(DatabaseHealth);
  for (let tries = 0; !(await health.check()); tries += 1) {
    if (tries === READY_TRIES) throw new Error('The database does not answer.');
    await sleep(READY_PAUSE);
  }
};

/** Undoes what was started, once, and ends the process. A second signal changes nothing. */
const stopper = (
  starting: Promise<unknown>,
  closers: Closers,
  logger: Logger,
): ((exitCode: number) => void) => {
  let stopping = false;
  return (exitCode) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), HARD_DEADLINE);
    void (async () => {
      await starting.catch(() => undefined);
      for (const close of closers.toReversed()) {
        await close().catch((error: unknown) => logger.error({ err: error }, 'something did not close'));
      }
      process.exit(exitCode);
    })();
  };
};

const explain = (error: unknown): void => {
  const { name, code, stack } = safeError(error);
  const reason =
    error instanceof ConfigError
      ? error.message
      : `it failed with ${[name, code].filter(Boolean).join(' ')} ${stack[0] ?? ''}`.trim();
  process.stderr.write(`crm-sync cannot start: ${reason}\n`);
};

const run = async (config: Config): Promise<void> => {
  const logger = createLogger(config.logLevel);
  const closers: Closers = [];
  const starting = start(config, logger, closers);
  const stop = stopper(starting, closers, logger);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(0));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, 'an error nobody caught: crm-sync ends');
      stop(1);
    });
  }
  try {
    say(`crm-sync is ready: ${await starting}`);
  } catch (error) {
    explain(error);
    stop(1);
  }
};

// Whoever read our output is gone; that is no reason to end.
process.stdout.on('error', () => undefined);
try {
  await run(readConfig(process.env));
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
