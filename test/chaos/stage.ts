import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import type { Connection } from '../contract.ts';
import { startFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import { brokenNow } from '../faults/invariants.ts';
import { startOwnServer, type OwnServer } from '../faults/own-server.ts';
import type { Address } from '../webhooks.ts';
import { Instance } from './instance.ts';
import { Reader } from './reader.ts';

/** `spoilt`: clients that have been without an address of their own. */
export type Synced = { company: Company; connection: Connection; spoilt: Set<number> };

/** Two instances on one database, each with a way of its own to it that can fail, and the companies they sync. */
export type Stage = {
  server: OwnServer;
  /** By instance: its way to the database. */
  ways: FaultProxy[];
  /** The way of both to the CRM. */
  crmWay: FaultProxy;
  instances: Instance[];
  synced: Synced[];
  reader: Reader;
  /** What must never be and was. */
  broken: string[];
  /** The invariants at this moment; nothing when there is no database. */
  check: () => Promise<void>;
  sql: <Row extends object>(statement: string) => Promise<Row[]>;
  /** Connects a company that was disconnected; nothing when it is connected, or when that cannot be done just now. */
  reconnect: (synced: Synced, instance: Instance) => Promise<void>;
  close: () => Promise<void>;
};

const COMPANIES = [
  { clients: 60, bookings: 20 },
  { clients: 35, bookings: 10 },
];

/** Deletions are wanted here, however many: nobody is there to approve them. */
const ENVIRONMENT = { LOG_LEVEL: 'info', CRM_SYNC_DELETIONS_COUNT: '1000000' };

export const setStage = async (): Promise<Stage> => {
  const broken: string[] = [];
  const server = await startOwnServer({ max_connections: '150' });
  const companies = await startCompanies();
  const ways = [await startFaultProxy(server.url), await startFaultProxy(server.url)];
  const crmWay = await startFaultProxy(companies.url);
  const rpcUrl = new URL(new URL(companies.rpcUrl).pathname, crmWay.url).href;
  const instances: Instance[] = [];
  const ports = await freePorts(ways.length);
  for (const [n, { url: databaseUrl }] of ways.entries()) {
    const environment = { ...ENVIRONMENT, PORT: ports[n]! };
    const options = { databaseUrl, restUrl: new URL(crmWay.url).origin, rpcUrl, environment };
    instances.push(new Instance('AB'[n]!, options, (what) => broken.push(what)));
  }
  await Promise.all(instances.map((instance) => instance.start()));
  const synced: Synced[] = [];
  for (const [n, size] of COMPANIES.entries()) synced.push(await connected(companies, instances[n]!, size));
  const sql: Stage['sql'] = async <Row extends object>(statement: string) =>
    withClient(server, async (client) => (await client.query<Row>(statement)).rows);
  const check = async (): Promise<void> => {
    // There may be no database to look at just now.
    const found = await withClient(server, brokenNow).catch((error: Error) => {
      if (!/ECONN|terminat|starting up|shutting down|recovery/i.test(error.message)) throw error;
      return [];
    });
    broken.push(...found);
  };
  const reconnect: Stage['reconnect'] = async (one, instance) => {
    const { company, login, password: secret } = one.company.account;
    const body = { provider: 'simplybook', company, login, secret };
    const answer = await instance.ask<Connection>('POST', '/api/connections', {}, body);
    if (answer?.status === 201) one.connection = answer.body;
    const [open] = await sql<{ id: string }>(
      `select id from connections where company = '${company}' and status <> 'disconnected'`,
    );
    if (open === undefined) return;
    // Whoever was answered may have been killed before he could say so.
    one.connection = { ...one.connection, id: open.id };
    await instance.ask('POST', `/api/connections/${open.id}/webhooks`);
  };
  const reader = new Reader(instances, (what) => broken.push(what));
  return {
    server,
    ways,
    crmWay,
    instances,
    synced,
    reader,
    broken,
    check,
    sql,
    reconnect,
    close: async () => {
      await Promise.all(instances.map((instance) => instance.kill()));
      await Promise.all([...ways, crmWay].map((proxy) => proxy.close()));
      await companies.close();
      await server.remove();
    },
  };
};

const connected = async (
  companies: Companies,
  { api }: Instance,
  size: { clients: number; bookings: number },
): Promise<Synced> => {
  const company = await companies.open({ clean: true, ...size, switches: { onPageCap: 10 } });
  const { company: name, login, password: secret } = company.account;
  const body = { provider: 'simplybook', company: name, login, secret };
  const { status, body: connection, text } = await api<Connection>('POST', '/api/connections', body);
  if (status !== 201) throw new Error(text);
  const hooks = await api<Address>('POST', `/api/connections/${connection.id}/webhooks`);
  if (!hooks.body.registered) throw new Error(hooks.text);
  return { company, connection, spoilt: new Set() };
};

/** Webhooks find an instance where it was, however often it is started again. */
const freePorts = async (count: number): Promise<string[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: string[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push(String((server.address() as AddressInfo).port));
  }
  for (const server of servers) await once(server.close(), 'close');
  return ports;
};

const withClient = async <T>({ url }: OwnServer, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
};
