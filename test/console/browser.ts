import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe } from '@jest/globals';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const isThere = existsSync(CHROMIUM);
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Milliseconds. A slow machine takes its time; nothing waits so long when all is well. */
const PATIENCE = 180_000;

const LACK = `There is no Chromium at ${CHROMIUM}: the tests of the console need one (Debian: apt-get install chromium, or CHROMIUM=<path>).`;
if (!isThere && process.env['CI'] !== undefined) throw new Error(LACK);
if (!isThere) process.stderr.write(`\n*** THE CONSOLE IS NOT TESTED. ${LACK}\n\n`);

/** Tests that need a browser. CI has one; elsewhere they are left out, and it is said. */
export const describeInBrowser: typeof describe.skip = isThere ? describe : describe.skip;

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: PATIENCE });

/** Keeps what is said aloud, also when it is gone before anybody has looked: a notice stands for some seconds only. */
const LISTEN = `globalThis.heard = new Set();
  new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll('[aria-live], [role="status"]')) heard.add(textContent);
  }).observe(document, { subtree: true, childList: true, characterData: true });`;

export type Seen = { errors: string[]; strangers: string[]; addresses: string[] };

/** A page in a browser of its own, and what it complained of, asked of strangers, and had in its address. */
export const openPage = async (
  browser: Browser,
  url: string,
  options: { width?: number; dark?: boolean } = {},
): Promise<{ page: Page; context: BrowserContext; seen: Seen }> => {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: 900 },
    colorScheme: options.dark === true ? 'dark' : 'light',
    reducedMotion: 'reduce',
    timezoneId: 'America/New_York',
    baseURL: url,
  });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(LISTEN);
  const page = await context.newPage();
  const seen: Seen = { errors: [], strangers: [], addresses: [] };
  page.on('pageerror', (error) => seen.errors.push(error.message));
  page.on('dialog', (dialog) => {
    seen.errors.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // That an answer was a refusal is no error of the page.
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) seen.errors.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) {
      seen.strangers.push(request.url());
    }
  });
  page.on('framenavigated', (frame) => seen.addresses.push(frame.url()));
  return { page, context, seen };
};

const axe: { source: string } = createRequire(import.meta.url)('axe-core');

type Violation = { id: string; impact: string; nodes: { html: string; failureSummary: string }[] };

/** What hinders people who cannot see, or cannot use a mouse, seriously. */
export const hindrances = async (page: Page): Promise<string[]> => {
  await stands(page);
  await page.evaluate(axe.source);
  const violations = await page.evaluate<Violation[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((found) =>
       found.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => ({ html, failureSummary })) })))`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
    );
};

/** Pixels by which the page is wider than its window. */
export const overflow = async (page: Page): Promise<number> => {
  await stands(page);
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
};

/** Waits until letters have their shapes, and what fades or moves has come to its end. */
export const stands = (page: Page): Promise<unknown> =>
  page.evaluate(`document.fonts.ready.then(() => Promise.allSettled(
    document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity).map(({ finished }) => finished),
  )).then(() => null)`);

/** Waits until it has been said by a notice, or where else changes are read out, since the page was loaded. */
export const isHeard = (page: Page, text: string): Promise<void> =>
  until(() => page.evaluate<boolean>(`[...heard].some((said) => said.includes(${JSON.stringify(text)}))`));

/** Looks again until it is so; a test that waits in vain ends by its own time limit. */
export const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
};
