import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import type { Company } from '../../sandbox/companies.ts';
import type { Connection, Lead, LogEvent, Page as List, Waiting } from '../contract.ts';
import { API_KEY } from '../service.ts';
import { startWorld, type World } from '../world.ts';
import { describeInBrowser, isHeard, openPage, startBrowser, until, type Seen } from './browser.ts';

const PATIENCE = 600_000;
/** Where it is not three o'clock at night while the tests run: nothing syncs by itself. */
const ZONE = new Date().getUTCHours() < 12 ? 'Asia/Tokyo' : 'Europe/Berlin';

/** In the order in which somebody who has never seen it would go; each step needs the ones before. */
describeInBrowser('The whole way through the console', () => {
  let world: World;
  let browser: Browser;
  let company: Company;
  let page: Page;
  let seen: Seen;

  beforeAll(async () => {
    world = await startWorld();
    company = await world.companies.open({
      clients: 60,
      bookings: 24,
      clean: false,
      switches: { onPageCap: 20 },
    });
    browser = await startBrowser();
    ({ page, seen } = await openPage(browser, world.service.url));
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  }, PATIENCE);

  const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
  const goTo = (name: string): Promise<void> =>
    page.getByRole('navigation').getByRole('link', { name }).click();
  const heading = (name: string | RegExp): Promise<void> =>
    page.getByRole('heading', { level: 1, name }).waitFor();
  const path = (): string => new URL(page.url()).pathname;
  const connection = async (): Promise<Connection> => (await world.all<Connection>('/api/connections'))[0]!;
  const leadOf = async (search: string): Promise<Lead> => {
    const { body } = await world.api<List<Lead>>('GET', `/api/leads?search=${encodeURIComponent(search)}`);
    return body.data[0]!;
  };
  const find = async (text: string): Promise<void> => {
    await goTo('Leads');
    await page.getByRole('searchbox', { name: 'Search leads' }).fill(text);
  };
  const isSaid = (text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();

  it(
    'shows nobody anything who has not signed in',
    async () => {
      await page.goto('/leads');
      await heading('Sign in to crm-sync');
      expect(path()).toBe('/sign-in');
    },
    PATIENCE,
  );

  it(
    'refuses a wrong key in words, takes the right one without keeping it, and leads on to what was wanted',
    async () => {
      await page.getByLabel('API key', { exact: true }).fill('crs_another-key-of-the-same-length-00');
      await button('Sign in').click();
      await isSaid(/This is not the API key/);
      await page.getByLabel('API key', { exact: true }).fill(API_KEY);
      await button('Sign in').click();
      await heading('Leads');
      await goTo('Dashboard');
      await isSaid('Welcome to crm-sync');
      const kept = await page.evaluate<string>(
        'JSON.stringify([localStorage, sessionStorage, document.cookie, document.documentElement.outerHTML])',
      );
      expect(kept).not.toContain(API_KEY);
      expect(kept).not.toContain('crm_sync_session');
    },
    PATIENCE,
  );

  it(
    'tells at the field what is wrong with what was entered, in the service’s own sentence',
    async () => {
      await page.getByRole('link', { name: 'Connect CRM' }).click();
      await button('Connect').click();
      await isSaid('Enter the company’s login.');
      await page.getByLabel('Company', { exact: false }).first().fill('no company!');
      await page.getByLabel('Login').fill(company.account.login);
      await page.getByLabel('Password or API User Key').fill('wrong');
      await button('Connect').click();
      await isSaid('Must be the company login, the first part of its SimplyBook.me address.');
      await page.getByLabel('Company', { exact: false }).first().fill(company.account.company);
      await button('Connect').click();
      const field = page.getByLabel('Password or API User Key');
      await isSaid(/refused the login: login or secret are wrong/);
      const about = await field.getAttribute('aria-describedby');
      const told =
        about
          ?.split(' ')
          .filter(Boolean)
          .map((id) => page.locator(`[id="${id}"]`).innerText()) ?? [];
      expect((await Promise.all(told)).join(' ')).toMatch(/refused the login/);
      expect(await world.all('/api/connections')).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'connects the company',
    async () => {
      await page.getByLabel('Password or API User Key').fill(company.account.password);
      await button('Connect').click();
      await heading(company.account.company);
      await isSaid('Not synced yet');
    },
    PATIENCE,
  );

  it(
    'reports a test of each way in',
    async () => {
      await button('Test').click();
      await isSaid(/Clients can be synced, by /);
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    },
    PATIENCE,
  );

  it(
    'syncs: progress while it goes on, then the statistics and what could not be taken',
    async () => {
      const { reached, release } = company.holdPage(3);
      await button('Sync now').click();
      await reached;
      await page.getByRole('progressbar').waitFor();
      await button('Cancel').waitFor();
      release();
      await isSaid('Succeeded with errors');
      await isSaid('Could not be taken');
      await isSaid('Client 2 (Noah) has no e-mail address.');
      const [run] = await world.all<{ counts: { created: number } }>('/api/runs');
      await isSaid(String(run?.counts.created));
    },
    PATIENCE,
  );

  it(
    'syncs by itself when it is told to, and says when',
    async () => {
      await page.getByRole('combobox', { name: 'Sync by itself' }).click();
      await page.getByRole('option', { name: 'Every night at three' }).click();
      await page.getByRole('combobox', { name: 'By the clocks of' }).fill(ZONE);
      await page.getByRole('option', { name: ZONE }).click();
      await button('Set').click();
      await isSaid('The next times');
      expect((await connection()).schedule).toEqual({ cron: '0 3 * * *', timezone: ZONE });
    },
    PATIENCE,
  );

  it(
    'finds a lead while it is typed, and keeps the name out of the address',
    async () => {
      await find('zoë');
      await page.getByRole('link', { name: 'Zoë Ångström' }).waitFor();
      await until(async () => (await page.getByRole('row').count()) === 2);
      await page.getByRole('link', { name: 'Zoë Ångström' }).click();
      await heading('Zoë Ångström');
      expect(seen.addresses.join(' ')).not.toMatch(/zo(%C3%AB|ë)/i);
    },
    PATIENCE,
  );

  it(
    'shows names that look like HTML, formulas or run from right to left as what they are',
    async () => {
      const names = [
        '<b>Bobby</b> <script>alert(1)</script>',
        '=HYPERLINK("http://example.com")',
        'מרים כהן',
      ];
      for (const name of names) {
        const { id } = await leadOf(name);
        await find(name);
        const link = page.getByRole('link', { name, exact: true });
        await link.waitFor();
        expect(await link.getAttribute('dir')).toBe('auto');
        await link.click();
        await heading(name);
        expect(path()).toBe(`/leads/${id}`);
      }
    },
    PATIENCE,
  );

  it(
    'tells where a phone number came from, and what it was before',
    async () => {
      const zoe = company.crm.all().find(({ name }) => name === 'Zoë Ångström')!;
      company.crm.change(zoe.id, { phone: '+46 8 123 456 78' });
      await world.sync(await connection());
      await find('zoë');
      await page.getByRole('link', { name: 'Zoë Ångström' }).click();
      await isSaid('Became a lead');
      const change = page.getByRole('listitem').filter({ hasText: 'Changed' });
      await change.getByRole('insertion').first().waitFor();
      expect(await change.getByRole('deletion').allInnerTexts()).toContain('+11 (111) 111-11-11');
      expect(await change.getByRole('insertion').allInnerTexts()).toContain('+46 8 123 456 78');
      await change.getByText(`From ${company.account.company}, client ${zoe.id}`).waitFor();
      await change.getByRole('link', { name: 'run' }).click();
      await isSaid('What it changed');
      await page.getByRole('link', { name: 'Zoë Ångström' }).waitFor();
    },
    PATIENCE,
  );

  it(
    'repairs a client that waits in quarantine',
    async () => {
      await goTo('Quarantine');
      await button('Client 2').click();
      await isSaid('As it was received');
      await page.getByRole('textbox', { name: 'E-mail' }).fill('not an address');
      await button('Fix and take').click();
      await page.getByRole('dialog').locator('[id$="-error"]').waitFor();
      await page.getByRole('textbox', { name: 'E-mail' }).fill('noah@example.com');
      await button('Fix and take').click();
      await isHeard(page, 'The client has been taken.');
      await button('Client 2').waitFor({ state: 'detached' });
      await find('noah@example.com');
      await page.getByRole('link', { name: 'Noah', exact: true }).waitFor();
    },
    PATIENCE,
  );

  it(
    'dismisses what nobody wants, one or all for a reason',
    async () => {
      await goTo('Quarantine');
      await page.getByText(/^Unusable e-mail address · /).click();
      await button('Dismiss all…').click();
      await button('Dismiss them').click();
      await isSaid('Nothing waits for that reason');
      const left = await world.all<Waiting>('/api/quarantine?code=email.invalid');
      expect(left).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'merges two leads that are one person, and splits them again',
    async () => {
      const [kept, other] = [await leadOf('lukasz@'), await leadOf('siobhan')];
      await page.goto(`/leads/${kept.id}`);
      await button('Merge…').click();
      await page.getByRole('textbox', { name: 'Search the other lead' }).fill('siobhan');
      await page.getByRole('radio', { name: /Siobhán/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Merge', exact: true }).click();
      await isSaid('2 sources');
      await isSaid('Merged into this lead');
      await page.goto(`/leads/${other.id}`);
      await page.getByRole('link', { name: /Go to the lead/ }).click();
      await heading('Łukasz Żółć');
      await button('Split off').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Split' }).click();
      await isHeard(page, 'is a lead of its own again');
      expect((await world.api<Lead>('GET', `/api/leads/${other.id}`)).status).toBe(200);
    },
    PATIENCE,
  );

  it(
    'writes a file of what the list shows, harmless to spreadsheets',
    async () => {
      await find('HYPERLINK');
      await page.getByRole('link', { name: '=HYPERLINK("http://example.com")' }).waitFor();
      await until(async () => (await page.getByRole('row').count()) === 2);
      const [download] = await Promise.all([page.waitForEvent('download'), button('Export CSV').click()]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      expect(text).toContain(`'=HYPERLINK`);
      expect(text).not.toContain('Zoë');
      expect(download.suggestedFilename()).toMatch(/^leads-\d{4}-\d\d-\d\d\.csv$/);
    },
    PATIENCE,
  );

  it(
    'shows the log as it grows, until it is paused',
    async () => {
      await goTo('Audit');
      await isSaid('Live');
      await page.getByRole('link', { name: 'LeadSplit' }).first().waitFor();
      /** The last event of a sync: once it is shown, so are those before it. */
      const synced = async (): Promise<Locator> => {
        const { runId } = await world.sync(await connection());
        const end = `/api/events?runId=${runId}&type=SyncCompleted`;
        const [event] = await world.all<LogEvent>(end);
        return page.locator(`a[href="/audit/${event!.position}"]`);
      };
      await (await synced()).waitFor();
      await button('Pause').click();
      await button('Go on').waitFor();
      const later = await synced();
      await isSaid(/^Paused, 2 new$/);
      expect(await later.count()).toBe(0);
      await button('Go on').click();
      await later.click();
      await heading('SyncCompleted');
      await isSaid('Hash');
    },
    PATIENCE,
  );

  it(
    'cancels a sync that goes on',
    async () => {
      await goTo('Settings');
      await page.getByRole('link', { name: company.account.company }).click();
      const { reached, release } = company.holdPage(2);
      await button('Sync now').click();
      await reached;
      // Its end cannot be recorded before it has been seen how it stops.
      const log = await world.holdTheLog();
      await button('Cancel').click();
      await isSaid('Stopping…');
      await log.release();
      release();
      await isSaid('Cancelled');
    },
    PATIENCE,
  );

  it(
    'disconnects, says what stays, and keeps it',
    async () => {
      await button('Disconnect…').click();
      await isSaid(/Everything that was brought here stays/);
      await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
      await isHeard(page, 'is disconnected. Its leads');
      await goTo('Leads');
      await page.getByRole('searchbox', { name: 'Search leads' }).fill('zoë');
      await page.getByRole('link', { name: 'Zoë Ångström' }).waitFor();
    },
    PATIENCE,
  );

  it(
    'signs out, and shows nothing any more',
    async () => {
      await button('Sign out').click();
      await heading('Sign in to crm-sync');
      await page.goto('/leads');
      await heading('Sign in to crm-sync');
    },
    PATIENCE,
  );

  it(
    'signs in by the link of the start, and takes its code out of the address',
    async () => {
      const link = /http\S+\/sign-in#\S+/.exec(world.service.output())?.[0] ?? '';
      await page.goto(link);
      await heading('Leads'); // which was wanted before
      expect(page.url()).toBe(`${world.service.url}/leads`);
    },
    PATIENCE,
  );

  it(
    'asks for the key when the session ends by itself, whether somebody clicks or not',
    async () => {
      await world.rows('delete from sessions');
      await heading('Sign in to crm-sync');
    },
    PATIENCE,
  );

  it('has never complained, run what was not its own, or asked anything of a stranger', () => {
    expect(seen.errors).toEqual([]);
    expect(seen.strangers).toEqual([]);
  });
});
