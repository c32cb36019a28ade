import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startCompanies, type Companies, type Company } from '../sandbox/companies.ts';
import { get, post, type Api, type Connection, type Lead, type List } from './api.ts';
import { startService } from './service.ts';
import type { Closers } from './stage.ts';
import { sync } from './sync.ts';
import { makeDirectory, removeDirectory } from './throw-away.ts';

const USAGE = `npm run screenshots [-- --every <folder>]

Makes the pictures of the console in docs/images, of people and appointments that the sandbox makes up.

  --every <folder>   instead every page at three widths, light and dark, to look at
  --only <text>      only pictures whose name matches, for example "lead-" or "narrow-dark"`;

const IMAGES = join(import.meta.dirname, '..', 'docs', 'images');
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const QUIET = ['--disable-background-networking', '--disable-component-update'];

type Shot = { name: string; path: string; prepare?: (page: Page) => Promise<void> };
type Look = { width: number; height: number; scheme: 'light' | 'dark' };

const WIDTHS: Record<string, { width: number; height: number }> = {
  narrow: { width: 360, height: 740 },
  middle: { width: 820, height: 1100 },
  wide: { width: 1360, height: 850 },
};

/** What the README and docs/console.md show. */
const SHOWN = new Set([
  'dashboard-wide.png',
  'dashboard-narrow-dark.png',
  'leads-wide.png',
  'lead-wide.png',
  'lead-narrow.png',
  'connection-wide.png',
  'quarantine-record-wide.png',
  'bookings-wide.png',
  'run-wide.png',
  'audit-wide-dark.png',
]);

const studio = (companies: Companies, more: object): Promise<Company> =>
  companies.open({ clients: 320, bookings: 90, clean: false, ...more });

const connect = (api: Api, { account }: Company, name: string): Promise<Connection> =>
  post<Connection>(api, '/api/connections', {
    provider: 'simplybook',
    company: account.company,
    login: account.login,
    secret: account.password,
    name,
    timezone: 'Europe/Berlin',
    country: 'DE',
  });

type Told = { connection: Connection; lead: Lead; runId: string; waiting: { id: string } };

/** Two companies that know a few people both, with a past: changes, a repair, a merge. */
const past = async (api: Api, companies: Companies): Promise<Told> => {
  const first = await studio(companies, { company: 'acmestudio' });
  const second = await studio(companies, { company: 'acmespa', clients: 60, bookings: 20, clean: true });
  const mia = { name: 'Mia Lindqvist', email: 'mia.lindqvist@example.com', phone: '0151 23456789' };
  const own = first.crm.add(mia);
  second.crm.add({ ...mia, phone: '+49 30 1234567' });
  first.bookings.add({ clientId: own.id });
  const connection = await connect(api, first, 'Acme Studio');
  await sync(api, connection.id, () => undefined);
  const spa = await connect(api, second, 'Acme Spa');
  await sync(api, spa.id, () => undefined);
  first.crm.change(own.id, { phone: '+49 151 98765432' });
  await sync(api, connection.id, () => undefined);
  const other = first.crm.add({ name: 'Mia Lindquist', email: 'mia@example.net', phone: '' });
  first.crm.change(own.id, { name: 'Mia Lindqvist-Berg' });
  for (const client of first.crm.all().slice(40, 52))
    first.crm.change(client.id, { phone: `+4930${client.id}77` });
  const { run } = await sync(api, connection.id, () => undefined);
  const kept = await leadCalled(api, 'mia.lindqvist@');
  const merged = await leadCalled(api, 'mia@example.net');
  await post(api, `/api/leads/${kept.id}/merge`, { leadId: merged.id });
  const { data } = await get<List<{ id: string }>>(api, '/api/quarantine?code=email.missing&limit=1');
  if (other.id === 0 || data[0] === undefined) throw new Error('Nothing waits in quarantine.');
  return { connection, lead: kept, runId: run.id, waiting: data[0] };
};

const leadCalled = async (api: Api, search: string): Promise<Lead> => {
  const { data } = await get<List<Lead>>(api, `/api/leads?search=${encodeURIComponent(search)}`);
  if (data[0] === undefined) throw new Error(`Nobody is called ${search}.`);
  return data[0];
};

const shotsOf = ({ connection, lead, runId, waiting }: Told): Shot[] => [
  { name: 'dashboard', path: '/' },
  { name: 'leads', path: '/leads' },
  { name: 'lead', path: `/leads/${lead.id}` },
  { name: 'bookings', path: '/bookings' },
  {
    name: 'bookings-list',
    path: '/bookings',
    prepare: (page) => page.getByText('List', { exact: true }).click(),
  },
  { name: 'quarantine', path: '/quarantine' },
  { name: 'quarantine-record', path: `/quarantine?open=${waiting.id}` },
  { name: 'runs', path: '/runs' },
  { name: 'run', path: `/runs/${runId}` },
  { name: 'audit', path: '/audit' },
  { name: 'event', path: '/audit/9' },
  { name: 'settings', path: '/settings' },
  { name: 'connect', path: '/settings/connect' },
  { name: 'connection', path: `/settings/connections/${connection.id}` },
];

/** Nothing that moves, nothing that still loads. */
const settled = async (page: Page): Promise<void> => {
  await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
  while ((await page.locator('[aria-busy="true"]').count()) > 0) await page.waitForTimeout(50);
  await page.waitForTimeout(700);
};

const signedIn = async (browser: Browser, { url, key }: Api, look: Look): Promise<Page> => {
  const { width, height, scheme } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') console.log(`  ${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => console.log(`  ${page.url()}: ${error.message}`));
  await context.request.post(`${url}/api/session`, { data: { key } });
  return page;
};

const take = async (page: Page, url: string, { path, prepare }: Shot, file: string): Promise<void> => {
  await page.goto(`${url}${path}`);
  await settled(page);
  if (prepare !== undefined) {
    await prepare(page);
    await settled(page);
  }
  await page.screenshot({ path: file });
  console.log(file);
};

type Picture = { name: string; width: string; scheme: 'light' | 'dark' };

const everyOf = (shots: Shot[]): Picture[] =>
  shots.flatMap(({ name }) =>
    Object.keys(WIDTHS).flatMap((width) =>
      (['light', 'dark'] as const).map((scheme) => ({ name, width, scheme })),
    ),
  );

const fileOf = ({ name, width, scheme }: Picture): string =>
  `${name}-${width}${scheme === 'dark' ? '-dark' : ''}.png`;

const main = async (closers: Closers): Promise<void> => {
  const { values } = parseArgs({
    options: { every: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return console.log(USAGE);
  const folder = values.every ?? IMAGES;
  await mkdir(folder, { recursive: true });
  const companies = await startCompanies();
  closers.push(() => companies.close());
  const dataDir = await makeDirectory();
  closers.push(() => removeDirectory(dataDir));
  const { signal } = new AbortController();
  const environment = { SIMPLYBOOK_RPC_URL: companies.rpcUrl };
  const service = await startService({
    dataDir,
    closers,
    sandboxUrl: companies.url,
    ports: [0],
    environment,
    signal,
    onDeath: (failure) => console.error(failure.message),
  });
  const api: Api = { ...service, signal };
  const shots = shotsOf(await past(api, companies));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...QUIET] });
  closers.push(() => browser.close());
  const pictures = everyOf(shots).filter(
    (picture) =>
      (values.every !== undefined || SHOWN.has(fileOf(picture))) &&
      new RegExp(values.only ?? '').test(fileOf(picture)),
  );
  for (const picture of pictures) {
    const shot = shots.find(({ name }) => name === picture.name);
    const size = WIDTHS[picture.width];
    if (shot === undefined || size === undefined) continue;
    const page = await signedIn(browser, api, { ...size, scheme: picture.scheme });
    await take(page, api.url, shot, join(folder, fileOf(picture)));
    await page.context().close();
  }
};

const closers: Closers = [];
try {
  await main(closers);
} finally {
  for (const close of closers.toReversed()) await close();
}
