import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startCompanies, type Companies, type Company } from '../../sandbox/companies.ts';
import type { Connection, Lead, Page, Run, SyncAnswer } from '../contract.ts';
import { startService, type Service } from '../service.ts';
import { addressOf, onServer } from '../shared/database.ts';
import { startPooler, whyNoPooler, type Pooler } from './pgbouncer.ts';

const why = whyNoPooler();
const name = `test_${randomUUID().replaceAll('-', '')}`;

(why === null ? describe : describe.skip)(
  `behind PgBouncer, which lends two server connections by the transaction${why === null ? '' : ` (${why})`}`,
  () => {
    let pooler: Pooler;
    let companies: Companies;
    let services: Service[];
    let sql: Client;

    const start = (): Promise<Service> =>
      startService({
        databaseUrl: pooler.url(addressOf(name)),
        restUrl: companies.url,
        rpcUrl: companies.rpcUrl,
      });

    beforeAll(async () => {
      pooler = await startPooler(addressOf(name), 2);
      companies = await startCompanies();
      await onServer(`create database ${name} template template0`);
      sql = new Client({ connectionString: addressOf(name) });
      await sql.connect();
      // All three find an empty database.
      services = await Promise.all([start(), start(), start()]);
    });
    afterAll(async () => {
      await Promise.all(services.map((service) => service.stop()));
      await sql.end();
      await companies.close();
      await pooler.close();
      await onServer(`drop database ${name} with (force)`);
    });

    const connect = async ({ account }: Company): Promise<Connection> => {
      const { company, login, password: secret } = account;
      const body = { provider: 'simplybook', company, login, secret };
      return (await services[0]!.api<Connection>('POST', '/api/connections', body)).body;
    };

    it('three instances make the database, and are ready: none of them may change the log', async () => {
      for (const { api } of services) expect((await api('GET', '/health/ready')).status).toBe(200);
      expect(services[0]!.output()).toContain('connection pooler');
      const { rows } = await sql.query('select count(*)::int as files from mikro_orm_migrations');
      expect(rows[0].files).toBeGreaterThan(5);
    });

    it('two companies are synced at the same time by two instances, and again without a change', async () => {
      const opened = await Promise.all(
        [40, 40].map((clients) => companies.open({ clean: true, clients, bookings: 20 })),
      );
      const connections = [await connect(opened[0]!), await connect(opened[1]!)];
      const syncs = (): Promise<SyncAnswer[]> =>
        Promise.all(
          connections.map(async ({ id }, n) => {
            const answer = await services[n]!.api<SyncAnswer>('POST', `/api/connections/${id}/sync`);
            expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
            return answer.body;
          }),
        );
      for (const { stats } of await syncs())
        expect(stats).toMatchObject({ leads_created: 40, errors_count: 0 });
      const before = (await sql.query('select position from event_log')).rows;
      for (const { stats } of await syncs()) expect(stats).toMatchObject({ leads_unchanged: 40 });
      const added = await sql.query(
        "select count(*)::int as n from events where position > $1 and type !~ '^Sync'",
        [before[0].position],
      );
      expect(added.rows).toEqual([{ n: 0 }]);
    });

    it('thirty callers ask, start and join at once, and all are answered', async () => {
      const company = await companies.open({ clean: true, clients: 8 });
      const connection = await connect(company);
      const asked = Array.from({ length: 30 }, async (_, n) => {
        const { api } = services[n % 3]!;
        if (n % 2 === 0) return (await api<Page<Lead>>('GET', '/api/leads?limit=200')).status;
        const path = `/api/connections/${connection.id}/sync`;
        return (await api<Run>('POST', path, undefined, { prefer: 'respond-async' })).status;
      });
      expect(new Set(await Promise.all(asked))).toEqual(new Set([200, 202]));
      const answer = await services[1]!.api<SyncAnswer>('POST', `/api/connections/${connection.id}/sync`);
      expect([answer.status, answer.body.stats.clients_fetched]).toEqual([200, 8]);
    });

    it('leaves neither locks nor settings behind on the connections that others get', async () => {
      const locks = await sql.query(
        `select l.* from pg_locks l join pg_database d on d.oid = l.database
          where d.datname = $1 and l.locktype = 'advisory'`,
        [name],
      );
      expect(locks.rows).toEqual([]);
      const stranger = new Client({ connectionString: pooler.url(addressOf(name)) });
      await stranger.connect();
      for (let look = 0; look < 4; look += 1) {
        const { rows } = await stranger.query(
          "select current_user = session_user as own, current_setting('statement_timeout') as patience",
        );
        expect(rows).toEqual([{ own: true, patience: '0' }]);
      }
      await stranger.end();
    });
  },
);
