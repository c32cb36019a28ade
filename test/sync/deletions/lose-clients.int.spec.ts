import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { QueryBus } from '@nestjs/cqrs';
import type { LeadEvent, LoseSources } from '../../../src/modules/leads/contract.ts';
import { LeadList } from '../../../src/modules/leads/lead-list.read-model.ts';
import { mergeInto, takeIn } from '../../../src/modules/leads/lead-merge.decider.ts';
import { lead, leadStream, upsert } from '../../../src/modules/leads/lead.decider.ts';
import { LoseSourcesHandler } from '../../../src/modules/leads/lose-sources.ts';
import { missClient, returnClient } from '../../../src/modules/sync/deletions/absent-client.decider.ts';
import { ClientFixes } from '../../../src/modules/sync/quarantine/client-fixes.ts';
import {
  client,
  clientStream,
  importClient,
  quarantineClient,
} from '../../../src/modules/sync/client.decider.ts';
import { CrmClientList } from '../../../src/modules/sync/crm-clients.read-model.ts';
import { LoseClients } from '../../../src/modules/sync/deletions/lose-clients.ts';
import { MissedClients } from '../../../src/modules/sync/deletions/missed-clients.store.ts';
import type { RunTask } from '../../../src/modules/sync/runs/run-task.ts';
import { decision, fold } from '../../../src/shared/event-store/decider.ts';
import type { Decision } from '../../../src/shared/event-store/decider.ts';
import type { Event } from '../../../src/shared/event-store/event.ts';
import { META, openTestStore } from '../../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../../shared/event-store-harness.ts';

const connectionId = 'c0ffee00-0000-4000-8000-000000000001';
const [FIRST_RUN, THIS_RUN] = [1, 2].map((n) => `a0a0a0a0-0000-4000-8000-00000000000${n}`) as [
  string,
  string,
];
const ADA = { name: 'Ada', email: null, phone: null };
const PROOF = { code: 'not-found' } as const;

let store: TestStore;
/** Whoever is faster. */
let other: Instance;
beforeAll(async () => {
  store = await openTestStore();
  other = await store.another();
  for (const { events, database } of [store, other]) {
    events.subscribe(new CrmClientList(database));
    events.subscribe(new LeadList(database));
  }
});
afterAll(() => store.close());

const factsOf = (externalId: string, runId: string | null = FIRST_RUN) => ({
  connectionId,
  externalId,
  runId,
});
const leadOf = (externalId: string): string => `1ead0000-0000-4000-8000-00000000000${externalId}`;
const taking = (externalId: string): Decision[] => {
  const facts = factsOf(externalId, null);
  const leadId = leadOf(externalId);
  return [
    decision(clientStream(facts), client, importClient(facts, leadId, ADA)),
    decision(leadStream(leadId), lead, upsert(leadId, facts, ADA)),
  ];
};
const record = (decisions: Decision[], { events } = other as Pick<Instance, 'events'>) =>
  events.transact(decisions, META);
const missing = async (externalId: string, ...before: Decision[]): Promise<void> => {
  const facts = { ...factsOf(externalId), runId: FIRST_RUN };
  await record([...before, decision(clientStream(facts), client, missClient(facts))]);
};

/** Loses a client; somebody else is faster, after it was looked at and before anything of it is recorded. */
const losing = async (externalId: string, meanwhile: Decision[]): Promise<string[]> => {
  const { events, database } = store;
  const sources = new LoseSourcesHandler(new LeadList(database));
  let left: Decision[] | null = meanwhile;
  const queries = {
    execute: async (query: LoseSources) => {
      const answer = await sources.execute(query);
      if (left !== null) await record(left);
      left = null;
      return answer;
    },
  } as unknown as QueryBus;
  const fixes = new ClientFixes(events, new CrmClientList(database));
  const clients = new LoseClients(events, queries, fixes, new MissedClients(database));
  const task = { connection: { id: connectionId }, runId: THIS_RUN, by: META } as unknown as RunTask;
  await events.transaction(() => clients.lose(task, [{ externalId, proof: PROOF }]));
  const streams = [clientStream(factsOf(externalId)), leadStream(leadOf(externalId))];
  return [...(await events.read(streams)).values()].flat().map(({ type }) => type);
};

it('a client that has returned before it is recorded as gone stays, and so does its lead', async () => {
  await missing('1', ...taking('1'));
  const facts = factsOf('1', null);
  const returning = decision(clientStream(facts), client, returnClient(facts));
  expect(await losing('1', [returning])).toEqual([
    'ClientImported',
    'ClientMissing',
    'ClientReturned',
    'LeadUpserted',
  ]);
});

it('a client that has left quarantine for a lead before it is recorded as gone is lost by that lead, too', async () => {
  const reason = { code: 'email.missing', detail: 'Because.', values: ADA, record: {} };
  await missing('2', decision(clientStream(factsOf('2')), client, quarantineClient(factsOf('2'), reason)));
  expect(await losing('2', taking('2'))).toEqual([
    'ClientQuarantined',
    'ClientMissing',
    'ClientImported',
    'ClientGone',
    'LeadUpserted',
    'LeadUpserted',
    'LeadGone',
  ]);
});

it('a client whose lead was merged before it is recorded as gone is lost by the lead that was kept', async () => {
  await missing('3', ...taking('3'), ...taking('4'));
  const [kept, merged] = [leadOf('4'), leadOf('3')];
  const past = (await other.events.read([leadStream(merged)])).get(leadStream(merged))!;
  const { sources } = fold(lead, past as readonly Event[] as readonly LeadEvent[])!;
  const types = await losing('3', [
    decision(leadStream(merged), lead, mergeInto(merged, kept, sources)),
    decision(leadStream(kept), lead, takeIn(kept, merged, sources)),
  ]);
  expect(types).toEqual(['ClientImported', 'ClientMissing', 'ClientGone', 'LeadUpserted', 'LeadMerged']);
  const [row] = await store.rows<{ lead_id: string; gone: boolean }>(
    "select lead_id, gone_at is not null as gone from lead_sources where external_id = '3'",
  );
  expect(row).toEqual({ lead_id: kept, gone: true });
});
