import type { CrmCheck } from '../crm-provider.ts';
import { clientsQuestion } from './client-list.ts';
import { Listing } from './listing.ts';
import { CrmRefusal } from './refusals.ts';
import type { RestVisit } from './rest-visit.ts';

/** Somebody waits for the report: once more where the network failed, not five times. */
const TRIES = 2;

type Said = Pick<CrmCheck, 'answered' | 'advice'>;

const attempt = async (tried: string, work: () => Promise<Said>): Promise<CrmCheck> => {
  try {
    return { tried, ok: true, ...(await work()) };
  } catch (error) {
    if (error instanceof CrmRefusal)
      return { tried, ok: false, answered: error.happened, advice: error.advice };
    throw error;
  }
};

const logIn = async (visit: RestVisit, domain: string): Promise<Said> => {
  const token = await visit.logIn();
  if (token === null)
    return { answered: 'Somebody else logged in at the same moment, with success.', advice: null };
  return token.domain === domain.toLowerCase()
    ? { answered: 'Logged in.', advice: null }
    : {
        answered: `Logged in; the company lives on ${token.domain}.`,
        advice: `Set the connection's domain to ${token.domain}.`,
      };
};

const listClients = async (visit: RestVisit): Promise<Said> => {
  const { page } = await visit.ask(clientsQuestion(new Listing(), 1), TRIES);
  if (page.announced === null) {
    return { answered: 'Answered a list that does not say how many clients there are.', advice: null };
  }
  return {
    answered: `Answered; there are ${page.announced} clients.`,
    advice:
      page.announced === 0
        ? 'If the company does have clients, the user may not see them: connect an administrator.'
        : null,
  };
};

/** What a connection test tries by REST v2, in order. `open` starts a visit. @throws only what is no refusal. */
export const checkRest = async (open: () => RestVisit, domain: string): Promise<CrmCheck[]> => {
  const login = await attempt('REST v2: log in (POST /admin/auth)', async () => logIn(open(), domain));
  if (!login.ok) return [login];
  return [
    login,
    await attempt('REST v2: list clients (GET /admin/clients)', async () => listClients(open())),
  ];
};
