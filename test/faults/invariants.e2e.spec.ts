import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Connection, Lead, Run, Waiting } from '../contract.ts';
import { ENCRYPTION_KEYS } from '../service.ts';
import { hooked, lookedAt, register, until } from '../webhooks.ts';
import { startWorld, type World } from '../world.ts';
import { brokenInvariants, brokenNow, INVARIANTS } from './invariants.ts';
import { brokenValues } from './sealed-values.ts';

let world: World;
let sql: Client;
beforeAll(async () => {
  world = await startWorld();
  sql = new Client({ connectionString: world.service.databaseUrl });
  await sql.connect();
  await live();
  await goOn();
});
afterAll(async () => {
  await sql.end();
  await world.stop();
});

/** A little of everything that can happen. */
const live = async (): Promise<void> => {
  const { company, connection } = await world.connected({ clean: false, clients: 30, bookings: 25 });
  await world.sync(connection);
  const twin = await world.connected({ samePeople: true, clients: 5 });
  await world.sync(twin.connection);
  const leads = await world.all<Lead>(`/api/leads?source=${connection.id}`);
  const merge = async (n: number): Promise<void> =>
    void (await world.api('POST', `/api/leads/${leads[n]!.id}/merge`, { leadId: leads[n + 1]!.id }));
  await merge(0);
  await merge(2);
  await world.api('POST', `/api/leads/${leads[0]!.id}/split`, { leadId: leads[1]!.id });
  await handleQuarantine(connection);
  company.crm.change(company.crm.all()[0]!.id, { name: 'Another Name' });
  company.bookings.cancel(company.bookings.all()[0]!.id);
  await world.sync(connection);
  const gone = await world.connected({ clients: 3 });
  await world.sync(gone.connection);
  await register(world, gone.connection);
  await world.api('DELETE', `/api/connections/${gone.connection.id}`);
};

/** Webhooks, a schedule, and deletions that were held and approved. */
const goOn = async (): Promise<void> => {
  const one = await hooked(world, { clients: 40 });
  const { company, connection } = one;
  company.crm.change(1, { phone: '+49301' });
  await lookedAt(world, one);
  const schedule = { cron: '30 2 29 2 *', timezone: 'Europe/Berlin' };
  await world.api('PATCH', `/api/connections/${connection.id}`, { schedule });
  company.crm.onChange = () => undefined;
  for (let id = 1; id <= 30; id += 1) company.crm.delete(id);
  const { runId } = await world.sync(connection);
  await world.api('POST', `/api/runs/${runId}/approve-deletions`);
  company.crm.delete(31);
  await world.sync(connection);
  const { rowCount } = await sql.query('update sync_times set regular_at = now() where connection_id = $1', [
    connection.id,
  ]);
  expect(rowCount).toBe(1);
  await until(async () =>
    (await world.all<Run>(`/api/runs?connectionId=${connection.id}`)).some(
      ({ trigger, status }) => trigger === 'schedule' && status === 'succeeded',
    ),
  );
  company.crm.delete(32);
  await world.sync(connection);
};

const handleQuarantine = async ({ id }: Connection): Promise<void> => {
  const waiting = await world.all<Waiting>(`/api/quarantine?connectionId=${id}`);
  const [first, second] = waiting.filter(({ kind }) => kind === 'client');
  await world.api('POST', `/api/quarantine/${first!.id}/dismiss`);
  const fix = { fix: { name: 'Fixed', email: 'fixed.by.somebody@example.com' } };
  await world.api('POST', `/api/quarantine/${second!.id}/replay`, fix);
};

it('finds nothing broken after a little of everything', async () => {
  expect(await brokenNow(sql)).toEqual([]);
  expect(await brokenValues(sql, ENCRYPTION_KEYS)).toEqual([]);
  const { rows } = await sql.query('select distinct type from events');
  expect(rows.map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      'LeadMerged',
      'LeadSplit',
      'ClientDismissed',
      'BookingUpserted',
      'CrmDisconnected',
      'CrmScheduleChanged',
      'CrmWebhooksRemoved',
      'DeletionsApproved',
      'LeadGone',
    ]),
  );
});

/** For each invariant something that breaks it. */
const PLANTED: Record<string, string> = {
  'I1 one lead for each client': `update events set data = jsonb_set(data, '{change}', '"linked"')
    where position = (select max(position) from events where type = 'LeadUpserted' and data ->> 'change' = 'updated'
      and meta ? 'runId')`,
  'I1 one booking for each appointment': `update events set data = data || jsonb_build_object('externalId',
      (select data ->> 'externalId' from events where type = 'BookingUpserted' order by position limit 1))
    where position = (select max(position) from events where type = 'BookingUpserted')`,
  'I1 one import for each client': `update events set data = jsonb_set(data, '{change}', '"new"')
    where position = (select max(position) from events where type = 'ClientImported' and data ->> 'change' = 'changed')`,
  'I1 the database itself refuses doubles': 'alter table bookings drop constraint bookings_source_key',
  'I2 streams are whole': `delete from events where version = 1
    and stream = (select min(stream) from events where version = 2)`,
  'I2 versions follow positions': [
    [1, 101],
    [2, 1],
    [101, 2],
  ]
    .map(
      ([from, to]) => `update events set version = ${to} where version = ${from}
        and stream = (select min(stream) from events where type = 'SyncStarted')`,
    )
    .join(';'),
  'I4 positions are gapless, up to the head': 'update event_log set position = position + 1',
  'I4 time does not step back':
    "update events set recorded_at = recorded_at - interval '1 day' where position = 9",
  'I6 the counts of a run are what it recorded': `update events set data = jsonb_set(
      jsonb_set(data, '{counts,created}', to_jsonb((data -> 'counts' ->> 'created')::int + 1)),
      '{counts,fetched}', to_jsonb((data -> 'counts' ->> 'fetched')::int + 1))
    where position = (select min(position) from events where type = 'SyncCompleted')`,
  'I6 the counts of a run balance': `update events set data = jsonb_set(data, '{counts,erased}', '7')
    where position = (select min(position) from events where type = 'SyncCompleted')`,
  'I7 the chain verifies': `update events set meta = meta || '{"actor": "nobody"}' where position = 12`,
  'I7 the head is the last event': "update event_log set hash = sha256('another')",
  'I10 one run at a time': `update events set data = jsonb_set(data, '{connectionId}', (select data -> 'connectionId'
      from events where type = 'SyncStarted' order by position limit 1)) where stream in (
        select stream from events where type = 'SyncStarted' order by position limit 2);
    update events set position = -position where position = (select max(position) from events where stream =
      (select stream from events where type = 'SyncStarted' order by position limit 1));
    update events set position = 100000 where position < 0`,
  'I10 nobody writes for a run that is over': `update events set meta = meta || jsonb_build_object('runId',
      (select data ->> 'runId' from events where type = 'SyncStarted' order by position limit 1))
    where position = (select max(position) from events)`,
  'I12 every run ends once': `update events set type = 'SyncStarted'
    where position = (select min(position) from events where type = 'SyncCompleted')`,
  'I3 leads are what their streams say': 'update leads set version = version + 1 where merged_into is null',
  'I3 sources hang on the lead that the log says': `update lead_sources set lead_id = connection_id`,
  'I3 clients wait or do not as the log says':
    "update crm_clients set code = 'email.taken' where code is null",
  'I3 clients are there, missing or gone as the log says': "update crm_clients set absence = 'gone'",
  'I3 leads are gone or there as the log says': "update leads set status = 'gone'",
  'I3 quarantine holds what waits': 'delete from quarantine where dismissed_at is null',
  'I3 bookings are what their streams say': "update bookings set status = 'pending'",
  'I3 bookings hang on the lead of their client': `update bookings set lead_id = connection_id where lead_id is not null`,
  'I3 runs are as their events say': "update sync_runs set status = 'running'",
  'I3 connections are as their events say': "update connections set status = 'needs-attention'",
  'I12 whoever runs has a lease, and nobody else': "update sync_runs set status = 'running'",
  'I12 approved is what was held, once': `update events set data = data - 'heldDeletions'
    where type = 'SyncCompleted'`,
  'I3 schedules are as the log says, and pause with their connection':
    'update sync_times set paused = not paused',
  'I12 a time is planned where there is a schedule, and nowhere else':
    'update sync_times set regular_at = null',
  'I8 a time that has started a run has passed': `update sync_times set regular_at = (
    select max(recorded_at) from events where type = 'SyncStarted' and data ->> 'trigger' = 'schedule')
    where schedule is not null`,
  'I12 a time that has come is taken': `update sync_times set regular_at = now() - interval '11 minutes'
    where schedule is not null`,
  'I3 webhooks are on or off as the log says': 'update webhooks set registered = not registered',
  'I11 an address opens for a connection that is there, and not for ever beside a newer one': `insert into webhook_tokens
    select id, sha256('x') from connections where status = 'disconnected'`,
  'I12 no run fails by a mistake of ours': `update events set type = 'SyncFailed',
      data = data || '{"reason": {"code": "internal-error", "detail": "planted"}}'
    where position = (select min(position) from events where type = 'SyncCompleted')`,
  'I11 credentials are kept of a connection that is there, and of no other': `insert into connection_secrets
    (connection_id, secret) select id, 'x' from connections where status = 'disconnected'`,
  'I12 a connection that is not there has no webhooks': `insert into webhooks
    select id, true, '{}', now() from connections where status = 'disconnected'`,
  'I12 what is asked for is looked at': 'update looks set wanted = wanted + 1, due_at = null',
  'I12 a look is not left lying': `update looks set due_at = now() - interval '11 minutes'`,
  'I12 nothing waits for a connection that is not there': `update looks set asked_at = now() - interval '2 minutes',
    connection_id = (select id from connections where status = 'disconnected')`,
  'I12 a CRM is left alone for a while, not for ever': `insert into look_pauses
    select id, now() + interval '1 day', 1 from connections`,
  'I9 whoever is missed is known, and not gone': `update crm_clients set absence = 'gone' where absence = 'missing'`,
  'I9 whoever may go has been approved by a person': `update missed_clients set approved_in = run_id`,
  'I12 no transaction is left open': `set local application_name = 'crm-sync'; set local invariants.patience = '0'`,
};

describe('a violation is seen:', () => {
  beforeEach(async () => {
    await sql.query('begin');
    for (const table of ['events', 'event_log', 'sync_runs'])
      await sql.query(`alter table ${table} disable trigger all`);
  });
  afterEach(async () => void (await sql.query('rollback')));

  it.each(Object.keys(INVARIANTS))('%s', async (name) => {
    await sql.query(PLANTED[name] ?? `select 'nothing is planted for ${name}'`);
    const broken = await brokenInvariants(sql);
    expect(broken.filter((one) => one.startsWith(name))).not.toEqual([]);
  });

  it('I3 rows show what was recorded last', async () => {
    await sql.query("update lead_sources set phone = '+1'");
    expect((await brokenValues(sql, ENCRYPTION_KEYS))[0]).toMatch(/^I3 rows show what was recorded last/);
  });

  it('I11 what is sealed opens', async () => {
    await sql.query(`update events set personal = personal || 'x'::bytea where position =
      (select max(position) from events where personal is not null)`);
    expect(await brokenValues(sql, ENCRYPTION_KEYS)).toEqual([
      expect.stringMatching(/^I11 what is sealed opens/),
    ]);
  });
});
