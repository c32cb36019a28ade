import type { Client, ClientIdentity } from '../client.decider.ts';
import type { ClientGone, ClientMissing, ClientReturned } from '../contract.ts';

type RunFacts = ClientIdentity & { runId: string };

/** A complete listing did not show the client. Again changes nothing. */
export const missClient =
  (facts: RunFacts) =>
  (state: Client): ClientMissing[] =>
    state === null || state.absent !== undefined
      ? []
      : [{ type: 'ClientMissing', data: { ...facts, code: 'not-listed' } }];

/** What the CRM has said of this very client. */
export type Proof = Pick<ClientGone['data'], 'code' | 'approvedIn'>;

/** Gone is only who has been missed by an earlier run as well. Again changes nothing. */
export const loseClient =
  (facts: RunFacts, proof: Proof) =>
  (state: Client): ClientGone[] => {
    const absent = state?.absent;
    if (absent === undefined || absent.gone || absent.since === facts.runId) return [];
    return [{ type: 'ClientGone', data: { ...facts, ...proof } }];
  };

/** The CRM shows the client. Changes nothing for one that was there all along. */
export const returnClient =
  (facts: ClientIdentity & { runId: string | null }) =>
  (state: Client): ClientReturned[] =>
    state?.absent === undefined
      ? []
      : [{ type: 'ClientReturned', data: { ...facts, code: state.absent.gone ? 'gone' : 'missing' } }];
