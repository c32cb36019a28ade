import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { Company } from '../../sandbox/companies.ts';
import type { Connection, Lead, Run } from '../contract.ts';
import { API_KEY, startService, type Service } from '../service.ts';
import { deliver, webhooksOf } from '../webhooks.ts';
import { startWorld, type World } from '../world.ts';
import {
  describeInBrowser,
  hindrances,
  isHeard,
  openPage,
  startBrowser,
  until,
  type Seen,
} from './browser.ts';

const PATIENCE = 600_000;
const CLIENTS = 60;
/** Half a year from now: no time of it comes while the tests run. */
const YEARLY = `30 4 1 ${((new Date().getUTCMonth() + 6) % 12) + 1} *`;

/** What can be set, approved, looked up and ended on the pages of a company, of a run and of a lead. */
describeInBrowser('In the console', () => {
  let world: World;
  let browser: Browser;
  let company: Company;
  let connection: Connection;
  let context: BrowserContext;
  let page: Page;
  let seen: Seen;

  beforeAll(async () => {
    world = await startWorld();
    ({ company, connection } = await world.connected({ clients: CLIENTS }));
    await world.sync(connection);
    browser = await startBrowser();
    ({ page, context, seen } = await openPage(browser, world.service.url));
    await context.request.post('/api/session', { data: { key: API_KEY } });
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  }, PATIENCE);

  const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
  const dialog = (): Locator => page.getByRole('dialog');
  const isSaid = (text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();
  const settings = (path = `/settings/connections/${connection.id}`) => page.goto(path);
  const now = async (): Promise<Connection> =>
    (await world.api<Connection>('GET', `/api/connections/${connection.id}`)).body;
  /** What is said about a field, to those who cannot see it, too. */
  const saidOf = async (field: Locator): Promise<string> => {
    await until(async () => (await field.getAttribute('aria-invalid')) === 'true');
    const ids = (await field.getAttribute('aria-describedby'))?.split(' ').filter(Boolean) ?? [];
    return (await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).innerText()))).join(' ');
  };

  it(
    'a schedule is set, refused at its field when it is none, and its next five times are told',
    async () => {
      await settings();
      await page.getByRole('combobox', { name: 'Sync by itself' }).click();
      await page.getByRole('option', { name: 'As I write it' }).click();
      const cron = page.getByRole('textbox', { name: 'Minute, hour, day, month, weekday' });
      await cron.fill('every day');
      await button('Set').click();
      expect(await saidOf(cron)).toMatch(/five fields/);
      expect((await now()).schedule).toBeNull();
      await cron.fill(YEARLY);
      await page.getByRole('combobox', { name: 'By the clocks of' }).fill('Asia/Tokyo');
      await page.getByRole('option', { name: 'Asia/Tokyo' }).click();
      await button('Set').click();
      await isSaid('The next times');
      const { schedule, nextSyncs } = await now();
      expect(schedule).toEqual({ cron: YEARLY, timezone: 'Asia/Tokyo' });
      const told = await page.evaluate<string[]>(
        '[...document.querySelectorAll("li time")].map(({ dateTime }) => dateTime)',
      );
      expect(told).toEqual(nextSyncs);
      expect(nextSyncs).toHaveLength(5);
    },
    PATIENCE,
  );

  it(
    'webhooks are turned on, their address is shown once, made anew, and turned off',
    async () => {
      await settings();
      const address = page.locator('code');
      await isSaid(/can tell of each change/);
      await button('Turn on').click();
      const first = await address.innerText();
      expect((await deliver(first, { client_id: 1 })).status).toBe(202);
      await page.reload();
      await isSaid(/SimplyBook.me tells of changes/);
      expect(await address.count()).toBe(0);
      await button('New address').click();
      await address.waitFor();
      expect(await address.innerText()).not.toBe(first);
      await button('Turn off…').click();
      await dialog()
        .getByText(/stops working at once/)
        .waitFor();
      await dialog().getByRole('button', { name: 'Turn off' }).click();
      await isSaid(/can tell of each change/);
      expect(await address.count()).toBe(0);
      expect(await webhooksOf(world, connection)).toMatchObject({ on: false });
      expect((await deliver(first, { client_id: 1 })).status).toBe(404);
    },
    PATIENCE,
  );

  it(
    'credentials are replaced by such that work, and by no others',
    async () => {
      await settings();
      await button('Replace credentials').click();
      const secret = dialog().getByLabel('Password or API User Key');
      await secret.fill('wrong');
      await dialog().getByRole('button', { name: 'Replace' }).click();
      expect(await saidOf(secret)).toMatch(/refused the login: login or secret are wrong/);
      expect(await hindrances(page)).toEqual([]);
      await until(() => secret.evaluate((input) => input === input.ownerDocument.activeElement));
      await dialog().getByLabel('Login').fill('');
      await dialog().getByRole('button', { name: 'Replace' }).click();
      expect(await saidOf(dialog().getByLabel('Login'))).not.toBe('');
      await dialog().getByLabel('Login').fill(company.account.login);
      await secret.fill(company.account.apiUserKey);
      await dialog().getByRole('button', { name: 'Replace' }).click();
      await isHeard(page, 'The new credentials work and are in use.');
      expect((await world.sync(connection)).success).toBe(true);
      const kept = await page.evaluate<string>('document.documentElement.outerHTML');
      expect(kept.includes(company.account.apiUserKey)).toBe(false);
    },
    PATIENCE,
  );

  it(
    'a lead is shown as it was at each time of its history, and as it is now',
    async () => {
      company.crm.change(1, { phone: '+49 151 98765432', name: 'Renamed Since' });
      const before = (await world.all<Lead>('/api/leads')).find(
        ({ sources }) => sources[0]?.externalId === '1',
      )!;
      await world.sync(connection);
      await page.goto(`/leads/${before.id}`);
      await page.getByRole('heading', { level: 1, name: 'Renamed Since' }).waitFor();
      await isSaid(`from ${company.account.company}, client 1`);
      await page.getByRole('link', { name: 'as it was then' }).click();
      await page.getByRole('heading', { level: 1, name: before.name ?? '' }).waitFor();
      await isSaid(/^As it was on/);
      expect(await page.locator('dl.facts').first().innerText()).toContain(before.phone);
      expect(await button('Merge…').count()).toBe(0);
      expect(await hindrances(page)).toEqual([]);
      await page.reload();
      await isSaid(/^As it was on/);
      await page.getByRole('link', { name: 'Back to now' }).click();
      await page.getByRole('heading', { level: 1, name: 'Renamed Since' }).waitFor();
    },
    PATIENCE,
  );

  it(
    'deletions that were too many to be believed are approved on the page of their run',
    async () => {
      for (let id = 2; id <= 31; id += 1) company.crm.delete(id);
      const { runId } = await world.sync(connection);
      await page.goto(`/runs/${runId}`);
      await isSaid('30 leads would be gone');
      // What programs are told to do is no help to somebody who looks at a page.
      expect(await page.getByRole('main').innerText()).not.toMatch(/POST|did not come to its end/);
      expect(await hindrances(page)).toEqual([]);
      await button('They are gone: approve…').click();
      await dialog().getByRole('button', { name: 'Keep it as it is' }).click();
      const held = async () => (await world.api<Run>('GET', `/api/runs/${runId}`)).body.heldDeletions;
      expect(await held()).toMatchObject({ approved: false });
      await button('They are gone: approve…').click();
      await dialog()
        .getByText(/nothing is deleted here/)
        .waitFor();
      await button('Let them go').click();
      await isSaid(/^Approved by Administrator/);
      expect(await held()).toMatchObject({ approved: true });
      await until(async () => (await world.all<Lead>('/api/leads?status=gone')).length === 30);
    },
    PATIENCE,
  );

  it(
    'every form and filter says at its field what is wrong with it',
    async () => {
      await page.goto('/audit');
      const stream = page.getByRole('textbox', { name: 'Stream' });
      await stream.fill('lead-* and more');
      expect(await saidOf(stream)).toMatch(/must be the name of a stream/i);
      await settings('/settings/connect');
      await page.getByRole('textbox', { name: 'Company' }).fill('studio');
      await page.getByLabel('Login').fill('owner');
      await page.getByLabel('Password or API User Key').fill('secret');
      await button(/^More settings/).click();
      const country = page.getByLabel('Country');
      await country.fill('7!');
      await button('Connect').click();
      expect(await saidOf(country)).toMatch(/country code/);
      await country.fill('');
      await page.getByLabel('Secret of the authenticator app').fill('no secret at all!');
      await button('Connect').click();
      expect(await saidOf(page.getByLabel('Secret of the authenticator app'))).not.toBe('');
    },
    PATIENCE,
  );

  it(
    'a company is disconnected with a plain statement of what stays',
    async () => {
      await settings();
      await button('Disconnect…').click();
      await dialog()
        .getByText(/Everything that was brought here stays/)
        .waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
      await isHeard(page, 'is disconnected. Its leads');
      await settings();
      await isSaid('This company is disconnected');
      expect(await button('Sync now').count()).toBe(0);
      expect(await button('Replace credentials').count()).toBe(0);
      expect(await world.all<Lead>('/api/leads?status=active')).not.toEqual([]);
    },
    PATIENCE,
  );

  it(
    'a service that stops is said on every page, which goes on by itself when it is back',
    async () => {
      await page.goto('/audit');
      await page.getByRole('link', { name: 'CrmDisconnected' }).waitFor();
      const { companies, service } = world;
      // The other pages are fetched when this one is there.
      const loaded = `(() => {
        const there = new Set(performance.getEntriesByType('resource').map(({ name }) => name));
        return [...there].some((name) => name.includes('/leads-')) &&
          [...document.querySelectorAll('link[rel="modulepreload"], link[rel="stylesheet"]')].every(({ href }) => there.has(href));
      })()`;
      await until(() => page.evaluate<boolean>(loaded));
      await service.stop();
      await page.getByRole('link', { name: 'Leads', exact: true }).click();
      await isSaid('crm-sync does not answer');
      expect(await hindrances(page)).toEqual([]);
      await button('Export CSV').click();
      const notice = page.getByRole('status').getByText(/^No answer came/);
      await notice.waitFor();
      const again: Service = await startService({
        databaseUrl: service.databaseUrl,
        restUrl: companies.url,
        environment: { PORT: new URL(service.url).port },
      });
      try {
        await page.getByText('crm-sync does not answer').waitFor({ state: 'detached' });
        await page.getByRole('table', { name: 'Leads' }).waitFor();
        await notice.waitFor({ state: 'detached' });
      } finally {
        await again.stop();
      }
    },
    PATIENCE,
  );

  it('nothing was complained of, nor asked of a stranger', () => {
    // While the service is away the browser itself says so.
    expect(seen.errors.filter((error) => !error.includes('ERR_'))).toEqual([]);
    expect(seen.strangers).toEqual([]);
  });
});
