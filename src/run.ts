import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppModule } from './app.module.ts';
import { loadApiKey } from './modules/access/api-key.ts';
import { Sessions } from './modules/access/sessions.ts';
import type { Config } from './shared/config.ts';
import { DatabaseHealth } from './shared/database/database-health.ts';
import { asConfigError, openDatabase } from './shared/database/open-database.ts';
import { createApp } from './shared/http/create-app.ts';
import { drain } from './shared/http/http-server.ts';
import { listen } from './shared/http/listen.ts';
import { createLogger } from './shared/http/logger.ts';
import { Jobs } from './shared/jobs/jobs.ts';
import { Shutdown } from './shared/shutdown.ts';

/** Milliseconds. Whatever happens, the process is gone ten seconds after a signal. */
const DRAIN = 5_000;
const HARD_DEADLINE = 9_000;
const READY_TRIES = 100;
const READY_PAUSE = 100;

/** What is to be undone at the end, in the order it was done. */
type Closers = (() => Promise<unknown>)[];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * Starts everything, says so, and lets it run until a signal comes or an error that nobody caught.
 * @throws what kept it from starting, after what had been started was stopped again
 */
export const run = async (config: Config): Promise<void> => {
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
    await undo(closers, logger);
    throw asConfigError(error, config);
  }
};

/** The address at which everything that was started answers. */
const start = async (config: Config, logger: Logger, closers: Closers): Promise<string> => {
  const { key: apiKey, generatedNow } = await loadApiKey(config);
  if (generatedNow) {
    say(`crm-sync made an API key, shown only this once and kept in the data directory: ${apiKey}`);
  }
  const database = await openDatabase(config, { log: (line) => logger.info(line) });
  closers.push(() => database.close());
  const { url: databaseUrl, pooled, keyring, logId } = database;
  const app = await createApp(
    AppModule.forRoot({ config, databaseUrl, pooled, keyring, logId, apiKey, logger }),
  );
  closers.push(() => app.close());
  const address = await listen(app.getHttpServer(), config);
  closers.push(() => {
    app.get(Shutdown).begin();
    return drain(app.getHttpServer(), DRAIN);
  });
  await untilReady(app);
  await app.get(Jobs).start();
  // After "#", so that it stands in no request, no log of a proxy and no Referer.
  const link = `${config.publicUrl ?? address}/sign-in#${await app.get(Sessions).offerCode()}`;
  say(`Sign in to the console, once within the next hour: ${link}`);
  return address;
};

const untilReady = async (app: INestApplication): Promise<void> => {
  const health = app.get(DatabaseHealth);
  for (let tries = 0; ; tries += 1) {
    const trouble = await health.trouble();
    if (trouble === null) return;
    if (tries === READY_TRIES) throw trouble;
    await sleep(READY_PAUSE);
  }
};

/** Ends the process, once: a second signal changes nothing. */
const stopper = (
  starting: Promise<unknown>,
  closers: Closers,
  logger: Logger,
): ((exitCode: number) => void) => {
  let stopping = false;
  return (exitCode) => {
    if (stopping) return;
    stopping = true;
    // What cannot be ended in time, because the database is silent, is taken up again by the next: nothing is lost by going.
    setTimeout(() => process.exit(exitCode), HARD_DEADLINE);
    void starting
      .catch(() => undefined)
      .then(() => undo(closers, logger))
      .finally(() => process.exit(exitCode));
  };
};

const undo = async (closers: Closers, logger: Logger): Promise<void> => {
  setTimeout(() => process.exit(1), HARD_DEADLINE).unref();
  for (const close of closers.splice(0).toReversed()) {
    await close().catch((error: unknown) => logger.error({ err: error }, 'something did not close'));
  }
};
