import http from 'node:http';
import type { Crm } from './sides.ts';

/** A client as the CRM lists it. */
export type Listed = {
  id: number | string;
  name: string;
  email: string | null;
  phone: string | null;
} & Record<'address1' | 'address2' | 'city' | 'zip' | 'country_id' | 'state_id', string | null>;

type Page = { data: Listed[]; metadata: { pages_count: number } };

/** As many as the service asks for. */
const ON_PAGE = 100;

/** Signs in and lists the clients page by page, the next page asked for while the last one is worked on. */
export async function* pages(crm: Crm): AsyncGenerator<Listed[], void, undefined> {
  // One connection, kept alive; Node's own client, because it is faster here than fetch and axios.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const { company, login, password } = crm;
    const signedIn = await ask(agent, `${crm.url}/admin/auth`, {}, { company, login, password });
    const { token } = JSON.parse(signedIn) as { token: string };
    const headers = { 'x-company-login': company, 'x-token': token };
    const page = (number: number): Promise<string> =>
      ask(agent, `${crm.url}/admin/clients?page=${number}&on_page=${ON_PAGE}`, headers);
    let ahead = page(1);
    for (let number = 1, last = 1; number <= last; number += 1) {
      const text = await ahead;
      if (number < last) ahead = page(number + 1);
      const { data, metadata } = JSON.parse(text) as Page;
      last = metadata.pages_count;
      if (number === 1 && last > 1) ahead = page(2);
      yield data;
    }
  } finally {
    agent.destroy();
  }
}

const ask = (
  agent: http.Agent,
  url: string,
  headers: Record<string, string>,
  body?: object,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = http.request(url, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200 || response.statusCode === 201)
          resolve(Buffer.concat(chunks).toString());
        else reject(new Error(`The CRM answered ${response.statusCode}.`));
      });
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });

/** The same pages as lists of `size` clients. */
export async function* batchesOf(crm: Crm, size: number): AsyncGenerator<Listed[], void, undefined> {
  let batch: Listed[] = [];
  for await (const page of pages(crm)) {
    batch.push(...page);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
