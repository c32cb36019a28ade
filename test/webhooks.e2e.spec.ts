import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Switches } from '../sandbox/faults.ts';
import type { Booking, Connection, Lead, LogEvent, Run, Waiting } from './contract.ts';
import { API_KEY } from './service.ts';
import {
  deliver,
  hooked,
  lookedAt,
  permutations,
  readsOf,
  register,
  until,
  webhooksOf,
  type Hooked,
} from './webhooks.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const leadsOf = async ({ connection }: Hooked): Promise<Lead[]> =>
  (await world.all<Lead>('/api/leads')).filter(({ sources }) =>
    sources.some(({ connectionId }) => connectionId === connection.id),
  );

const leadOf = async (one: Hooked, externalId: number): Promise<Lead | undefined> =>
  (await leadsOf(one)).find(({ sources }) => sources.some((source) => source.externalId === `${externalId}`));

const bookingsOf = ({ connection }: Hooked): Promise<Booking[]> =>
  world
    .all<Booking>('/api/bookings')
    .then((all) => all.filter(({ connectionId }) => connectionId === connection.id));

const eventsOf = ({ connection }: Hooked): Promise<LogEvent[]> =>
  world
    .all<LogEvent>('/api/events?actor=webhook')
    .then((all) =>
      all.filter(
        ({ data }) => (data as Connection & { connectionId?: string }).connectionId === connection.id,
      ),
    );

/** Somebody whom no other company knows. */
const somebody = ({ company }: Hooked, name: string): { id: number } => {
  const email = `somebody.${company.crm.all().length}@${company.account.company}.example`;
  return company.crm.add({ name, email });
};

/** Books and CRM agree: who is there is a lead as it is there, and each booking stands as it stands there. */
const expectTruth = async (one: Hooked): Promise<void> => {
  const leads = await leadsOf(one);
  for (const { id, name, email, deleted } of one.company.crm.all()) {
    const lead = leads.find(({ sources }) => sources.some((source) => source.externalId === `${id}`));
    if (!deleted) expect(lead).toMatchObject({ name, email });
  }
  const bookings = await bookingsOf(one);
  for (const { id, status, start } of one.company.bookings.all()) {
    const booking = bookings.find(({ externalId }) => externalId === `${id}`);
    expect(booking).toMatchObject({ status, startLocal: start });
  }
};

describe('What a webhook tells of', () => {
  it.each<Switches['webhookBody']>(['thin', 'callback', 'data', 'bare', 'form'])(
    'is read again and taken as a sync would, whatever it looks like: %s',
    async (webhookBody) => {
      const one = await hooked(world, { switches: { webhookBody } });
      expect(one.address).toMatchObject({ registered: true, how: null });
      const { id } = one.company.crm.add({ name: 'Nora New', email: `nora@${webhookBody}.example` });
      one.company.crm.change(1, { phone: '+4915100000009' });
      const booking = one.company.bookings.add({ clientId: id });
      await lookedAt(world, one);
      await expectTruth(one);
      const lead = await leadOf(one, id);
      expect(await bookingsOf(one)).toMatchObject([{ externalId: `${booking.id}`, leadId: lead?.id }]);
    },
  );

  it('has the webhook as its actor, a correlation id, and a run of its own', async () => {
    const one = await hooked(world);
    const answer = await deliver(
      one.address.url,
      { event: 'new_client', client_id: somebody(one, 'Cora Related').id },
      { 'x-correlation-id': 'a-delivery-of-ours' },
    );
    expect(answer.status).toBe(202);
    await lookedAt(world, one);
    const [imported] = await eventsOf(one);
    expect(imported).toMatchObject({ type: 'ClientImported', data: { runId: null } });
    expect(imported?.meta.correlationId).toMatch(/^(a-delivery-of-ours|[0-9a-f-]{36})$/);
    expect(imported?.meta.runId).toBeUndefined();
  });

  it('is put aside where a sync would, and comes out of quarantine by the next one', async () => {
    const one = await hooked(world);
    const { id } = one.company.crm.add({ name: 'Una Lost', email: '' });
    await lookedAt(world, one);
    const waiting = await world.all<Waiting>(`/api/quarantine?connectionId=${one.connection.id}`);
    expect(waiting).toMatchObject([{ externalId: `${id}`, code: 'email.missing' }]);
    one.company.crm.change(id, { email: 'una@found.example' });
    await lookedAt(world, one);
    expect(await world.all(`/api/quarantine?connectionId=${one.connection.id}`)).toEqual([]);
    await expectTruth(one);
  });

  it.each(['the same company', 'another company, which has no webhooks'])(
    'waits while another lead has its address, and is taken as soon as that one has moved on, without a sync: of %s',
    async (whose) => {
      const one = await hooked(world);
      const twin = whose === 'the same company' ? one : await world.connected({ clients: 2 });
      if (twin !== one) await world.sync(twin.connection);
      for (const { company } of [one, twin]) company.crm.onChange = () => undefined;
      const email = `wanted.${one.company.account.company}@by.example`;
      one.company.crm.change(1, { email });
      await deliver(one.address.url, { client_id: 1 });
      await lookedAt(world, one);
      twin.company.crm.change(2, { email });
      if (twin === one) await deliver(one.address.url, { client_id: 2 });
      else await world.sync(twin.connection);
      await lookedAt(world, one);
      const waiting = (): Promise<Waiting[]> =>
        world.all<Waiting>(`/api/quarantine?connectionId=${twin.connection.id}`);
      expect(await waiting()).toMatchObject([{ externalId: '2', code: 'email.taken' }]);
      one.company.crm.change(1, { email: `moved.on.${email}` });
      const events = await world.appended(async () => {
        await deliver(one.address.url, { client_id: 1 });
        await until(async () => (await waiting()).length === 0);
      });
      expect(events.map(({ type }) => type)).toEqual([
        'ClientImported',
        'LeadUpserted',
        'ClientImported',
        'LeadUpserted',
      ]);
      expect(events[3]).toMatchObject({ data: { changed: ['email'] }, meta: { actor: 'webhook' } });
    },
  );

  it('waits like that for a booking, too', async () => {
    const one = await hooked(world);
    const { id } = one.company.bookings.add({ clientId: 1, start: '2099-02-30 10:00:00' });
    await lookedAt(world, one);
    const waiting = await world.all<Waiting>(`/api/quarantine?connectionId=${one.connection.id}`);
    expect(waiting).toMatchObject([{ externalId: `${id}`, code: 'booking.time.impossible' }]);
    expect((await world.sync(one.connection)).stats.bookings_quarantined).toBe(1);
  });

  it('brings its custom fields where they are wanted', async () => {
    const one = await hooked(world, {}, { clientFields: true });
    one.company.crm.change(1, { birthday: '1990-02-03' });
    await lookedAt(world, one);
    expect(JSON.stringify(await leadOf(one, 1))).toContain('1990-02-03');
  });

  it('is nothing where nothing has changed: no event, however often it is told', async () => {
    const one = await hooked(world, { bookings: 3 });
    const appended = await world.appended(async () => {
      for (const { id } of one.company.crm.all()) await deliver(one.address.url, { client_id: id });
      for (const { id } of one.company.bookings.all()) await deliver(one.address.url, { booking_id: id });
      await lookedAt(world, one);
      await world.sync(one.connection);
    });
    expect(appended.map(({ type }) => type)).toEqual(['SyncStarted', 'SyncCompleted']);
  });

  it('is left alone when it is a booking of long ago that nobody knows', async () => {
    const one = await hooked(world);
    one.company.bookings.add({
      start: '2020-02-03 10:00:00',
      end: '2020-02-03 11:00:00',
      recorded: '2020-02-01 10:00:00',
    });
    await lookedAt(world, one);
    expect(await bookingsOf(one)).toEqual([]);
  });

  it('is everything when it does not say what: one sync, for however many that say nothing', async () => {
    const one = await hooked(world, { switches: { webhookBody: 'no-id' } });
    const appended = await world.appended(async () => {
      one.company.crm.change(1, { name: 'Said Nothing' });
      one.company.crm.change(2, { name: 'Said Nothing Else' });
      await one.company.webhooks.settled();
      await until(async () => {
        const runs = await world.all<Run>(`/api/runs?connectionId=${one.connection.id}`);
        return runs.some(({ trigger, status }) => trigger === 'webhook' && status !== 'running');
      });
    });
    expect(appended.filter(({ type }) => type === 'SyncStarted')).toHaveLength(1);
    await expectTruth(one);
  });
});

describe('A delivery may come', () => {
  it('in any order, and twice, and before what it is about: in the end it is as the CRM has it', async () => {
    const one = await hooked(world, { switches: { webhookDelivery: 'held' } });
    const { company } = one;
    const orders = permutations(['create', 'change', 'cancel']);
    const urls: (() => Promise<unknown>)[] = [];
    for (const order of orders) {
      const booking = company.bookings.add({ clientId: 1 });
      company.bookings.change(booking.id, { start: '2099-05-04 09:00:00', end: '2099-05-04 10:00:00' });
      company.bookings.cancel(booking.id);
      const client = somebody(one, `Before ${order.join(' ')}`);
      company.crm.change(client.id, { name: `After ${order.join(' ')}` });
      urls.push(async () => {
        for (const word of [...order, ...order]) {
          await deliver(one.address.url, { booking_id: `${booking.id}`, notification_type: word });
          await deliver(one.address.url, { event: `${word}_client`, client_id: client.id });
        }
      });
    }
    await Promise.all(urls.map((send) => send()));
    await lookedAt(world, one);
    await expectTruth(one);
    expect((await bookingsOf(one)).map(({ status }) => status)).toEqual(orders.map(() => 'canceled'));
  });

  it('before its record can be read: the one that follows brings it', async () => {
    const one = await hooked(world);
    const id = one.company.crm.all().length + 1;
    await deliver(one.address.url, { event: 'new_client', client_id: id });
    await lookedAt(world, one);
    expect(await leadOf(one, id)).toBeUndefined();
    somebody(one, 'Late Comer');
    await lookedAt(world, one);
    await expectTruth(one);
  });

  it('43 hours late, and its record is as it is now', async () => {
    const one = await hooked(world);
    const { id } = one.company.bookings.add({ clientId: 2 });
    await lookedAt(world, one);
    one.company.bookings.cancel(id);
    await lookedAt(world, one);
    const late = Math.floor(Date.now() / 1000) - 157_200;
    const body = {
      booking_id: `${id}`,
      notification_type: 'create',
      webhook_timestamp: late,
      company: one.company.account.company,
    };
    const appended = await world.appended(async () => {
      expect((await deliver(one.address.url, body)).status).toBe(202);
      await lookedAt(world, one);
    });
    expect(appended).toEqual([]);
    await expectTruth(one);
  });

  it('not at all: the next sync finds what no webhook has told, and says so', async () => {
    const one = await hooked(world);
    await world.sync(one.connection);
    one.company.crm.change(1, { name: 'Told Of' });
    await lookedAt(world, one);
    one.company.faults.set({ webhookDelivery: 'dropped' });
    one.company.crm.change(2, { name: 'Untold' });
    somebody(one, 'Never Told');
    one.company.bookings.add({ clientId: 3 });
    await world.sync(one.connection);
    await expectTruth(one);
    expect((await webhooksOf(world, one.connection)).changes).toMatchObject({ byWebhook: 1, bySync: 3 });
  });

  it('when its record is gone or may not be seen: looked at once, and noted', async () => {
    const one = await hooked(world, { bookings: 2 });
    const before = readsOf(one);
    one.company.crm.delete(1);
    await deliver(one.address.url, { booking_id: 99_999 });
    await lookedAt(world, one);
    one.company.faults.set({ bookingsRoute: 'forbidden' });
    await deliver(one.address.url, { booking_id: one.company.bookings.all()[0]!.id });
    await lookedAt(world, one);
    expect(readsOf(one) - before).toBe(3);
    const outcomes = await world.rows<{ outcome: string }>(
      'select outcome from looks where connection_id = $1 order by asked_at',
      [one.connection.id],
    );
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['gone', 'gone', 'unknown']);
    expect(await leadOf(one, 1)).toMatchObject({ status: 'active' });
  });
});

describe('A thousand deliveries', () => {
  it('for one record are one read, or two', async () => {
    const one = await hooked(world);
    one.company.crm.onChange = () => undefined;
    one.company.crm.change(2, { name: 'A Thousand Times' });
    const before = readsOf(one);
    // They come faster than one of them can be looked at.
    const { release } = one.company.hold(({ path }) => path === '/admin/clients/2');
    const send = () => deliver(one.address.url, { event: 'change_client', client_id: 2 });
    for (let sent = 0; sent < 1_000; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, send));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    }
    release();
    await lookedAt(world, one);
    expect(readsOf(one) - before).toBeLessThanOrEqual(2);
    await expectTruth(one);
  });
});

describe('Who does not know the address', () => {
  const NOBODY = 'c0ffee00-0000-4000-8000-00000000dead';
  const GUESS = 'A'.repeat(43);

  it('gets the same answer whatever is wrong, and asks nothing of any CRM', async () => {
    const [one, other] = [await hooked(world), await hooked(world)];
    const { origin } = new URL(one.address.url);
    const [token, otherToken] = [one, other].map(({ address }) => address.url.split('/').at(-1)!);
    const before = one.company.requests.summary().total + other.company.requests.summary().total;
    const right = { event: 'change_client', client_id: 1 };
    const tries: [string, unknown][] = [
      [`/hooks/simplybook/${one.connection.id}/${GUESS}`, right],
      [`/hooks/simplybook/${one.connection.id}/${otherToken}`, right],
      [`/hooks/simplybook/${one.connection.id}/${token?.slice(0, -1)}`, right],
      [`/hooks/simplybook/${NOBODY}/${token}`, right],
      [`/hooks/simplybook/${NOBODY}/${GUESS}`, right],
      [`/hooks/simplybook/not-an-id/${token}`, right],
      [`/hooks/simplybook/${one.connection.id}/${GUESS}`, 'garbage'],
      [
        `/hooks/simplybook/${one.connection.id}/${token}`,
        { ...right, company: other.company.account.company },
      ],
    ];
    const answers = await Promise.all(
      tries.map(async ([path, body]) => {
        const answer = await deliver(`${origin}${path}`, body);
        const { status, title, detail, instance } = (await answer.json()) as Record<string, unknown>;
        return { status, title, detail, instance };
      }),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 404, instance: '/hooks' });
    expect(one.company.requests.summary().total + other.company.requests.summary().total).toBe(before);
    expect(await webhooksOf(world, one.connection)).toMatchObject({ waiting: 0, lastDeliveryAt: null });
  });

  it('learns nothing by another method', async () => {
    const one = await hooked(world);
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
      for (const url of [one.address.url, one.address.url.replace(/[^/]+$/, GUESS)]) {
        const answer = await fetch(url, { method });
        expect(answer.status).toBe(405);
        expect(answer.headers.get('allow')).toBe('OPTIONS, POST');
      }
    }
  });
});

describe('Who knows the address', () => {
  it.each<[string, string | Uint8Array, Record<string, string>, number]>([
    ['nothing', '', {}, 400],
    ['garbage', 'garbage', {}, 400],
    ['a list', '[{"client_id":1}]', {}, 400],
    ['what is cut off', '{"client_id":', {}, 400],
    ['ten thousand levels', '{"a":'.repeat(10_000), {}, 400],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), {}, 400],
    ['zeros', '\0\0\0', {}, 400],
    ['what says to be packed and is not', '{"client_id":1}', { 'content-encoding': 'gzip' }, 400],
    ['what is packed as nobody does', '{"client_id":1}', { 'content-encoding': 'rot13' }, 415],
    ['ten megabytes', 'x'.repeat(10_485_760), {}, 413],
    ['a picture that is JSON', '{"client_id":1}', { 'content-type': 'image/png' }, 202],
    ['JSON without a type', '{"client_id":1}', { 'content-type': '' }, 202],
    ['names that JavaScript knows', '{"__proto__":{"x":1},"constructor":1,"client_id":1}', {}, 202],
    ['an id that is none', '{"event":"new_client","client_id":"1; drop table looks"}', {}, 202],
  ])('may send %s: it is refused or taken, and nothing breaks', async (_, body, headers, status) => {
    const one = await hooked(world);
    const answer = await deliver(one.address.url, body, { 'content-type': 'application/json', ...headers });
    expect(answer.status).toBe(status);
    const text = await answer.text();
    expect(text).not.toContain(one.address.url.split('/').at(-1));
    expect((await deliver(one.address.url, { client_id: 1 })).status).toBe(202);
  });

  it('finds it nowhere else: not in the log of the service, the events, an answer or the database', async () => {
    const one = await hooked(world);
    const token = one.address.url.split('/').at(-1)!;
    await deliver(one.address.url, { client_id: 1 });
    await deliver(one.address.url, 'garbage');
    await deliver(one.address.url.replace('/hooks/', '/HOOKS/'), 'garbage');
    await fetch(one.address.url);
    await fetch(`${one.address.url}/more`, { method: 'POST' });
    await lookedAt(world, one);
    expect(world.service.output()).not.toContain(token);
    expect(JSON.stringify(await world.all('/api/events'))).not.toContain(token);
    expect(JSON.stringify(await world.all('/api/connections'))).not.toContain(token);
    expect(JSON.stringify(await webhooksOf(world, one.connection))).not.toContain(token);
    const digests = await world.rows<{ digest: Buffer }>('select * from webhook_tokens');
    expect(JSON.stringify(digests)).not.toContain(token);
    expect(world.service.output()).not.toContain(API_KEY);
  });
});

describe('The address of webhooks', () => {
  it('is replaced by a new one at the CRM, while the old one works for two days more', async () => {
    const one = await hooked(world);
    const next = await register(world, one.connection);
    expect(next.url).not.toBe(one.address.url);
    expect(new Set(one.company.webhooks.all().map(({ url }) => url))).toEqual(new Set([next.url]));
    const send = async (url: string) => (await deliver(url, { client_id: 1 })).status;
    expect([await send(one.address.url), await send(next.url)]).toEqual([202, 202]);
    const [left] = await world.rows<{ hours: number }>(
      `select extract(epoch from max(expires_at) - now())::float8 / 3600 as hours from webhook_tokens where connection_id = $1`,
      [one.connection.id],
    );
    expect(left?.hours).toBeGreaterThan(44);
    await world.rows(
      `update webhook_tokens set expires_at = now() - interval '1 second' where connection_id = $1 and expires_at is not null`,
      [one.connection.id],
    );
    expect([await send(one.address.url), await send(next.url)]).toEqual([404, 202]);
  });

  it.each<Switches['webhookRegister']>(['none', 'missing', 'forbidden'])(
    'is told to a person where the CRM has no register (%s), and the old one works until the new one is used',
    async (webhookRegister) => {
      const one = await hooked(world, { switches: { webhookRegister } });
      expect(one.address).toMatchObject({ registered: false, events: [] });
      expect(one.address.how).toContain('Callback URL');
      const next = await register(world, one.connection);
      const expiring = () =>
        world.rows('select from webhook_tokens where connection_id = $1 and expires_at is not null', [
          one.connection.id,
        ]);
      expect((await deliver(one.address.url, { client_id: 1 })).status).toBe(202);
      expect(await expiring()).toHaveLength(0);
      expect((await deliver(next.url, { client_id: 1 })).status).toBe(202);
      expect(await expiring()).toHaveLength(1);
    },
  );

  it('is told to a person where the CRM does not answer, too', async () => {
    const { company, connection } = await world.connected({ clients: 1 });
    company.faults.set({ troubles: [{ on: 'webhooks', kind: 'status', value: 400 }] });
    expect(await register(world, connection)).toMatchObject({ registered: false });
  });

  it('ends by DELETE: at the CRM, and here at once', async () => {
    const one = await hooked(world);
    const path = `/api/connections/${one.connection.id}/webhooks`;
    expect((await world.api('DELETE', path)).status).toBe(204);
    expect(one.company.webhooks.all()).toEqual([]);
    expect((await deliver(one.address.url, { client_id: 1 })).status).toBe(404);
    expect(await webhooksOf(world, one.connection)).toEqual({
      on: false,
      registered: false,
      events: [],
      registeredAt: null,
      waiting: 0,
      lastDeliveryAt: null,
      changes: null,
    });
    expect(await world.appended(() => world.api('DELETE', path))).toEqual([]);
  });

  it('is none when its company has been disconnected while the CRM was told of it', async () => {
    const { company, connection } = await world.connected({ clients: 1 });
    const { reached, release } = company.hold(
      ({ method, path }) => method === 'POST' && path.startsWith('/admin/webhooks'),
    );
    const asked = world.api('POST', `/api/connections/${connection.id}/webhooks`);
    await reached;
    const gone = world.api('DELETE', `/api/connections/${connection.id}`);
    await until(
      async () =>
        (await world.api<Connection>('GET', `/api/connections/${connection.id}`)).body.status ===
        'disconnected',
    );
    release();
    expect((await asked).code).toBe('connection-disconnected');
    expect((await gone).status).toBe(204);
    const left =
      'select from webhook_tokens where connection_id = $1 union all select from webhooks where connection_id = $1';
    expect(await world.rows(left, [connection.id])).toEqual([]);
  });

  it.each([
    ['before', 201],
    ['after', 409],
  ])('is none when that is recorded just %s its company has been disconnected', async (order, expected) => {
    const { connection } = await world.connected();
    const path = `/api/connections/${connection.id}`;
    const log = await world.holdTheLog();
    const ask = () => world.api('POST', `${path}/webhooks`);
    const leave = () => world.api('DELETE', path);
    const first = order === 'before' ? ask() : leave();
    await log.waiting(1);
    const second = order === 'before' ? leave() : ask();
    await log.waiting(2);
    await log.release();
    const [asked, left] = await Promise.all(order === 'before' ? [first, second] : [second, first]);
    expect([asked.status, left.status]).toEqual([expected, 204]);
    const rest =
      'select from webhook_tokens where connection_id = $1 union all select from webhooks where connection_id = $1';
    expect(await world.rows(rest, [connection.id])).toEqual([]);
  });

  it('ends with its connection, whether the CRM can be told or not', async () => {
    const [one, other] = [await hooked(world), await hooked(world)];
    other.company.faults.set({ troubles: [{ on: 'webhooks', kind: 'status', value: 500 }] });
    for (const { connection, address } of [one, other]) {
      expect((await world.api('DELETE', `/api/connections/${connection.id}`)).status).toBe(204);
      expect((await deliver(address.url, { client_id: 1 })).status).toBe(404);
    }
    expect(one.company.webhooks.all()).toEqual([]);
    expect(other.company.webhooks.all()).not.toEqual([]);
    const answer = await world.api('POST', `/api/connections/${one.connection.id}/webhooks`);
    expect(answer.code).toBe('connection-disconnected');
  });
});

describe('A look that cannot be made now', () => {
  it('waits while the CRM does not answer, and is made when it does', async () => {
    const one = await hooked(world);
    one.company.faults.set({ troubles: [{ on: 'client', kind: 'status', value: 500 }] });
    one.company.crm.change(1, { name: 'Made Up For' });
    await until(async () => (await world.rows('select from look_pauses')).length === 1);
    expect(await webhooksOf(world, one.connection)).toMatchObject({ waiting: 1 });
    one.company.faults.reset();
    // As if the pause were over.
    await world.rows('update look_pauses set until = clock_timestamp()');
    await lookedAt(world, one);
    await expectTruth(one);
    expect(await world.rows('select from look_pauses')).toEqual([]);
  });

  it('waits while its connection needs a person, asks nothing, and is made after that', async () => {
    const one = await hooked(world);
    one.company.auth.expireTokens();
    one.company.faults.set({ login: 'refused', refreshRefused: true });
    one.company.crm.change(1, { name: 'Recovered' });
    await until(
      async () =>
        (await world.api<Connection>('GET', `/api/connections/${one.connection.id}`)).body.status ===
        'needs-attention',
    );
    const asked = one.company.requests.summary().total;
    expect((await deliver(one.address.url, { client_id: 2 })).status).toBe(202);
    expect(one.company.requests.summary().total).toBe(asked);
    one.company.faults.reset();
    const { apiUserKey: secret } = one.company.account;
    const path = `/api/connections/${one.connection.id}/credentials`;
    expect((await world.api('PUT', path, { secret })).status).toBe(200);
    await lookedAt(world, one);
    await expectTruth(one);
  });
});
