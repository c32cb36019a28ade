import { Failure } from './failure.ts';

type Problem = {
  type?: string;
  title?: string;
  detail?: string;
  error?: string;
  errors?: { pointer: string; detail: string }[];
};

/** What the API calls otherwise than the command line does. */
const NAMES: Record<string, string> = {
  company: 'the company',
  secret: 'the secret',
  totpSecret: 'the secret of the authenticator app',
  clientsWithoutEmail: '--without-email',
  clientFields: '--fields',
  cron: 'the schedule',
  runId: '--run',
  asOf: '--as-of',
  leadId: 'the other lead',
};

/** What else can be done at a terminal about a problem of this type. */
const ADVICE: Record<string, string> = {
  'crm-two-factor-required':
    'Here: --totp asks for the secret of the authenticator app, or takes it from CRM_SYNC_TOTP_SECRET.',
  'crm-already-connected':
    'crm-sync connections lists them, crm-sync connections credentials replaces a secret.',
};

export const NO_WEBHOOKS = 'This connection has no webhooks: crm-sync connections webhooks on makes them.';

/** What the API says in words of its own. */
const SAID: Record<string, string> = { 'webhooks-not-found': NO_WEBHOOKS };

export const NOT_OURS = (what: string): Failure =>
  new Failure(`What answers there is not crm-sync (${what}).`, 'Say with --url where it is.');

/** An answer that was no, in words. */
export const failureOf = (status: number, text: string): Failure => {
  if (status === 401) {
    return new Failure(
      'The service does not accept this API key.',
      'Set CRM_SYNC_API_KEY to the key of this service; it stands in the file api-key of its data directory.',
    );
  }
  const problem = problemIn(text);
  if (problem === null) return NOT_OURS(`status ${status}`);
  const code = problem.type?.split('/').at(-1) ?? '';
  const advice = ADVICE[code] ?? null;
  const flaws = (problem.errors ?? []).map(({ pointer, detail }) => `  ${flawOf(pointer, detail)}`);
  const message = SAID[code] ?? problem.error ?? problem.detail ?? problem.title ?? `Status ${status}.`;
  const isList = flaws.length > 0 && message.includes('"errors"');
  return new Failure([isList ? 'This cannot be right:' : message, ...flaws].join('\n'), advice);
};

/** `/schedule/timezone timezone must be …` is `--timezone must be …`. */
const flawOf = (pointer: string, detail: string): string => {
  const name = /[^/?]*$/.exec(pointer)?.[0] ?? '';
  const said = detail.startsWith(`${name} `) ? detail.slice(name.length + 1) : detail;
  return name === '' ? said : `${NAMES[name] ?? `--${name}`} ${said}`;
};

const problemIn = (text: string): Problem | null => {
  try {
    const problem: unknown = JSON.parse(text);
    const isProblem = typeof problem === 'object' && problem !== null && 'status' in problem;
    return isProblem ? (problem as Problem) : null;
  } catch {
    return null;
  }
};
