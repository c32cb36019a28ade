import { randomUUID } from 'node:crypto';
import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql';
import axios from 'axios';
import type { Listed } from './pages.ts';
import type { Job, Side } from './sides.ts';

// (a): such a sync as it is usually written. Entities, a transaction per client, a page after the other; nothing
// encrypted, nothing chained, and no index but the keys and the unique e-mail.

const Lead = defineEntity({
  name: 'Lead',
  tableName: 'leads',
  properties: {
    id: p.uuid().primary(),
    name: p.text().nullable(),
    email: p.text().nullable(),
    emailKey: p.text().nullable().unique(),
    phone: p.text().nullable(),
    status: p.text(),
    search: p.text(),
    sortName: p.text(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    version: p.integer(),
  },
});

const Event = defineEntity({
  name: 'Event',
  tableName: 'events',
  properties: {
    position: p.bigint().primary(),
    stream: p.text(),
    version: p.integer(),
    type: p.text(),
    data: p.json(),
    subject: p.text().nullable(),
    personal: p.json().nullable(),
    meta: p.json(),
    recordedAt: p.datetime(),
  },
  uniques: [{ properties: ['stream', 'version'] }],
});

export const byOrm = async ({ crm, database, most }: Job): Promise<Side> => {
  const orm = await MikroORM.init({ clientUrl: database, entities: [Lead, Event] });
  await orm.schema.create();
  const { company, login, password } = crm;
  const sync = async (): Promise<number> => {
    const auth = await axios.post<{ token: string }>(`${crm.url}/admin/auth`, { company, login, password });
    const headers = { 'x-company-login': company, 'x-token': auth.data.token };
    let taken = 0;
    for (let page = 1, last = 1; page <= last && taken < most; page += 1) {
      const { data } = await axios.get<{ data: Listed[]; metadata: { pages_count: number } }>(
        `${crm.url}/admin/clients`,
        { params: { page, on_page: 100 }, headers },
      );
      last = data.metadata.pages_count;
      for (const client of data.data.slice(0, most - taken)) {
        await take(orm, client);
        taken += 1;
      }
    }
    return taken;
  };
  const prove = async () => ({ leads: await orm.em.fork().count(Lead), people: null, facts: null });
  return { sync, prove, close: () => orm.close(true) };
};

const take = (orm: MikroORM, { id, name, email, phone }: Listed): Promise<void> =>
  orm.em.fork().transactional(async (em) => {
    const emailKey = email?.trim().toLowerCase() ?? null;
    const known = await em.findOne(Lead, { emailKey });
    if (known !== null && known.name === name && known.phone === phone) return;
    const now = new Date();
    const leadId = known?.id ?? randomUUID();
    const version = (known?.version ?? 0) + 1;
    const search = [name, email, phone].join('\n').toLowerCase();
    const values = { name, email, emailKey, phone, search, sortName: name.toLowerCase() };
    if (known === null) {
      em.create(Lead, { id: leadId, ...values, status: 'active', createdAt: now, updatedAt: now, version });
    } else em.assign(known, { ...values, updatedAt: now, version });
    const meta = { actor: 'key:bench', correlationId: leadId, causationId: null };
    const fact = { version, personal: { name, email, phone }, meta, recordedAt: now };
    em.create(Event, {
      ...fact,
      stream: `crm-client-${id}`,
      subject: `crm-client-${id}`,
      type: 'ClientImported',
      data: { externalId: String(id), leadId, change: known === null ? 'new' : 'changed' },
    });
    em.create(Event, {
      ...fact,
      stream: `lead-${leadId}`,
      subject: `crm-client-${id}`,
      type: 'LeadUpserted',
      data: { leadId, change: known === null ? 'created' : 'updated' },
    });
  });
