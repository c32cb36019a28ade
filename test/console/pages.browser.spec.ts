import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Lead, Run, Waiting } from '../contract.ts';
import { API_KEY } from '../service.ts';
import { startWorld, type World } from '../world.ts';
import { describeInBrowser, hindrances, openPage, overflow, stands, startBrowser, until } from './browser.ts';

const PATIENCE = 600_000;
const LEADS = 420;

describeInBrowser('Every page of the console', () => {
  let world: World;
  let browser: Browser;
  let paths: string[];

  beforeAll(async () => {
    world = await startWorld();
    browser = await startBrowser();
    const { company, connection } = await world.connected({ clients: LEADS, bookings: 40, clean: true });
    company.crm.add({ name: 'Nobody Withouta Mail', email: '' });
    await world.sync(connection);
    const [lead] = await world.all<Lead>('/api/leads');
    const [run] = await world.all<Run>('/api/runs');
    const [waiting] = await world.all<Waiting>('/api/quarantine');
    paths = [
      '/',
      '/leads',
      `/leads/${lead?.id}`,
      '/bookings',
      '/quarantine',
      `/quarantine?open=${waiting?.id}`,
      '/runs',
      `/runs/${run?.id}`,
      '/audit',
      '/audit/3',
      '/settings',
      '/settings/connect',
      `/settings/connections/${connection.id}`,
    ];
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  }, PATIENCE);

  const signIn = async (context: BrowserContext): Promise<void> => {
    const answer = await context.request.post('/api/session', { data: { key: API_KEY } });
    expect(answer.status()).toBe(201);
  };

  const isDrawn = async (page: Page): Promise<void> => {
    await page.getByRole('heading', { level: 1 }).waitFor();
    await until(async () => (await page.locator('[aria-busy="true"]').count()) === 0);
    await stands(page);
  };

  it.each([
    ['wide and light', { width: 1280, dark: false }],
    ['narrow and dark', { width: 360, dark: true }],
  ])(
    'hinders nobody seriously, fits its window and draws without a complaint: %s',
    async (_, look) => {
      const { page, context, seen } = await openPage(browser, world.service.url, look);
      await page.goto('/sign-in');
      await isDrawn(page);
      const found = [['/sign-in', await hindrances(page), await overflow(page)]];
      await signIn(context);
      for (const path of paths) {
        await page.goto(path);
        await isDrawn(page);
        if (path.includes('open=')) await page.getByRole('dialog').getByText('As it was received').waitFor();
        found.push([path, await hindrances(page), await overflow(page)]);
      }
      await context.close();
      expect(found.filter(([, hinders, wider]) => (hinders as string[]).length > 0 || wider !== 0)).toEqual(
        [],
      );
      expect(seen).toMatchObject({ errors: [], strangers: [] });
    },
    PATIENCE,
  );

  it(
    'can be used by keyboard alone: past the menu, through it, and in a list',
    async () => {
      const { page, context } = await openPage(browser, world.service.url);
      await signIn(context);
      await page.goto('/');
      await isDrawn(page);
      const isOn = (what: string) => (): Promise<boolean> =>
        page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(what)})`);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
      await page.keyboard.press('Enter');
      await until(isOn('#main'));
      await page.getByRole('link', { name: 'Leads', exact: true }).first().focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Leads' }).waitFor();
      await page.locator('a[href^="/leads/"]').first().waitFor();
      await page.getByRole('searchbox').focus();
      const isOnLead = isOn('a[href^="/leads/"]');
      for (let tabs = 0; tabs < 8 && !(await isOnLead()); tabs += 1) await page.keyboard.press('Tab');
      expect(await isOnLead()).toBe(true);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'History' }).waitFor();
      await context.close();
    },
    PATIENCE,
  );

  it(
    'draws of a long list only what is seen, and loads on to its end',
    async () => {
      const { page, context } = await openPage(browser, world.service.url);
      await signIn(context);
      await page.goto('/leads');
      const rows = page.getByRole('row');
      await rows.nth(1).waitFor();
      const last = (await world.all<Lead>('/api/leads?sort=-createdAt')).at(-1);
      const end = page.locator(`a[href="/leads/${last?.id}"]`);
      while ((await end.count()) === 0) {
        expect(await rows.count()).toBeLessThan(80);
        expect(await page.evaluate<number>('document.querySelectorAll("*").length')).toBeLessThan(1_500);
        await page.mouse.wheel(0, 4_000);
        await page.waitForTimeout(30);
      }
      expect(await page.locator('[aria-rowindex]').last().getAttribute('aria-rowindex')).toBe(
        String(LEADS + 1),
      );
      await context.close();
    },
    PATIENCE,
  );

  it.each([360, 768, 1024, 1440])(
    'leaves room for what a list is about, and keeps its head in sight, %s px wide',
    async (width) => {
      const { page, context } = await openPage(browser, world.service.url, { width });
      await signIn(context);
      for (const path of ['/audit', '/leads', '/runs']) {
        await page.goto(path);
        await isDrawn(page);
        const link = page.locator('.row-link').first();
        await link.waitFor();
        await stands(page);
        const cut = await link.evaluate(({ parentElement }) =>
          parentElement === null ? 0 : parentElement.scrollWidth - parentElement.clientWidth,
        );
        expect([path, Math.max(0, cut)]).toEqual([path, 0]);
      }
      await page.goto('/leads');
      const head = page.getByRole('columnheader', { name: 'Name' });
      await page.locator('.row-link').first().waitFor();
      await page.mouse.move(width / 2, 500);
      await until(async () => {
        await page.mouse.wheel(0, 1_000);
        return page.evaluate<boolean>('window.scrollY > 1_000');
      });
      const places = await Promise.all((await head.all()).map((one) => one.boundingBox()));
      expect(places.filter((place) => place === null || place.y < 50 || place.y > 80)).toEqual([]);
      await context.close();
    },
    PATIENCE,
  );

  it(
    'tells times in the viewer’s zone, and the exact UTC of each',
    async () => {
      const { page, context } = await openPage(browser, world.service.url);
      await signIn(context);
      await page.goto('/audit/3');
      const time = page.getByRole('time').first();
      const exact = (await time.getAttribute('datetime')) ?? '';
      const inNewYork = new Intl.DateTimeFormat('en-GB', {
        dateStyle: 'medium',
        timeStyle: 'medium',
        timeZone: 'America/New_York',
      });
      expect(await time.innerText()).toBe(inNewYork.format(new Date(exact)));
      await time.hover();
      const utc = new Date(exact).toISOString().replace('T', ' ').replace('Z', ' UTC');
      await page.getByRole('tooltip', { name: utc }).waitFor();
      await context.close();
    },
    PATIENCE,
  );

  it(
    'says whether the log is what was recorded',
    async () => {
      const { page, context } = await openPage(browser, world.service.url);
      await signIn(context);
      await page.goto('/audit');
      await page.getByRole('button', { name: 'Verify' }).click();
      await page.getByText('The log is what was recorded').waitFor();
      await context.close();
    },
    PATIENCE,
  );

  it(
    'says when the device is offline, and goes on by itself when it is back',
    async () => {
      const { page, context } = await openPage(browser, world.service.url);
      await signIn(context);
      await page.goto('/leads');
      await isDrawn(page);
      await context.setOffline(true);
      await page.getByText('This device is offline').waitFor();
      await page.getByRole('searchbox').fill('somebody');
      await page.getByText(/^No answer came/).waitFor();
      await context.setOffline(false);
      await page.getByText('This device is offline').waitFor({ state: 'detached' });
      await page.getByText('Nobody like that').waitFor();
      await context.close();
    },
    PATIENCE,
  );

  it(
    'says that there is nothing where there is nothing',
    async () => {
      const { page, context } = await openPage(browser, world.service.url);
      await signIn(context);
      const nobody = '6f1f9f0e-0000-4000-8000-000000000000';
      for (const path of [
        `/leads/${nobody}`,
        `/runs/${nobody}`,
        `/settings/connections/${nobody}`,
        '/audit/999999',
      ]) {
        await page.goto(path);
        await page.getByRole('alert').waitFor();
      }
      await context.close();
    },
    PATIENCE,
  );
});
