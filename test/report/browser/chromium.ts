import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

/** Debian's chromium; another one by CHROMIUM. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Without a browser its tests are skipped, and say so. */
export const noBrowser = !existsSync(executablePath);
if (noBrowser)
  console.warn(`skipped: no browser at ${executablePath} (apt-get install chromium, or set CHROMIUM)`);

/** What a page did that it should not. */
export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions. */
  readonly errors: string[];
  /** Addresses asked for, beyond those that begin with the page's own. */
  readonly requests: string[];
}

type Look = Parameters<Browser['newPage']>[0];

/** A browser for a file's tests; gives how to open a page in it. */
export function useBrowser(): (url: string, look?: Look) => Promise<Watched> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (noBrowser) return;
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(() => browser?.close());
  return async (url, look = {}) => {
    const page = await browser!.newPage({ viewport: { width: 1180, height: 900 }, ...look });
    const [errors, requests]: [string[], string[]] = [[], []];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) requests.push(request.url());
    });
    await page.goto(url);
    await page.waitForSelector('h1');
    return { page, errors, requests };
  };
}

/** Scrolls a page to its end, so that every chart is drawn. */
export async function scrollThrough(page: Page): Promise<void> {
  const height = await page.evaluate('document.documentElement.scrollHeight');
  for (let y = 0; y < Number(height); y += 500) {
    await page.evaluate(`scrollTo(0, ${y})`);
    await page.waitForTimeout(30);
  }
}
