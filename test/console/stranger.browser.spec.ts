import { afterAll, beforeAll, beforeEach, afterEach, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { Company } from '../../sandbox/companies.ts';
import type { Connection, Run } from '../contract.ts';
import { API_KEY } from '../service.ts';
import { startWorld, type World } from '../world.ts';
import { describeInBrowser, hindrances, isHeard, openPage, startBrowser, until } from './browser.ts';

const PATIENCE = 600_000;
/** More than the pages that are loaded anew without a word. */
const LEADS = 420;

/** What somebody meets who does not do what was thought of: wrong addresses, sessions that end, two clicks, others at the same time. */
describeInBrowser('Whoever goes astray in the console', () => {
  let world: World;
  let browser: Browser;
  let company: Company;
  let connection: Connection;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    world = await startWorld();
    ({ company, connection } = await world.connected({ clients: LEADS }));
    await world.sync(connection);
    browser = await startBrowser();
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  }, PATIENCE);
  beforeEach(async () => {
    ({ page, context } = await openPage(browser, world.service.url));
    await context.request.post('/api/session', { data: { key: API_KEY } });
  }, PATIENCE);
  afterEach(() => context.close());

  const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
  const heading = (name: string): Promise<void> =>
    page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  /** As if the page had just been looked at again: then it asks at once whether there is news, else every ten seconds. */
  const lookAgain = (): Promise<void> =>
    page.evaluate('void document.dispatchEvent(new Event("visibilitychange"))');
  const asked = (matches: (method: string, path: string) => boolean): { count: number } => {
    const seen = { count: 0 };
    page.on('request', (request) => {
      if (matches(request.method(), new URL(request.url()).pathname)) seen.count += 1;
    });
    return seen;
  };

  it(
    'is told that an address is none, and led back',
    async () => {
      const answer = await page.goto('/leads/nobody/nowhere');
      expect(answer?.status()).toBe(404);
      await heading('There is nothing here');
      expect(await hindrances(page)).toEqual([]);
      await page.getByRole('link', { name: 'Go to the dashboard' }).click();
      await heading('Dashboard');
    },
    PATIENCE,
  );

  it(
    'loses nothing that has been typed when the session ends meanwhile',
    async () => {
      await page.goto(`/settings/connections/${connection.id}`);
      await button('Replace credentials').click();
      const dialog = page.getByRole('dialog', { name: 'Replace credentials' });
      const secret = dialog.getByLabel('Password or API User Key');
      await secret.fill('typed before');
      // While the request is on its way: a moment before, the page may have noticed by itself.
      await page.route(
        '**/credentials',
        async (route) => {
          await context.request.delete('/api/session');
          await route.continue();
        },
        { times: 1 },
      );
      await dialog.getByRole('button', { name: 'Replace' }).click();
      const signIn = page.getByRole('dialog', { name: 'Sign in to crm-sync' });
      await signIn.waitFor();
      expect(await hindrances(page)).toEqual([]);
      await page.keyboard.press('Escape');
      const where =
        'document.activeElement.closest("[role=dialog]")?.getAttribute("aria-label") ?? "nowhere"';
      // Behind the last field there is the browser itself.
      const reached = new Set(['nowhere']);
      for (let tabs = 0; tabs < 6; tabs += 1) {
        reached.add(await page.evaluate<string>(where));
        await page.keyboard.press('Tab');
      }
      expect([...reached].toSorted()).toEqual(['Sign in to crm-sync', 'nowhere']);
      await signIn.getByLabel('API key', { exact: true }).fill(API_KEY);
      await signIn.getByRole('button', { name: 'Sign in' }).click();
      await signIn.waitFor({ state: 'detached' });
      expect(await secret.inputValue()).toBe('typed before');
      await dialog.getByText('Nothing was done. Now that you are signed in, do it again.').waitFor();
      await secret.fill(company.account.password);
      await dialog.getByRole('button', { name: 'Replace' }).click();
      await isHeard(page, 'The new credentials work and are in use.');
    },
    PATIENCE,
  );

  it(
    'does once what was clicked twice',
    async () => {
      await page.goto(`/settings/connections/${connection.id}`);
      const started = asked((method, path) => method === 'POST' && path.endsWith('/sync'));
      const before = (await world.all<Run>('/api/runs')).length;
      await button('Sync now').evaluate((element) => {
        const sync = element as unknown as { click: () => void };
        sync.click();
        sync.click();
      });
      await page
        .getByRole('status')
        .filter({ hasText: 'The sync has ended. Succeeded: nothing changed.' })
        .waitFor({
          state: 'attached',
        });
      expect(started.count).toBe(1);
      expect(await world.all<Run>('/api/runs')).toHaveLength(before + 1);
    },
    PATIENCE,
  );

  it(
    'sees on an open page the sync that somebody else starts, and hears of its end',
    async () => {
      await page.goto(`/settings/connections/${connection.id}`);
      await page.getByText('what it changed').waitFor();
      const { reached, release } = company.holdPage(2);
      const { id } = await world.start(connection);
      await reached;
      const bar = page.getByRole('progressbar');
      await until(async () => {
        await lookAgain();
        return (await bar.count()) > 0;
      });
      release();
      await world.end(id);
      await page.getByText(/The sync has ended\. Succeeded/).waitFor({ state: 'attached' });
    },
    PATIENCE,
  );

  it(
    'is told that a list is out of date which has been scrolled through; it is not asked for again page by page',
    async () => {
      await page.goto('/leads');
      const rows = page.getByRole('row');
      await rows.nth(1).waitFor();
      const last = page.locator(`[aria-rowindex="${LEADS + 1}"]`);
      while ((await last.count()) === 0) {
        await page.mouse.wheel(0, 4_000);
        await page.waitForTimeout(30);
      }
      const pages = asked((_, path) => path === '/api/leads');
      company.crm.add({ name: 'Newest Of All', email: 'newest@example.com' });
      await world.sync(connection);
      const news = page.getByText('There is something new.');
      await until(async () => {
        await lookAgain();
        return news.isVisible();
      });
      expect(await hindrances(page)).toEqual([]);
      // Back from another page it is as it was left.
      await page.getByRole('link', { name: 'Runs', exact: true }).click();
      await heading('Runs');
      await page.goBack();
      await news.waitFor();
      expect(pages.count).toBe(0);
      await button('Show it').click();
      await page.getByRole('link', { name: 'Newest Of All' }).waitFor();
      expect(await news.count()).toBe(0);
      expect(pages.count).toBe(1);
    },
    PATIENCE,
  );

  it(
    'finds among the runs and in the log what is looked for',
    async () => {
      await page.goto('/runs');
      await page.getByRole('combobox', { name: 'Ended as' }).click();
      await page.getByRole('option', { name: 'Failed' }).click();
      await page.getByText('No run like that').waitFor();
      await page.getByRole('combobox', { name: 'Ended as' }).click();
      await page.getByRole('option', { name: 'Succeeded', exact: true }).click();
      await page.locator('.run-row .row-link').last().click();
      await page.getByRole('link', { name: 'its events' }).click();
      await heading('Audit');
      const events = page.getByRole('table', { name: 'Events' });
      await events.waitFor();
      await page.getByRole('combobox', { name: 'By whom' }).click();
      await page.getByRole('option', { name: 'Webhook of the CRM' }).click();
      await page.getByText('No such event').waitFor();
      await page.getByRole('combobox', { name: 'By whom' }).click();
      await page.getByRole('option', { name: 'Administrator' }).click();
      await events.waitFor();
      await page.getByLabel('Until').fill('2020-01-01T00:00');
      await page.getByText('No such event').waitFor();
      expect(await page.getByText('Live', { exact: true }).count()).toBe(0);
      await page.getByLabel('Until').fill('2120-01-01T00:00');
      await events.waitFor();
      expect(await hindrances(page)).toEqual([]);
    },
    PATIENCE,
  );

  it.each([
    ['an error page of a proxy', 500, 'text/html', '<h1>Oops</h1>'],
    ['a page instead of an answer', 200, 'text/html', '<h1>Log in to the guest network</h1>'],
  ])(
    'is told of %s as such, and goes on when it is over',
    async (_, status, contentType, body) => {
      await page.route('**/api/summary*', (route) => route.fulfill({ status, contentType, body }));
      await page.goto('/');
      await page.getByText('Not an answer of crm-sync').waitFor();
      expect(await page.getByText('crm-sync does not answer').count()).toBe(0);
      await page.unroute('**/api/summary*');
      await button('Try again').click();
      await page.getByText('New leads per day').first().waitFor();
    },
    PATIENCE,
  );
});
