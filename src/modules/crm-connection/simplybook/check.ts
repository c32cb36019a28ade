import { Refusal } from '../../../shared/errors.ts';
import { isHeld, type CrmCheck, type CrmReport } from '../crm-provider.ts';
import { clientsQuestion } from './client-list.ts';
import { checkLegacy } from './legacy.ts';
import { Listing } from './listing.ts';
import { CrmRefusal, RestClosed } from './refusals.ts';
import { wholeQuestion } from './rpc-list-proof.ts';
import { WAYS } from './sign-in.ts';
import type { Visit } from './visit.ts';

/** Somebody waits for the report: once more where the network failed, not five times. */
const TRIES = 2;

type Said = Pick<CrmCheck, 'answered' | 'advice'>;

const refusedLine = (tried: string, refusal: Refusal): CrmCheck =>
  refusal instanceof CrmRefusal
    ? { tried, ok: false, answered: refusal.happened, advice: refusal.advice }
    : { tried, ok: false, answered: refusal.message, advice: null };

/** The refusal that it came to, if any. @throws only what is no refusal. */
const tryOut = async (
  checks: CrmCheck[],
  tried: string,
  work: () => Promise<Said>,
): Promise<Refusal | null> => {
  try {
    checks.push({ tried, ok: true, ...(await work()) });
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    checks.push(refusedLine(tried, error));
    return error;
  }
};

const told = (count: number | null): Said => ({
  answered:
    count === null
      ? 'Answered a list that does not say how many clients there are.'
      : `Answered; there are ${count} clients.`,
  advice:
    count === 0
      ? 'If the company does have clients, the user may not see them: connect an administrator.'
      : null,
});

const listByRest = async ({ rest }: Visit): Promise<Said> =>
  told((await rest.ask(clientsQuestion(new Listing(), 1), TRIES)).page.announced);

const listByRpc = async ({ rpc }: Visit): Promise<Said> =>
  told((await rpc.ask(wholeQuestion(), TRIES)).records.length);

/** The domain that the company has moved to, when it is another one than the connection says. */
const moved = ({ tokens }: Visit, home: string | null): Said | null =>
  home === null || home === tokens.wire.account.domain
    ? null
    : {
        answered: `Logged in; the company lives on ${home}.`,
        advice: `Nothing has to be done: requests go to ${home} already.`,
      };

/** Logs in and tells what was tried. The refusal that it came to; null when there is a new token. */
const logIn = async (visit: Visit, checks: CrmCheck[]): Promise<Refusal | null> => {
  const before = checks.length;
  try {
    const isMine = await visit.tokens.logInAnew((check) => checks.push(check));
    if (!isMine) {
      const answered = 'Somebody else logged in at the same moment, with success.';
      checks.push({ tried: 'Log in', ok: true, answered, advice: null });
    }
    const { token } = await visit.tokens.shared();
    const last = checks.at(-1);
    if (last !== undefined && isMine) Object.assign(last, moved(visit, token.domain));
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (checks.length === before) checks.push(refusedLine('Log in', error));
    return error;
  }
};

/** The first way by which clients can be listed; what closes REST is a reason to try JSON-RPC. */
const list = async (
  visit: Visit,
  checks: CrmCheck[],
): Promise<{ way: string | null; refusal: Refusal | null }> => {
  const way = await visit.tokens.way();
  let refusal: Refusal | null = null;
  if (way !== 'rpc') {
    refusal = await tryOut(checks, `${WAYS[way]}: list clients (GET /admin/clients)`, () =>
      listByRest(visit),
    );
    if (refusal === null) return { way: WAYS[way], refusal };
    if (!(refusal instanceof RestClosed) || !visit.rpc.exists) return { way: null, refusal };
  }
  refusal = await tryOut(checks, `${WAYS.rpc}: list clients (getClientList)`, () => listByRpc(visit));
  if (refusal === null) await visit.rememberRpc();
  return { way: refusal === null ? WAYS.rpc : null, refusal };
};

/** Who asks for less, or does not answer at all, is not asked for more. */
const WANTS_PEACE = new Set(['crm-locked-out', 'crm-rate-limited', 'crm-unreachable']);

/** What a connection test tries, in order. @throws only what is no refusal. */
export const checkWays = async (open: () => Visit): Promise<CrmReport> => {
  const checks: CrmCheck[] = [];
  let visit: Visit;
  try {
    visit = open();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { way: null, checks: [refusedLine('Log in', error)] };
  }
  const refused = await logIn(visit, checks);
  const { way, refusal } = refused === null ? await list(visit, checks) : { way: null, refusal: refused };
  const isLeftAlone = refusal === null || WANTS_PEACE.has(refusal.code) || isHeld(refusal);
  if (!isLeftAlone) checks.push(...(await checkLegacy(visit.tokens.wire)));
  return { way, checks };
};
