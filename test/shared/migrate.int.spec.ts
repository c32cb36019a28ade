import { randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { ConfigError, readConfig } from '../../src/shared/config.ts';
import { migrate, UnusableDatabase } from '../../src/shared/database/migrate.ts';
import { openDatabase } from '../../src/shared/database/open-database.ts';
import type { OpenDatabase } from '../../src/shared/database/open-database.ts';
import { startFaultProxy } from '../faults/fault-proxy.ts';
import { addressOf, freshDatabase, onServer } from './database.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).toReversed()) await clean();
});

const emptyDatabase = async (owner?: string): Promise<string> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(`create database ${name} ${owner === undefined ? '' : `owner ${owner}`} template template0`);
  cleaning.push(() => onServer(`drop database if exists ${name} with (force)`));
  return addressOf(name);
};

/** A login of the test's own; its database is gone before it is. */
const newLogin = async (powers = ''): Promise<{ name: string; password: string }> => {
  const name = `login_${randomUUID().replaceAll('-', '')}`;
  const password = randomBytes(12).toString('hex');
  await onServer(`create role ${name} login password '${password}' ${powers}`);
  cleaning.push(() => onServer(`drop role ${name}`));
  return { name, password };
};

const as = (url: string, { name, password }: { name: string; password: string }): string => {
  const address = new URL(url);
  address.username = name;
  address.password = password;
  return address.href;
};

const rows = async <Row>(url: string, statement: string): Promise<Row[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows as Row[];
  } finally {
    await client.end();
  }
};

const FOLDER = join(import.meta.dirname, '..', '..', 'migrations');
const files = async (): Promise<string[]> =>
  (await readdir(FOLDER))
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.replace('.sql', ''))
    .toSorted();
const applied = async (url: string): Promise<string[]> =>
  (await rows<{ name: string }>(url, 'select name from mikro_orm_migrations order by id')).map(
    ({ name }) => name,
  );
const tables = async (url: string): Promise<string[]> =>
  (
    await rows<{ name: string }>(
      url,
      "select tablename as name from pg_tables where schemaname = 'public' order by 1",
    )
  ).map(({ name }) => name);

describe('migrations', () => {
  it('bring an empty database up to date, each file once, in order of their names', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    expect(await applied(url)).toEqual(await files());
    expect(await tables(url)).toEqual(
      expect.arrayContaining(['events', 'event_log', 'leads', 'quarantine', 'sync_runs']),
    );
  });

  it('do nothing the second time', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    const before = await rows(url, 'select * from mikro_orm_migrations order by id');
    await migrate(url);
    expect(await rows(url, 'select * from mikro_orm_migrations order by id')).toEqual(before);
  });

  it('are done once when several programs start on an empty database at the same time', async () => {
    const url = await emptyDatabase();
    await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(await applied(url)).toEqual(await files());
    expect(await rows(url, 'select position::int from event_log')).toEqual([{ position: 0 }]);
  });

  it('are done on several databases of one server at the same time', async () => {
    const urls = [await emptyDatabase(), await emptyDatabase()];
    await Promise.all(urls.map((url) => migrate(url)));
    for (const url of urls) expect(await applied(url)).toEqual(await files());
  });

  it('leave the tables of others alone', async () => {
    const url = await emptyDatabase();
    await rows(url, "create table of_somebody_else as select 1 as id, 'precious' as value");
    await migrate(url);
    await migrate(url);
    expect(await rows(url, 'select * from of_somebody_else')).toEqual([{ id: 1, value: 'precious' }]);
  });

  it('leave nothing behind when one of them fails, and can be done again after that', async () => {
    const url = await emptyDatabase();
    // The same name as one of ours: the migration that wants it cannot go through.
    await rows(url, 'create table quarantine (id int)');
    await expect(migrate(url)).rejects.toThrow(/quarantine/);
    expect((await tables(url)).filter((name) => name !== 'mikro_orm_migrations')).toEqual(['quarantine']);
    await rows(url, 'drop table quarantine');
    await migrate(url);
    expect(await applied(url)).toEqual(await files());
  });

  it('let nobody wait for ever: the lock is gone with whoever held it', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    const locks = await rows(
      url,
      "select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
    );
    expect(locks).toEqual([]);
  });

  it('tell a login without the right to make roles what an administrator has to do', async () => {
    const login = await newLogin();
    const url = as(await emptyDatabase(login.name), login);
    await expect(migrate(url)).rejects.toThrow(UnusableDatabase);
    await expect(migrate(url)).rejects.toThrow(
      /create role crm_sync_service nologin; grant crm_sync_service to <the login of DATABASE_URL>;/,
    );
    expect(await tables(url)).toEqual([]);
  });

  it('are content with a login that an administrator has made a member of the role', async () => {
    const login = await newLogin();
    const url = as(await emptyDatabase(login.name), login);
    await onServer(`grant crm_sync_service to ${login.name}`);
    await Promise.all([migrate(url), migrate(url)]);
    expect(await applied(url)).toEqual(await files());
  });

  it('let a login that has made the role itself work as it', async () => {
    const login = await newLogin('createrole');
    const url = as(await emptyDatabase(login.name), login);
    const [server] = await rows<{ is16: boolean }>(
      url,
      'select current_setting(\'server_version_num\')::int >= 160000 as "is16"',
    );
    // What PostgreSQL 16 and newer grant to the maker of a role.
    const made = server!.is16 ? 'with admin true, inherit false, set false' : 'with admin option';
    await onServer(`grant crm_sync_service to ${login.name} ${made}`);
    await Promise.all([migrate(url), migrate(url)]);
    const worked = await rows(url, 'set role crm_sync_service; select position::int from event_log').catch(
      String,
    );
    expect(String(worked)).not.toMatch(/denied/);
  });
});

const KEY = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
/** Fewer than opening a database takes that is up to date. */
const QUESTIONS = 20;
const OTHER = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const IMPOSTOR = `k1:${Buffer.alloc(32, 3).toString('base64')}`;

describe('opening a database', () => {
  const open = async (url: string, keys: string): Promise<OpenDatabase> => {
    const opened = await openDatabase(readConfig({ DATABASE_URL: url, CRM_SYNC_ENCRYPTION_KEYS: keys }));
    cleaning.push(() => opened.close());
    return opened;
  };
  const errorOf = async (url: string, keys = KEY): Promise<string> => {
    try {
      await open(url, keys);
      return 'opened';
    } catch (error) {
      return error instanceof ConfigError ? error.message : `not a ConfigError: ${String(error)}`;
    }
  };

  const SEAL = "select encode(seal, 'hex') as seal from installation";

  it('works again with the key it was made with, and with a new one before it', async () => {
    const url = await emptyDatabase();
    const first = await open(url, KEY);
    const sealed = first.keyring.seal('kept', 'somewhere');
    expect((await open(url, KEY)).keyring.open(sealed, 'somewhere').toString()).toBe('kept');
    expect((await open(url, `${OTHER},${KEY}`)).keyring.open(sealed, 'somewhere').toString()).toBe('kept');
  });

  it.each([
    ['another one', OTHER],
    ['another one of the same name', IMPOSTOR],
  ])('is refused with a wrong key, and nothing is changed: %s', async (_, keys) => {
    const url = await emptyDatabase();
    await open(url, KEY);
    const before = await rows(url, SEAL);
    const message = await errorOf(url, keys);
    expect(message).toMatch(/^CRM_SYNC_ENCRYPTION_KEYS does not hold the key this database was made with/);
    expect(message).not.toContain(keys.slice(3));
    expect(await rows(url, SEAL)).toEqual(before);
    expect(await errorOf(url)).toBe('opened');
  });

  it('for the first time by two programs with different keys lets one of them in', async () => {
    const url = await emptyDatabase();
    const both = await Promise.all([errorOf(url, KEY), errorOf(url, OTHER)]);
    expect(both.filter((answer) => answer === 'opened')).toHaveLength(1);
    expect(both.find((answer) => answer !== 'opened')).toMatch(/^CRM_SYNC_ENCRYPTION_KEYS /);
  });

  it('that is not there, or not ours, is refused in one line that names the variable and no secret', async () => {
    const { url, drop } = await freshDatabase();
    cleaning.push(drop);
    const login = await newLogin();
    const elsewhere = new URL(url);
    elsewhere.port = '1';
    const missing = new URL(url);
    missing.pathname = 'no_such_database';
    const answers = await Promise.all([
      errorOf(elsewhere.href),
      errorOf(missing.href),
      errorOf(as(url, { name: login.name, password: 'wrong-c4n4ry' })),
    ]);
    expect(answers[0]).toBe('DATABASE_URL points to a database that nobody listens at (ECONNREFUSED)');
    expect(answers[1]).toBe('DATABASE_URL points to a database that does not exist on the server (3D000)');
    for (const answer of answers) expect(answer).toMatch(/^DATABASE_URL [^\n]*$/);
    expect(answers.join()).not.toMatch(/c4n4ry/);
  });

  it('that takes the connection and says nothing is refused in time, from whichever question on', async () => {
    const { url, drop } = await freshDatabase();
    const proxy = await startFaultProxy(url);
    cleaning.push(drop, () => proxy.close());
    const config = readConfig({ DATABASE_URL: proxy.url, CRM_SYNC_ENCRYPTION_KEYS: KEY });
    // A farewell that nobody answers keeps nobody from anything.
    const silent = /^opened$|^ConfigError: DATABASE_URL points to a database that does not answer: /;
    let opened = 0;
    for (let question = 1; question <= QUESTIONS; question += 1) {
      proxy.blackholeAt(question);
      const answer = await openDatabase(config, { patience: 250 }).then(() => 'opened', String);
      proxy.resetAll();
      expect([question, answer]).toEqual([question, expect.stringMatching(silent)]);
      opened += answer === 'opened' ? 1 : 0;
    }
    expect(opened).toBeLessThan(QUESTIONS / 2);
  });

  it('that was restored without the rights of our role says what to do', async () => {
    const { url, drop } = await freshDatabase();
    cleaning.push(drop);
    await rows(url, 'revoke all on all tables in schema public from crm_sync_service');
    expect(await errorOf(url)).toMatch(
      /^DATABASE_URL points to a database that was restored without the rights of the role crm_sync_service: /,
    );
  });

  it('without the rights for it says whose they are', async () => {
    const { url, drop } = await freshDatabase();
    cleaning.push(drop);
    const login = await newLogin();
    expect(await errorOf(as(url, login))).toMatch(/^DATABASE_URL uses a login that may not create the role/);
    await onServer(`grant crm_sync_service to ${login.name}`);
    const foreign = await emptyDatabase();
    expect(await errorOf(as(foreign, login))).toBe(
      'DATABASE_URL points to a database that does not let this login make tables (42501)',
    );
  });
});
