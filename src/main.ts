import { ConfigError, readConfig } from './shared/config.ts';
import { Refusal } from './shared/errors.ts';
import { tryAddress } from './shared/http/listen.ts';
import { safeError } from './shared/http/safe-error.ts';

/** One line on stderr. An error that is not about a setting could quote anything, so only its name and place are told. */
const explain = (error: unknown): void => {
  const { name, code, stack } = safeError(error);
  const reason =
    error instanceof ConfigError || error instanceof Refusal
      ? error.message
      : `it failed with ${[name, code, stack[0]].filter((part) => part !== undefined).join(' ')}`;
  process.stderr.write(`crm-sync cannot start: ${reason}\n`);
};

// Whoever read our output is gone; that is no reason to end.
process.stdout.on('error', () => undefined);
try {
  // Before anything heavy is loaded, so that a wrong setting is told at once.
  const config = readConfig(process.env);
  await tryAddress(config);
  const { run } = await import('./run.ts');
  await run(config);
} catch (error) {
  explain(error);
  process.exit(1);
}
