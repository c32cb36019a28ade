import { parseArgs } from 'node:util';
import { readSwitches, SWITCHES, type Switches } from './faults.ts';
import { DEFAULTS, startSandbox, type SandboxOptions } from './sandbox.ts';
import { SwitchError } from './settings.ts';
import { TROUBLE_KINDS } from './troubles.ts';

const USAGE = `A SimplyBook.me for tests and demos, on 127.0.0.1.

  --port N            where it listens; 0: a free port (${DEFAULTS.port})
  --clients N         how many clients it lists (${DEFAULTS.clients})
  --bookings N        how many bookings it lists (a fifth of the clients)
  --seed N            the same seed makes the same people (${DEFAULTS.seed})
  --clean             only good clients with distinct e-mails
  --company, --login, --password, --api-user-key, --totp-secret, --domain
                      who may log in (${DEFAULTS.company}, ${DEFAULTS.login}, ${DEFAULTS.password},
                      ${DEFAULTS.apiUserKey}, ${DEFAULTS.totpSecret}, ${DEFAULTS.domain})
  --api-key           opens the public service of JSON-RPC (${DEFAULTS.apiKey})
  --switch name=value changes a switch; may be repeated
  --help              this text

JSON-RPC answers at the same address with /rpc behind it: https://user-api.<domain> in the real world.
All switches can also be changed while it runs: PUT /_sandbox/switches. GET /_sandbox lists the other ways in.`;

const help = (): string => {
  const switches = Object.entries(SWITCHES).map(
    ([name, { default: usual, allowed, says }]) =>
      `  ${name} = ${JSON.stringify(usual)}\n      ${says}\n      ${allowed}`,
  );
  const troubles = Object.entries(TROUBLE_KINDS).map(([kind, says]) => `  ${kind}: ${says}`);
  return [USAGE, 'Switches', ...switches, 'Kinds of trouble', ...troubles].join('\n');
};

const flags = () =>
  parseArgs({
    options: {
      port: { type: 'string' },
      clients: { type: 'string' },
      bookings: { type: 'string' },
      seed: { type: 'string' },
      clean: { type: 'boolean' },
      company: { type: 'string' },
      login: { type: 'string' },
      password: { type: 'string' },
      'api-user-key': { type: 'string' },
      'totp-secret': { type: 'string' },
      'api-key': { type: 'string' },
      domain: { type: 'string' },
      switch: { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  }).values;

type Flags = ReturnType<typeof flags>;

const numberOf = (name: string, text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0) return value;
  throw new SwitchError(`--${name} must be a whole number from 0.`);
};

const switchesOf = (given: string[]): Partial<Switches> =>
  readSwitches(
    Object.fromEntries(
      given.map((pair) => {
        const at = pair.indexOf('=');
        if (at < 1) throw new SwitchError('--switch wants name=value.');
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    ),
  );

const optionsOf = (given: Flags, clients: number): SandboxOptions => ({
  port: numberOf('port', given.port, DEFAULTS.port),
  clients,
  bookings: numberOf('bookings', given.bookings, Math.floor(clients / 5)),
  seed: numberOf('seed', given.seed, DEFAULTS.seed),
  clean: given.clean ?? DEFAULTS.clean,
  company: given.company ?? DEFAULTS.company,
  login: given.login ?? DEFAULTS.login,
  password: given.password ?? DEFAULTS.password,
  apiUserKey: given['api-user-key'] ?? DEFAULTS.apiUserKey,
  apiKey: given['api-key'] ?? DEFAULTS.apiKey,
  totpSecret: given['totp-secret'] ?? DEFAULTS.totpSecret,
  domain: given.domain ?? DEFAULTS.domain,
  switches: switchesOf(given.switch ?? []),
});

const run = async (options: SandboxOptions): Promise<void> => {
  const sandbox = await startSandbox(options);
  const { company, login } = options;
  console.log(`SimplyBook.me sandbox is ready: ${sandbox.url} (company ${company}, login ${login})`);
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      void sandbox.close();
    });
  }
};

try {
  const given = flags();
  if (given.help === true) console.log(help());
  else await run(optionsOf(given, numberOf('clients', given.clients, DEFAULTS.clients)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
