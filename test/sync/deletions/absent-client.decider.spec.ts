import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  loseClient,
  missClient,
  returnClient,
} from '../../../src/modules/sync/deletions/absent-client.decider.ts';
import { client, importClient, quarantineClient } from '../../../src/modules/sync/client.decider.ts';
import type { Client } from '../../../src/modules/sync/client.decider.ts';
import type { ClientEvent, ClientValues } from '../../../src/modules/sync/contract.ts';
import { fold } from '../../../src/shared/event-store/decider.ts';
import { given } from '../../given.ts';

const CLIENT = { connectionId: 'acme', externalId: '7' };
const in1 = { ...CLIENT, runId: 'run-1' };
const in2 = { ...CLIENT, runId: 'run-2' };
const in3 = { ...CLIENT, runId: 'run-3' };
const ada: ClientValues = { name: 'Ada Example', email: 'ada@example.com', phone: null };
const reason = {
  code: 'email.missing',
  detail: 'Because.',
  values: { ...ada, email: null },
  record: { id: 7 },
};
const PROOF = { code: 'not-found' } as const;

const after = (...decisions: ((state: Client) => ClientEvent[])[]): ClientEvent[] => {
  const past: ClientEvent[] = [];
  for (const decide of decisions) past.push(...given(client, ...past).when(decide));
  return past;
};
const here = after(importClient(in1, 'lead-1', ada));
const missing = [...here, ...given(client, ...here).when(missClient(in1))];
const gone = [...missing, ...given(client, ...missing).when(loseClient(in2, PROOF))];

describe('a client that a complete listing does not show', () => {
  it('is missing, and nothing more', () => {
    expect(missing.at(-1)).toEqual({ type: 'ClientMissing', data: { ...in1, code: 'not-listed' } });
    expect(fold(client, missing)?.imported).toEqual(ada);
  });

  it('is missing once: again changes nothing', () => {
    expect(given(client, ...missing).when(missClient(in2))).toEqual([]);
  });

  it('cannot be missed before it was known', () => {
    expect(given(client).when(missClient(in1))).toEqual([]);
  });
});

describe('a missing client', () => {
  it('is gone when another listing misses it too and the CRM has said so', () => {
    expect(gone.at(-1)).toEqual({ type: 'ClientGone', data: { ...in2, code: 'not-found' } });
    expect(
      given(client, ...missing).when(loseClient(in2, { ...PROOF, approvedIn: 'run-1' }))[0]?.data,
    ).toEqual({ ...in2, code: 'not-found', approvedIn: 'run-1' });
  });

  it('is not gone by the run that missed it first, nor is one that was not missed', () => {
    expect(given(client, ...missing).when(loseClient(in1, PROOF))).toEqual([]);
    expect(given(client, ...here).when(loseClient(in2, PROOF))).toEqual([]);
  });

  it('is gone once: again changes nothing', () => {
    expect(given(client, ...gone).when(loseClient(in3, PROOF))).toEqual([]);
    expect(given(client, ...gone).when(missClient(in3))).toEqual([]);
  });

  it('that was shown meanwhile starts anew', () => {
    const past = after(importClient(in1, 'lead-1', ada), missClient(in1), returnClient(in2), missClient(in3));
    expect(given(client, ...past).when(loseClient(in3, PROOF))).toEqual([]);
  });
});

describe('a client that is shown again', () => {
  it('returns from where it was', () => {
    expect(given(client, ...missing).when(returnClient(in2))).toEqual([
      { type: 'ClientReturned', data: { ...in2, code: 'missing' } },
    ]);
    expect(given(client, ...gone).when(returnClient(in3))).toEqual([
      { type: 'ClientReturned', data: { ...in3, code: 'gone' } },
    ]);
  });

  it('is not news when it was there all along', () => {
    expect(given(client, ...here).when(returnClient(in2))).toEqual([]);
    expect(given(client).when(returnClient(in2))).toEqual([]);
  });

  it('with the values of old is not imported again', () => {
    const past = [...gone, ...given(client, ...gone).when(returnClient(in3))];
    expect(given(client, ...past).when(importClient(in3, 'lead-1', ada))).toEqual([]);
  });
});

describe('a client in quarantine', () => {
  const waits = after(quarantineClient(in1, reason));

  it('still waits when it is missing, but not when it is gone', () => {
    const away = after(quarantineClient(in1, reason), missClient(in1));
    expect(fold(client, away)?.quarantined?.code).toBe('email.missing');
    const past = [...away, ...given(client, ...away).when(loseClient(in2, PROOF))];
    expect(fold(client, past)?.quarantined).toBeNull();
  });

  it('waits anew when it returns, as it was', () => {
    const past = after(
      quarantineClient(in1, reason),
      missClient(in1),
      loseClient(in2, PROOF),
      returnClient(in3),
    );
    expect(given(client, ...past).when(quarantineClient(in3, reason))).toMatchObject([
      { type: 'ClientQuarantined' },
    ]);
    expect(waits).toHaveLength(1);
  });
});

it('whatever happens, a client is gone only after two runs have missed it with no sight of it between', () => {
  const run = fc.constantFrom(in1, in2, in3);
  const step = fc.oneof(
    run.map((facts) => importClient(facts, 'lead-1', ada)),
    run.map((facts) => quarantineClient(facts, reason)),
    run.map(missClient),
    run.map(returnClient),
    run.map((facts) => loseClient(facts, PROOF)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const past = after(...steps);
      past.forEach((event, index) => {
        if (event.type !== 'ClientGone') return;
        const before = past.slice(0, index).findLast(({ type }) => /Missing|Gone|Returned/.test(type));
        expect(before?.type).toBe('ClientMissing');
        expect((before!.data as { runId: string }).runId).not.toBe(event.data.runId);
      });
    }),
  );
});
