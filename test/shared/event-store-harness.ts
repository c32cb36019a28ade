import { randomBytes, randomUUID } from 'node:crypto';
import { MikroORM } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { ormConfig } from '../../src/mikro-orm.config.ts';
import { Database } from '../../src/shared/database/database.ts';
import type { Decision } from '../../src/shared/event-store/decider.ts';
import { EventStore } from '../../src/shared/event-store/event-store.ts';
import type { Event, EventMeta } from '../../src/shared/event-store/event.ts';
import { SubjectKeys } from '../../src/shared/event-store/subject-keys.ts';
import { Keyring } from '../../src/shared/secrets.ts';
import { freshDatabase } from './database.ts';

/** One running instance of the service, as far as it records: its own pool, its own event store. */
export type Instance = { database: Database; events: EventStore; keyring: Keyring; close(): Promise<void> };

/** A database of the test's own, one instance on it, and an administrator beside it. */
export type TestStore = Instance & {
  url: string;
  /** Another instance on the same database, with the same keys. */
  another(at?: string): Promise<Instance>;
  /** As the server's administrator, whom no role holds back. */
  admin: Client;
  rows<Row>(statement: string, values?: unknown[]): Promise<Row[]>;
};

export const META: EventMeta = { actor: 'system', correlationId: 'test', causationId: null };

export const newKey = (id = 'k1') => ({ id, key: randomBytes(32) });

export const openInstance = async (url: string, keyring: Keyring, pooled = false): Promise<Instance> => {
  const orm = await MikroORM.init(ormConfig(url, 'service', pooled));
  const database = new Database(orm.em, pooled);
  const events = new EventStore(database, new SubjectKeys(database, keyring));
  return { database, events, keyring, close: () => orm.close(true) };
};

export const openTestStore = async (): Promise<TestStore> => {
  const { url, drop } = await freshDatabase();
  const keyring = new Keyring([newKey()]);
  const first = await openInstance(url, keyring);
  const opened: Instance[] = [first];
  const admin = new Client({ connectionString: url });
  await admin.connect();
  // When a test could not clean up, the end of the run ends this session; that is no failure of its own.
  admin.on('error', () => undefined);
  return {
    ...first,
    url,
    admin,
    another: async (at = url) => {
      const instance = await openInstance(at, keyring);
      opened.push(instance);
      return instance;
    },
    rows: async <Row>(statement: string, values: unknown[] = []) =>
      (await admin.query(statement, values)).rows as Row[],
    close: async () => {
      await Promise.all(opened.map((instance) => instance.close()));
      await admin.end();
      await drop();
    },
  };
};

/** Records these events whatever has happened to the stream before. */
export const recording = (stream: string, ...events: Event[]): Decision => ({ stream, decide: () => events });

export const happened = (id: string = randomUUID()): Event => ({ type: 'SomethingHappened', data: { id } });

/** Something about a person, whose name is a personal value. */
export const met = (subject: string, name: string): Event => ({
  type: 'PersonMet',
  data: {},
  personal: { name },
  subject,
});

/** Keeps everybody who appends waiting until `release`. */
export const holdTheHead = async ({ url }: TestStore): Promise<{ release(): Promise<void> }> => {
  const holder = new Client({ connectionString: url });
  await holder.connect();
  await holder.query('begin');
  await holder.query('select from event_log for update');
  return { release: () => holder.end() };
};

/** Waits until a question to the database is answered with true; for what happens in another session. */
export const until = async (store: TestStore, question: string): Promise<void> => {
  while (!(await store.rows<{ yes: boolean }>(`select (${question}) as yes`))[0]!.yes) {
    await store.rows('select pg_sleep(0.005)');
  }
};

/** So many sessions wait for what others hold. */
export const areWaiting = (sessions: number): string =>
  `(select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') >= ${sessions}`;
